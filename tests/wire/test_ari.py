import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stasis_refer.core.events import (
    Bridged,
    CallEnded,
    ChannelHeld,
    ChannelResumed,
    ChannelReturned,
    ChannelRinging,
    ChannelUp,
    DigitPressed,
    PlaybackEnded,
    QueueLeft,
    QueueStatus,
    RecordingEnded,
    TransferReported,
    TransferRequested,
    TransferStatus,
    Unbridged,
)
from stasis_refer.wire import ari
from stasis_refer.wire.ari import (
    BadEvent,
    Channel,
    Entered,
    Happened,
    Occurrence,
    Replaced,
    Response,
)

ID = "1700000000.12"

# As Asterisk 22 sends it, shortened by what nobody reads.
CHANNEL: Mapping[str, Any] = {
    "id": ID,
    "name": "PJSIP/caller-0000000c",
    "state": "Up",
    "protocol_id": "1-12345@127.0.0.1",
    "caller": {"name": "Bob", "number": "+49123"},
    "connected": {"name": "", "number": ""},
    "accountcode": "",
    "dialplan": {
        "context": "stasis-refer-enter",
        "exten": "s",
        "priority": 3,
        "app_name": "Stasis",
        "app_data": "stasis_refer,support",
    },
    "creationtime": "2026-01-01T12:00:00.000+0000",
    "language": "en",
}
READ = Channel(
    ID,
    "PJSIP/caller-0000000c",
    up=True,
    caller="+49123",
    caller_name="Bob",
    dialed="s",
    call_id="1-12345@127.0.0.1",
    stasis=("stasis_refer", "support"),
    context="stasis-refer-enter",
)


def of_channel(kind: str, **more: object) -> dict[str, object]:
    return {"type": kind, "application": "stasis_refer", "channel": CHANNEL, **more}


def with_variables(status: str, code: str) -> dict[str, object]:
    told = {"TRANSFERSTATUS": status, "TRANSFERSTATUSPROTOCOL": code}
    return {**CHANNEL, "channelvars": told}


def playback(state: str, target: str = f"channel:{ID}") -> dict[str, object]:
    told = {"id": f"{ID}-1", "media_uri": "sound:x", "target_uri": target, "state": state}
    return {"type": "PlaybackFinished", "application": "stasis_refer", "playback": told}


LEG = "a5c0ffee-leg-1"


def transfer(
    target: Mapping[str, object] = MappingProxyType({}), state: str = "", **refer_to: object
) -> dict[str, object]:
    """As Asterisk 22.10 sends it (ari_transfer_to_json, stasis_channels.c)."""
    return {
        "type": "ChannelTransfer",
        "refer_to": {"requested_destination": {"destination": "bob"} | dict(target), **refer_to},
        "referred_by": {
            "source_channel": {**CHANNEL, "id": LEG},
            "connected_channel": CHANNEL,
            "bridge": {"id": f"{ID}-bridge-1", "channels": [ID, LEG]},
        },
        **({"state": state} if state else {}),
    }


def recording(kind: str, **more: object) -> dict[str, object]:
    target = {"target_uri": f"bridge:{ID}-bridge-2"}
    told = {"name": "rec-1", "format": "wav", "state": "done", **target, **more}
    return {"type": f"Recording{kind}", "recording": told}


def refused(state: str = "Ringing", **more: object) -> dict[str, object]:
    return of_channel("ChannelDestroyed", channel={**CHANNEL, "state": state}, **more)


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (refused(cause=17, tech_cause=486), 486),
        (refused(cause=21, tech_cause=603), 603),
        (refused(cause=127, tech_cause=433), 433),
        (refused("Down", cause=34, tech_cause=503), 503),
        (refused(cause=17), 486),  # older versions do not tell the status
        (refused(cause=19), 480),
        (refused(cause=127), None),
        (refused(cause=16), None),  # we hung up
        (refused(cause=0), None),
        (refused(), None),
        (refused(cause=32, soft=True), None),  # what was asked for, and no Q.850 cause
        (refused(cause=17, tech_cause=200), None),
        (refused("Up", cause=17, tech_cause=486), None),
    ],
)
@pytest.mark.parametrize("kind", ["ChannelHangupRequest", "ChannelDestroyed"])
def test_what_a_leg_was_refused_with(
    message: Mapping[str, Any], kind: str, status: int | None
) -> None:
    assert ari.read_event({**message, "type": kind}) == Happened(ID, CallEnded(status=status))


