"""ARI in words of ours: the requests we make, the events we read (Asterisk REST Interface).

Only what the program uses is here. ``adapters.ari`` carries both over the network.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from stasis_refer.core.events import (
    Bridged,
    CallEnded,
    ChannelHeld,
    ChannelResumed,
    ChannelReturned,
    ChannelRinging,
    ChannelUp,
    DigitPressed,
    Event,
    PlaybackEnded,
    QueueLeft,
    QueueStatus,
    TransferStatus,
    Unbridged,
)
from stasis_refer.wire import bridging

RETURNED: Final = "returned"
"""Second argument of ``Stasis()`` in the dialplan when a channel comes back from Transfer()."""

QUEUED: Final = "queued"
"""The same when a channel comes back from Queue()."""

LEG: Final = "*leg"
"""The only argument of ``Stasis()`` of a leg of ours; no call enters with a ``*`` in it."""

TOLD_AT_THE_END: Final = ("TRANSFERSTATUS", "TRANSFERSTATUSPROTOCOL", "STASIS_REFER_NUMBER")
"""Variables that an event of a channel carries: ``channelvars`` of ari.conf."""

BEAT: Final = "ChannelUserevent"
"""The type of an event that an application can ask for; ``eventname`` is its name."""

EVENT_TYPES: Final = (
    BEAT,
    "StasisStart",
    "ApplicationReplaced",
    "ChannelStateChange",
    "ChannelHangupRequest",
    "ChannelDestroyed",
    "ChannelHold",
    "ChannelUnhold",
    "ChannelDtmfReceived",
    "ChannelEnteredBridge",
    "ChannelLeftBridge",
    "ChannelTransfer",
    "PlaybackFinished",
    "RecordingFinished",
    "RecordingFailed",
)
"""All we want to be sent; the rest (8 of 11 events of a transfer) is filtered by Asterisk."""

Json: TypeAlias = Mapping[str, Any]


class BadEvent(ValueError):
    """A message of Asterisk that lacks what its type promises."""


@dataclass(frozen=True, slots=True)
class Channel:
    """The part of ARI's Channel model that the program reads. ``call_id`` is the SIP Call-ID.

    ``stasis`` are the arguments of the ``Stasis()`` it is in, the application's name first;
    empty when it is elsewhere. ``ended`` is what ``Transfer()`` said of a channel that is still
    listed in it: the far end has hung up, and Asterisk keeps it until the subscription ends.
    """

    id: str
    name: str
    up: bool
    caller: str = ""
    caller_name: str = ""
    dialed: str = ""
    call_id: str = ""
    stasis: tuple[str, ...] = ()
    ended: ChannelReturned | None = None
    context: str = ""  # of the dialplan


@dataclass(frozen=True, slots=True)
class Entered:
    """A channel entered ``Stasis()``; the arguments are those of the dialplan."""

    channel: Channel
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Happened:
    """Something happened to a channel."""

    channel: str
    event: Event


@dataclass(frozen=True, slots=True)
class Replaced:
    """Another connection took our application over."""


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a request. ``status`` is 0 when Asterisk never answered."""

    status: int
    text: str | bytes = ""

    @property
    def body(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        """The JSON of the answer, None when it has none."""
        return read_json(self.text) if self.text else None

    @property
    def ok(self) -> bool:
        """Whether Asterisk did what was asked."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP: 2xx

    @property
    def message(self) -> str:
        """Asterisk's own words for a refusal, '' when it gave none."""
        body = self.body
        message = body.get("message") if isinstance(body, dict) else None
        return message if isinstance(message, str) else ""


Occurrence: TypeAlias = Entered | Happened | Replaced


def read_json(text: str | bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Read JSON; None when it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # the latter where it is too deep
        return None


_MISSING: Final = (
    *(KeyError, AttributeError, TypeError, ValueError),
    OverflowError,  # a number that is larger than any there is
    RecursionError,  # lists in lists where a text is to be
)
"""What reading a message ends with that is not as its type promises."""


def read_channel(channel: Json) -> Channel:
    """Read ARI's Channel model."""
    try:
        caller, dialplan = channel.get("caller", {}), channel.get("dialplan", {})
        return Channel(
            str(channel["id"]),
            str(channel["name"]),
            channel["state"] == "Up",
            str(caller.get("number", "")),
            str(caller.get("name", "")),
            str(dialplan.get("exten", "")),
            str(channel.get("protocol_id", "")),
            tuple(str(dialplan.get("app_data", "")).split(","))
            if dialplan.get("app_name") == "Stasis"
            else (),
            _told(channel) if dialplan.get("app_name") == "Transfer" else None,
            str(dialplan.get("context", "")),
        )
    except _MISSING as missing:
        raise BadEvent(f"a channel without {missing}") from missing


def read_event(message: Json) -> Occurrence | None:
    """Read one event; None when it is of a kind that the program passes over.

    Raises BadEvent when it lacks what its type promises.
    """
    kind = message.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        return None
    try:
        return reader(message)
    except _MISSING as missing:
        raise BadEvent(f"{kind} without {missing}") from missing


def read_returned(arguments: Sequence[str]) -> ChannelReturned | None:
    """Read the arguments of ``Stasis()`` of a channel that is back from ``Transfer()``.

    They are application, ``returned``, ``TRANSFERSTATUS``, its protocol code and which REFER
    of the call it was; None for a call that enters. Anything but the three known statuses
    counts as a failure: Asterisk sets none when the channel was taken out of ``Transfer()``.
    A code below 300 is no SIP status: chan_pjsip says 1 (AST_TRANSFER_FAILED) where it knows
    none.
    """
    if tuple(arguments[1:2]) != (RETURNED,):
        return None
    status, code, number = (*arguments[2:5], "", "", "")[:3]
    return _returned(status, code, number)


def read_back(arguments: Sequence[str]) -> ChannelReturned | QueueLeft | None:
    """Read the arguments of ``Stasis()`` of a channel that is back from the dialplan.

    None for a call that enters. A queue status that is not known is UNKNOWN, as Asterisk has it
    of a queue that does not exist.
    """
    if tuple(arguments[1:2]) == (QUEUED,):
        status = (*arguments[2:3], "")[0]
        known = status in set(QueueStatus)
        return QueueLeft(QueueStatus(status) if known else QueueStatus.UNKNOWN)
    return read_returned(arguments)


def _returned(status: str, code: str, number: str) -> ChannelReturned:
    known = status in TransferStatus.__members__
    return ChannelReturned(
        TransferStatus(status) if known else TransferStatus.FAILURE,
        int(code) if _FAILURE_CODE.fullmatch(code) else 0,
        int(number) if _NUMBER.fullmatch(number) else None,
    )


_FAILURE_CODE = re.compile("[3-6][0-9]{2}")
_NUMBER = re.compile("[0-9]{1,9}")


def _read_start(message: Json) -> Occurrence | None:
    channel = read_channel(message["channel"])
    arguments = tuple(str(argument) for argument in message.get("args", ()))
    if arguments == (LEG,):
        return None  # known since it was created
    back = read_back(arguments)
    return Happened(channel.id, back) if back else Entered(channel, arguments)


def _read_state(message: Json) -> Occurrence | None:
    channel = message["channel"]
    event = _STATES.get(str(channel["state"]))
    return Happened(str(channel["id"]), event) if event else None


_STATES: Final[Mapping[str, Event]] = {"Up": ChannelUp(), "Ringing": ChannelRinging()}


def _read_end(message: Json) -> Occurrence:
    channel = message["channel"]
    told = _told(channel)
    refused = None if channel.get("state") == "Up" else bridging.refused_with(message)
    return Happened(str(channel["id"]), CallEnded(told, refused))


def _told(channel: Json) -> ChannelReturned | None:
    """Return what ``Transfer()`` has said by now, None where it said nothing."""
    # "channelvars" of ari.conf; without it nothing is told here.
    variables = channel.get("channelvars", {})
    status, code, number = (str(variables.get(name, "")) for name in TOLD_AT_THE_END)
    return _returned(status, code, number) if status else None


def _read_transfer(message: Json) -> Occurrence:
    return Happened(*bridging.read_transfer(message))


def _read_recording(message: Json) -> Occurrence | None:
    found = bridging.read_recording(message)
    return Happened(*found) if found else None


def _read_playback(message: Json) -> Occurrence | None:
    playback = message["playback"]
    kind, _, channel = str(playback["target_uri"]).partition(":")
    if kind != "channel":
        return None
    return Happened(channel, PlaybackEnded(str(playback["id"]), playback["state"] == "done"))


def _read_digit(message: Json) -> Occurrence:
    return Happened(str(message["channel"]["id"]), DigitPressed(str(message["digit"])))


def _always(event: Event) -> Callable[[Json], Occurrence]:
    return lambda message: Happened(str(message["channel"]["id"]), event)


_READERS: Final[Mapping[str, Callable[[Json], Occurrence | None]]] = {
    "StasisStart": _read_start,
    "ChannelStateChange": _read_state,
    "ChannelHangupRequest": _read_end,
    "ChannelDestroyed": _read_end,
    "ChannelHold": _always(ChannelHeld()),
    "ChannelUnhold": _always(ChannelResumed()),
    "ChannelDtmfReceived": _read_digit,
    "ChannelEnteredBridge": _always(Bridged()),
    "ChannelLeftBridge": _always(Unbridged()),
    "ChannelTransfer": _read_transfer,
    "PlaybackFinished": _read_playback,
    "RecordingFinished": _read_recording,
    "RecordingFailed": _read_recording,
    "ApplicationReplaced": lambda _: Replaced(),
}
