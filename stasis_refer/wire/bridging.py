"""Events of ARI that legs, bridges and received REFERs bring: the channel meant, and what it is."""

from collections.abc import Mapping
from typing import Any, Final

from stasis_refer.core.events import Event, RecordingEnded, TransferReported, TransferRequested
from stasis_refer.core.recording import channel_of
from stasis_refer.wire import causes


def refused_with(message: Mapping[str, Any]) -> int | None:
    """Return the SIP status that ended a channel before it was answered, None where not known.

    ``tech_cause`` is the status itself; older versions lack it. Of an end that was asked for
    (``soft``) the cause is no Q.850 cause but a flag of Asterisk's.
    """
    status = int(message.get("tech_cause") or 0)
    if status:
        return status if status >= _FIRST_REFUSAL else None
    return None if message.get("soft") else causes.refused_with(int(message.get("cause") or 0))


_FIRST_REFUSAL: Final = 300  # RFC 3261, 7.2


def read_transfer(message: Mapping[str, Any]) -> tuple[str, Event]:
    """Read a REFER that Asterisk took, or with ``state`` what it has been told of one.

    Two reports in a row may both be told with the second one's state (ari_notify).

    Of several REFERs on one channel each is told. When the sender goes before the end was
    reported, the event without ``state`` comes once more, behind ``ChannelHangupRequest``. The
    text of Referred-By is not in it (ari_transfer_to_json, stasis_channels.c), and the user
    part is cut off behind 79 characters.
    """
    channel = str(message["referred_by"]["source_channel"]["id"])
    state = message.get("state")
    if state is not None:
        return channel, TransferReported(state != _PROVISIONAL)
    refer_to = message["refer_to"]
    target = refer_to["requested_destination"]
    replaced = refer_to.get("destination_channel", {}).get("id", "")
    asked = TransferRequested(
        str(target["destination"]), attended="protocol_id" in target, replaced=str(replaced)
    )
    return channel, asked


_PROVISIONAL: Final = "channel_progress"


def read_recording(message: Mapping[str, Any]) -> tuple[str, Event] | None:
    """Read the end of a recording; None when it is not of a bridge of ours.

    ``duration`` is in whole seconds. A recording that nobody was in is not told of at all.
    """
    recording = message["recording"]
    kind, _, bridge = str(recording["target_uri"]).partition(":")
    channel = channel_of(bridge) if kind == "bridge" else None
    if channel is None:
        return None
    seconds = float(recording.get("duration", 0))
    return channel, RecordingEnded(str(recording["name"]), seconds, recording["state"] == "done")