@pytest.mark.parametrize(
    ("message", "occurrence"),
    [
        pytest.param(
            of_channel("StasisStart", args=["support"]),
            Entered(READ, ("support",)),
            id="a call enters",
        ),
        pytest.param(
            of_channel("StasisStart", args=["support", "returned", "SUCCESS", "0"]),
            Happened(ID, ChannelReturned(TransferStatus.SUCCESS, 0)),
            id="a call is back from Transfer()",
        ),
        pytest.param(
            of_channel("StasisStart", args=["support", "returned", "FAILURE", "486", "2"]),
            Happened(ID, ChannelReturned(TransferStatus.FAILURE, 486, number=2)),
            id="a call is back from its second Transfer()",
        ),
        pytest.param(
            of_channel("StasisStart", args=["support", "returned", "SUCCESS", "", "-1"]),
            Happened(ID, ChannelReturned(TransferStatus.SUCCESS, 0)),
            id="a call is back from a transfer without a number",
        ),
        pytest.param(
            of_channel("ChannelStateChange"), Happened(ID, ChannelUp()), id="the channel is Up"
        ),
        pytest.param(
            of_channel("ChannelStateChange", channel={**CHANNEL, "state": "Ringing"}),
            Happened(ID, ChannelRinging()),
            id="a leg rings",
        ),
        pytest.param(
            of_channel("ChannelStateChange", channel={**CHANNEL, "state": "Ring"}),
            None,
            id="another state",
        ),
        pytest.param(
            of_channel("ChannelHangupRequest", cause=16, soft=False),
            Happened(ID, CallEnded()),
            id="hang-up",
        ),
        pytest.param(
            of_channel("ChannelDestroyed", cause=16, cause_txt="Normal Clearing"),
            Happened(ID, CallEnded()),
            id="gone",
        ),
        pytest.param(
            of_channel("ChannelDestroyed", channel=with_variables("SUCCESS", "0")),
            Happened(ID, CallEnded(ChannelReturned(TransferStatus.SUCCESS, 0))),
            id="gone, and Transfer() had said how it ended",
        ),
        pytest.param(
            of_channel("ChannelHangupRequest", channel=with_variables("FAILURE", "486")),
            Happened(ID, CallEnded(ChannelReturned(TransferStatus.FAILURE, 486))),
            id="hang-up behind a failed transfer",
        ),
        pytest.param(
            of_channel("ChannelDestroyed", channel=with_variables("", "")),
            Happened(ID, CallEnded()),
            id="gone, and Transfer() had said nothing",
        ),
        pytest.param(
            of_channel("ChannelHold", musicclass="default"), Happened(ID, ChannelHeld()), id="hold"
        ),
        pytest.param(of_channel("ChannelUnhold"), Happened(ID, ChannelResumed()), id="resumed"),
        pytest.param(
            playback("done"), Happened(ID, PlaybackEnded(f"{ID}-1")), id="a sound was played"
        ),
        pytest.param(
            playback("failed"),
            Happened(ID, PlaybackEnded(f"{ID}-1", ok=False)),
            id="a sound could not be played",
        ),
        pytest.param(playback("done", "bridge:1"), None, id="a sound of a bridge"),
        pytest.param(
            of_channel("ChannelDtmfReceived", digit="#", duration_ms=90),
            Happened(ID, DigitPressed("#")),
            id="a key was pressed",
        ),
        pytest.param(
            of_channel("ChannelEnteredBridge", bridge={"id": "b"}),
            Happened(ID, Bridged()),
            id="connected to somebody",
        ),
        pytest.param(
            of_channel("ChannelLeftBridge", bridge={"id": "b"}),
            Happened(ID, Unbridged()),
            id="on its own again",
        ),
        pytest.param(of_channel("StasisStart", args=["*leg"]), None, id="a leg of ours"),
        pytest.param(
            of_channel("StasisStart", args=["*leg", "x"]),
            Entered(READ, ("*leg", "x")),
            id="more than a leg says",
        ),
        pytest.param(
            transfer(), Happened(LEG, TransferRequested("bob")), id="a phone sent a REFER"
        ),
        pytest.param(
            transfer(state="channel_progress"),
            Happened(LEG, TransferReported(final=False)),
            id="NOTIFY 100",
        ),
        pytest.param(
            transfer(state="channel_answered"),
            Happened(LEG, TransferReported(final=True)),
            id="NOTIFY 200",
        ),
        pytest.param(
            # channel_unavailable comes back in the same words.
            transfer(state="channel_declined"),
            Happened(LEG, TransferReported(final=True)),
            id="NOTIFY 603 or 503",
        ),
        pytest.param(
            transfer({"protocol_id": "1-2@192.0.2.1", "additional_protocol_params": []}),
            Happened(LEG, TransferRequested("bob", attended=True)),
            id="Replaces of a dialog elsewhere",
        ),
        pytest.param(
            transfer({"protocol_id": "1-2@127.0.0.1"}, destination_channel={**CHANNEL, "id": "b"}),
            Happened(LEG, TransferRequested("bob", attended=True, replaced="b")),
            id="Replaces of a dialog of ours",
        ),
        pytest.param(
            recording("Finished", duration=7),
            Happened(ID, RecordingEnded("rec-1", 7.0)),
            id="a recording is there",
        ),
        pytest.param(
            recording("Failed", state="failed", cause="No space left"),
            Happened(ID, RecordingEnded("rec-1", 0.0, ok=False)),
            id="a recording failed",
        ),
        pytest.param(
            recording("Finished", target_uri=f"channel:{ID}"), None, id="a channel's recording"
        ),
        pytest.param(
            recording("Finished", target_uri="bridge:conference"), None, id="a bridge of others"
        ),
        pytest.param(
            of_channel("StasisStart", args=["support", "queued", "TIMEOUT"]),
            Happened(ID, QueueLeft(QueueStatus.TIMEOUT)),
            id="a call is back from Queue()",
        ),
        pytest.param(
            {"type": "ApplicationReplaced", "application": "stasis_refer"},
            Replaced(),
            id="another connection took over",
        ),
        pytest.param(of_channel("StasisEnd"), None, id="nothing we wait for"),
        pytest.param(of_channel("ChannelVarset", variable="X", value="1"), None, id="not read"),
        pytest.param({"type": "SomethingNew"}, None, id="of a newer Asterisk"),
        pytest.param({"type": None}, None, id="without a name"),
        pytest.param({"message": "Missing params"}, None, id="no event"),
    ],
)
def test_events(message: Mapping[str, Any], occurrence: Occurrence | None) -> None:
    assert ari.read_event(message) == occurrence


