"""The four dialects as an application would speak them, and what each must be told.

What is expected is written out here by hand, from the seeds and the vendors' pages; none of it
is asked of the program.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from xml.sax.saxutils import escape, quoteattr

from stasis_refer.core.outcome import Outcome
from tests.fakes.customer import Received, Reply
from tests.scenarios.situations import NO_NOTIFY, RING, Situation

Told: TypeAlias = tuple[object, object, object]
"""Status, code of the REFER, code of the NOTIFY; None where it is left out."""

AUTH_TOKEN = "hunter2-0123456789abcdef"
ACCOUNT_SID = "AC" + "1" * 32
WEBHOOK_SECRET = "hunter2-wh_0123456789abcdef"


@dataclass(frozen=True)
class Voice:
    """One dialect in use.

    ``transfer`` makes a document that transfers to a target and has its outcome told to a URL;
    ``refusal`` is what a ringing call is refused with by ``refuse``.
    """

    dialect: str
    transfer: Callable[[str, str], Reply]
    hang_up: Reply
    wait: Reply
    nothing: Reply
    refuse: Reply
    refusal: int
    read: Callable[[Received], Told]
    expected: Callable[[Situation], Told | None]
    more: Mapping[str, object] = field(default_factory=dict)


def _xml(text: str) -> Reply:
    return Reply(text, content_type="application/xml")


def _json(*verbs: object) -> Reply:
    return Reply(json.dumps(verbs), content_type="application/json")


# -- TwiML and RCML --------------------------------------------------------------


def _refer(target: str, after: str) -> Reply:
    refer = f"<Refer action={quoteattr(after)}><Sip>{escape(target)}</Sip></Refer>"
    return _xml(f"<Response>{refer}</Response>")


def _form(request: Received) -> Told:
    form = request.form
    names = ("ReferCallStatus", "ReferSipResponseCode", "NotifySipResponseCode")
    status, refer, notify = (form.get(name) for name in names)
    return status, refer, notify


_OMITTED = {Outcome.REJECTED, Outcome.UNANSWERED, Outcome.BLOCKED, Outcome.ERROR}


def _rcml(situation: Situation) -> Told:
    status, refer, notify = situation.told
    return (None if situation.outcome in _OMITTED else status), refer, notify


_HANG_UP = _xml("<Response><Hangup/></Response>")
_WAIT = _xml('<Response><Pause length="4"/></Response>')
_NOTHING = _xml("<Response/>")
_REJECT = _xml("<Response><Reject/></Response>")

TWIML = Voice(
    "twiml",
    _refer,
    _HANG_UP,
    _WAIT,
    _NOTHING,
    _REJECT,
    404,
    _form,
    lambda each: each.told,
    {"method": "POST"},
)
RCML = Voice("rcml", _refer, _HANG_UP, _WAIT, _NOTHING, _REJECT, 404, _form, _rcml)

# -- BXML ------------------------------------------------------------------------


def _sip_uri(target: str, after: str) -> Reply:
    sip_uri = f"<SipUri>{escape(target)}</SipUri>"
    refer = f"<Refer referCompleteUrl={quoteattr(after)}>{sip_uri}</Refer>"
    return _xml(f"<Bxml>{refer}</Bxml>")


def _event(request: Received) -> Told:
    event = request.json
    assert event["eventType"] == "referComplete"
    names = ("referCallStatus", "referSipResponseCode", "notifySipResponseCode")
    status, refer, notify = (event.get(name) for name in names)
    return status, refer, notify


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def _bxml(situation: Situation) -> Told | None:
    if situation.outcome is Outcome.CANCELED:
        return None
    _, refer, notify = situation.told
    success = situation.outcome is Outcome.COMPLETED
    final = None if situation.outcome is Outcome.UNCONFIRMED else notify
    return ("success" if success else "failure"), _number(refer), _number(final)


BXML = Voice(
    "bxml",
    _sip_uri,
    _HANG_UP,
    _xml('<Bxml><Pause duration="4"/></Bxml>'),
    _NOTHING,
    _HANG_UP,
    603,
    _event,
    _bxml,
    # From the acceptance, so it has to cover what the others have two limits for.
    {"username": "bandwidth", "password": "of its own", "ring_timeout": NO_NOTIFY + RING},
)

# -- jambonz ---------------------------------------------------------------------


def _sip_refer(target: str, after: str) -> Reply:
    verb = {"verb": "sip:refer", "referTo": target, "id": "r1", "actionHook": after}
    return _json({**verb, "eventHook": "event"})


def _hook(request: Received) -> Told:
    payload = request.json
    assert payload["verb_id"] == "r1"
    return None, payload.get("refer_status"), payload.get("final_referred_call_status")


_FINAL = {Outcome.COMPLETED, Outcome.BUSY, Outcome.NO_ANSWER, Outcome.FAILED}


def _jambonz(situation: Situation) -> Told | None:
    if situation.outcome is Outcome.CANCELED:
        return None
    _, refer, notify = situation.told
    final = notify if situation.outcome in _FINAL else None
    return None, _number(refer), _number(final)


JAMBONZ = Voice(
    "jambonz",
    _sip_refer,
    _json({"verb": "hangup"}),
    _json({"verb": "pause", "length": 4}),
    _json(),
    _json({"sip:decline": {"status": 404}}),
    404,
    _hook,
    _jambonz,
    {"webhook_secret": WEBHOOK_SECRET},
)

VOICES = (TWIML, RCML, BXML, JAMBONZ)
