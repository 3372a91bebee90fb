"""What the bench's applications answer: a typical transfer in each dialect, and calls by TwiML."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

TARGET: Final = "sip:alice@example.com"


@dataclass(frozen=True, slots=True)
class Typical:
    """A document that transfers, and how its application hears that it did.

    ``call`` and ``status`` are the names of the values that tell the call and the outcome,
    ``moved`` is what the latter is after a success.
    """

    content_type: str
    document: bytes
    nothing: bytes
    call: str
    status: str
    moved: str

    def fields(self, body: bytes) -> Mapping[str, str]:
        """Read a request of the dialect."""
        if self.content_type == _JSON or body[:1] == b"{":
            return {name: str(value) for name, value in json.loads(body).items()}
        return {name: values[0] for name, values in parse_qs(body.decode()).items()}


_XML: Final = "text/xml"
_JSON: Final = "application/json"
_EMPTY: Final = b"<Response/>"


def _response(inside: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Response>\n{inside}\n</Response>'.encode()


_SIP: Final = _response(f'  <Refer action="ACTION">\n    <Sip>{TARGET}</Sip>\n  </Refer>')
_SIP_URI: Final = _response(
    f'  <Refer referCompleteUrl="ACTION">\n    <SipUri>{TARGET}</SipUri>\n  </Refer>'
)
_VERBS: Final = json.dumps(
    [{"verb": "sip:refer", "id": "transfer", "referTo": TARGET, "actionHook": "ACTION"}]
).encode()

TYPICAL: Final[Mapping[str, Typical]] = {
    "twiml": Typical(_XML, _SIP, _EMPTY, "CallSid", "ReferCallStatus", "in-progress"),
    "rcml": Typical(_XML, _SIP, _EMPTY, "CallSid", "ReferCallStatus", "in-progress"),
    "bxml": Typical(_XML, _SIP_URI, _EMPTY, "callId", "referCallStatus", "success"),
    "jambonz": Typical(_JSON, _VERBS, b"[]", "call_sid", "final_referred_call_status", "200"),
}
"""By the name of the dialect. ACTION stands for the URL that is told."""

WAITING: Final = "waiting"
"""The application whose callers are answered, and asked for a digit that they do not press."""

WAITS: Final = _response('  <Gather input="dtmf" timeout="600"/>')

DIALING: Final = {"dial-at-once": "", "dial-on-bridge": 'answerOnBridge="true" '}
"""Applications whose callers are connected to an agent who transfers them: by name, in TwiML."""


def dial_who_transfers(application: str, agent: str) -> bytes:
    """Return what one of ``DIALING`` does first; REFER stands for the URL that says where to."""
    sip = f"<Sip>{agent}</Sip>"
    return _response(f'  <Dial {DIALING[application]}referUrl="REFER">{sip}</Dial>')


def dial(agent: str) -> bytes:
    """Return what it answers when it is asked where to."""
    return _response(f"  <Dial><Sip>{agent}</Sip></Dial>")