def deep(levels: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(levels):
        inner = [inner]
    return inner


@pytest.mark.parametrize(
    "message",
    [
        {"type": "StasisStart"},
        {"type": "StasisStart", "channel": None},
        {"type": "StasisStart", "channel": {"id": ID}},
        {"type": "StasisStart", "channel": {**CHANNEL, "caller": None}},
        {"type": "StasisStart", "channel": CHANNEL, "args": 1},
        {"type": "ChannelStateChange", "channel": {"id": ID}},
        {"type": "ChannelHangupRequest", "channel": "x"},
        {"type": "PlaybackFinished", "playback": {}},
        {"type": "ChannelTransfer"},
        {"type": "ChannelTransfer", "referred_by": {"source_channel": {"id": ID}}},
        {"type": "ChannelLeftBridge", "bridge": {}},
        {"type": "RecordingFinished", "recording": {"name": "x"}},
        {"type": "ChannelDestroyed", "channel": {"id": ID, "state": "Ring"}, "cause": "busy"},
        {"type": "PlaybackFinished", "playback": {"target_uri": f"channel:{ID}"}},
        {"type": "ChannelDestroyed", "channel": {"id": ID}, "tech_cause": math.inf},
        {"type": "ChannelDestroyed", "channel": {"id": deep(100_000)}},
        {"type": "StasisStart", "channel": {**CHANNEL, "id": deep(100_000)}},
        recording("Finished", duration=10**400),
    ],
)
def test_an_event_that_lacks_what_it_must_have_is_named(message: Mapping[str, Any]) -> None:
    with pytest.raises(BadEvent, match=str(message["type"])):
        ari.read_event(message)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "name", "state", "caller", "dialplan", "target_uri", "x"]), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ari.EVENT_TYPES), JSON, JSON, JSON)
def test_whatever_an_event_holds_it_is_read_or_refused(
    kind: str, channel: object, args: object, other: object
) -> None:
    message = {"type": kind, "channel": channel, "args": args}
    message |= dict.fromkeys(("playback", "recording", "refer_to", "referred_by", "cause"), other)
    try:
        occurrence = ari.read_event(message)
    except BadEvent:
        return
    assert occurrence is None or isinstance(occurrence, Entered | Happened | Replaced)


