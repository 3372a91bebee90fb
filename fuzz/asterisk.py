"""What Asterisk says over ARI."""

import json
from collections.abc import Mapping
from typing import Any, Final

from fuzz.claim import Claim, text_of
from stasis_refer.wire import ari, version

ID: Final = "1700000000.12"
_CHANNEL: Final[Mapping[str, Any]] = {
    "id": ID,
    "name": "PJSIP/caller-0000000c",
    "state": "Up",
    "protocol_id": "1-12345@127.0.0.1",
    "caller": {"name": "Bob", "number": "+49123"},
    "dialplan": {"context": "c", "exten": "s", "app_name": "Stasis", "app_data": "a,support"},
    "channelvars": {"TRANSFERSTATUS": "FAILURE", "TRANSFERSTATUSPROTOCOL": "486"},
}
_MORE: Final[Mapping[str, Any]] = {
    "args": ["support", "returned", "SUCCESS", "200", "1"],
    "cause": 17,
    "tech_cause": 486,
    "soft": False,
    "digit": "5",
    "state": "channel_progress",
    "playback": {"id": "p-1", "target_uri": f"channel:{ID}", "state": "done"},
    "recording": {
        "name": "rec-1",
        "target_uri": f"bridge:{ID}-bridge-2",
        "state": "done",
        "duration": 3,
    },
    "refer_to": {
        "requested_destination": {"destination": "bob", "protocol_id": "x"},
        "destination_channel": {"id": ID},
    },
    "referred_by": {"source_channel": {"id": ID}},
}


def _events(data: bytes) -> None:
    """A message is passed over, refused in a sentence, or tells of a channel that has a name."""
    message = ari.read_json(data)
    if not isinstance(message, dict):
        return
    try:
        found = ari.read_event(message)
    except ari.BadEvent as bad:
        assert str(bad)
        return
    match found:
        case ari.Entered(channel, arguments):
            assert isinstance(channel.id, str)
            assert all(isinstance(each, str) for each in arguments)
        case ari.Happened(channel_id):
            assert isinstance(channel_id, str)
        case _:
            pass


def _answers(data: bytes) -> None:
    """An answer to a request of ours has a message, a channel or neither."""
    response = ari.Response(404, data)
    assert isinstance(response.message, str)
    try:
        ari.read_channel(response.body)
    except ari.BadEvent as bad:
        assert str(bad)
    try:
        version.read(text_of(data))
    except version.BadVersion as unknown:
        assert str(unknown)


_WORDS: Final = (
    *(f'"{name}"'.encode() for name in (*_CHANNEL, *_MORE, "type", *ari.EVENT_TYPES)),
    *(b"null", b"1e999", b"NaN", b"{", b"}", b"[", b"]", b":", b",", b'"', b"-1", b"\\ud800"),
)

CLAIMS: Final = (
    Claim(
        "ari-events",
        _events,
        tuple(
            json.dumps({"type": kind, "channel": _CHANNEL, **_MORE}).encode()
            for kind in ari.EVENT_TYPES
        ),
        _WORDS,
    ),
    Claim(
        "ari-answers",
        _answers,
        (json.dumps(_CHANNEL).encode(), b'{"message": "Channel not found"}', b"22.10.1+dfsg"),
        _WORDS,
    ),
)