@pytest.mark.parametrize(
    ("changes", "read"),
    [
        ({}, ("stasis_refer", "support")),
        (
            {"app_data": "stasis_refer,support,returned,FAILURE,486"},
            ("stasis_refer", "support", "returned", "FAILURE", "486"),
        ),
        ({"app_name": "Transfer", "app_data": "PJSIP/sip:alice@example.com"}, ()),
        ({"app_name": None}, ()),
    ],
)
def test_a_listed_channel_tells_which_stasis_it_is_in(
    changes: Mapping[str, str], read: tuple[str, ...]
) -> None:
    listed = {**CHANNEL, "dialplan": {**CHANNEL["dialplan"], **changes}}
    assert ari.read_channel(listed).stasis == read


@pytest.mark.parametrize(
    ("app", "variables", "ended"),
    [
        ("Transfer", {"TRANSFERSTATUS": "FAILURE"}, ChannelReturned(TransferStatus.FAILURE, 0)),
        ("Transfer", {"TRANSFERSTATUS": ""}, None),
        ("Transfer", {}, None),
        ("Stasis", {"TRANSFERSTATUS": "FAILURE"}, None),
    ],
)
def test_a_channel_that_has_hung_up_in_transfer_is_still_listed(
    app: str, variables: Mapping[str, str], ended: ChannelReturned | None
) -> None:
    listed = {**CHANNEL, "dialplan": {"app_name": app}, "channelvars": variables}
    assert ari.read_channel(listed).ended == ended


def test_a_channel_needs_no_more_than_id_name_and_state() -> None:
    least = {"id": ID, "name": "PJSIP/x", "state": "Ring"}
    assert ari.read_channel(least) == Channel(ID, "PJSIP/x", up=False)
    for name in least:
        with pytest.raises(BadEvent):
            ari.read_channel({key: value for key, value in least.items() if key != name})


S, F, U = TransferStatus.SUCCESS, TransferStatus.FAILURE, TransferStatus.UNSUPPORTED


@pytest.mark.parametrize(
    ("arguments", "returned"),
    [
        (("support",), None),
        (("support", "else", "SUCCESS", "0"), None),
        (("returned", "support", "SUCCESS", "0"), None),
        ((), None),
        (("support", "returned", "SUCCESS", "0"), ChannelReturned(S, 0)),
        (("support", "returned", "FAILURE", "486"), ChannelReturned(F, 486)),
        (("support", "returned", "FAILURE", "0"), ChannelReturned(F, 0)),
        (("support", "returned", "UNSUPPORTED", "0"), ChannelReturned(U, 0)),
        (("support", "returned", "", ""), ChannelReturned(F, 0)),
        (("support", "returned"), ChannelReturned(F, 0)),
        (("support", "returned", "FAILURE"), ChannelReturned(F, 0)),
        (("support", "returned", "success", "0"), ChannelReturned(F, 0)),
        (("support", "returned", "FAILURE", "-1"), ChannelReturned(F, 0)),
        (("support", "returned", "FAILURE", "٤٨٦"), ChannelReturned(F, 0)),
        (("support", "returned", "FAILURE", "4860000000000"), ChannelReturned(F, 0)),
    ],
)
def test_what_transfer_said(arguments: tuple[str, ...], returned: ChannelReturned | None) -> None:
    assert ari.read_returned(arguments) == returned


@pytest.mark.parametrize("status", QueueStatus)
def test_what_queue_said(status: QueueStatus) -> None:
    assert ari.read_back(("support", "queued", status.value)) == QueueLeft(status)


@pytest.mark.parametrize("arguments", [("support", "queued"), ("support", "queued", "")])
def test_a_queue_that_says_nothing_is_not_there(arguments: tuple[str, ...]) -> None:
    assert ari.read_back(arguments) == QueueLeft(QueueStatus.UNKNOWN)


def test_a_call_that_enters_is_back_from_nowhere() -> None:
    assert ari.read_back(("support",)) is None
    assert ari.read_back(("support", "returned", "SUCCESS", "0")) == ChannelReturned(S, 0)


@pytest.mark.parametrize(
    ("status", "ok"),
    [
        (200, True),
        (204, True),
        (299, True),
        (400, False),
        (404, False),
        (409, False),
        (500, False),
        (0, False),  # it never answered
    ],
)
def test_whether_asterisk_did_it(status: int, *, ok: bool) -> None:
    assert Response(status).ok is ok


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"message": "Channel not found"}', "Channel not found"),
        (b'{"message": "Channel not found"}', "Channel not found"),
        ("{}", ""),
        ("", ""),
        ("[1]", ""),
        ("no JSON", ""),
        ('{"message": ["no text"]}', ""),
        ("[" * 100_000, ""),
        ('{"message": 1%s}' % ("0" * 100_000), ""),
    ],
)
def test_asterisk_s_own_words_for_a_refusal(text: str | bytes, message: str) -> None:
    assert Response(404, text).message == message
