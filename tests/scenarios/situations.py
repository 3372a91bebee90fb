"""What phones do with a REFER, and what must become of it: one row a situation."""

from dataclasses import dataclass

from stasis_refer.core.outcome import Evidence, Outcome, Reason
from stasis_refer.lab.phone import (
    Step,
    answer_refer,
    bye,
    call,
    expect_refer,
    hear_bye,
    notify,
    pause,
)

NO_NOTIFY, RING = 1.2, 3.2
"""Time limits of the applications under test, in seconds."""

REFER = '<Response><Refer action="after"><Sip>sip:alice@example.com</Sip></Refer></Response>'
HANG_UP = "<Response><Hangup/></Response>"
WAIT = '<Response><Pause length="4"/><Hangup/></Response>'


@dataclass(frozen=True)
class Situation:
    """A phone's steps, and how the transfer must end. ``told`` are TwiML's Refer parameters."""

    name: str
    steps: tuple[Step, ...]
    outcome: Outcome
    reason: Reason
    told: tuple[str | None, str | None, str | None]  # status, REFER code, NOTIFY code
    evidence: Evidence = Evidence.SIP
    target: str = "sip:alice@example.com"
    refused: bool = False  # the call is never answered, and refused in the end
    host: str = "127.0.0.1"

    @property
    def phone_hangs_up(self) -> bool:
        return bye() in self.steps


BEGIN = (call(), expect_refer())
ACCEPTED = (*BEGIN, answer_refer(202), notify(100))

_401 = 'WWW-Authenticate: Digest realm="phones", nonce="abc", algorithm=MD5'
_407 = 'Proxy-Authenticate: Digest realm="phones", nonce="abc", algorithm=MD5'


def _final(name: str, code: int, outcome: Outcome, status: str) -> Situation:
    """A final NOTIFY decides."""
    steps = (*ACCEPTED, notify(180), notify(code), hear_bye())
    told = (status, "202", str(code))
    return Situation(name, steps, outcome, Reason.FINAL_NOTIFY, told)


def _refused(name: str, code: int, headers: str = "") -> Situation:
    """The phone refuses the REFER for good."""
    steps = (*BEGIN, answer_refer(code, headers=headers), hear_bye())
    told = ("failed", str(code), None)
    return Situation(name, steps, Outcome.REJECTED, Reason.REFER_REFUSED, told)


CODES = (
    _final("target-answers", 200, Outcome.COMPLETED, "in-progress"),
    _final("target-busy", 486, Outcome.BUSY, "busy"),
    _final("target-busy-everywhere", 600, Outcome.BUSY, "busy"),
    _final("target-declines", 603, Outcome.FAILED, "failed"),
    _final("target-unknown", 404, Outcome.FAILED, "failed"),
    _final("target-unavailable", 480, Outcome.NO_ANSWER, "no-answer"),
    _final("target-times-out", 408, Outcome.NO_ANSWER, "no-answer"),
    _final("target-canceled", 487, Outcome.NO_ANSWER, "no-answer"),
    _refused("refer-not-allowed", 405),
    _refused("refer-declined", 603),
    _refused("refer-unauthorized", 401, _401),
    _refused("refer-proxy-unauthorized", 407, _407),
    _refused("refer-without-dialog", 481),
)

TIME_LIMITS = (
    Situation(
        "phone-says-nothing",
        (*BEGIN, answer_refer(202), hear_bye()),
        Outcome.UNCONFIRMED,
        Reason.NO_NOTIFY,
        (None, "202", None),
    ),
    Situation(
        "target-rings-out",
        (*ACCEPTED, notify(180), hear_bye()),
        Outcome.UNCONFIRMED,
        Reason.RING_TIMEOUT,
        ("no-answer", "202", "180"),
    ),
    Situation(
        "target-rings-longer-than-a-silent-phone-may",
        (*ACCEPTED, notify(180), pause(NO_NOTIFY + 0.2), notify(200), hear_bye()),
        Outcome.COMPLETED,
        Reason.FINAL_NOTIFY,
        ("in-progress", "202", "200"),
    ),
    Situation(
        "refer-unanswered",
        (*BEGIN, hear_bye()),
        Outcome.UNANSWERED,
        Reason.NO_RESPONSE,
        ("failed", "408", None),
        evidence=Evidence.ASTERISK,
    ),
)

ODD_PHONES = (
    Situation(
        "accepts-with-200",
        (*BEGIN, answer_refer(200), notify(200), hear_bye()),
        Outcome.COMPLETED,
        Reason.FINAL_NOTIFY,
        ("in-progress", "200", "200"),
    ),
    Situation(
        "notifies-with-id",
        (
            *(*BEGIN, answer_refer(202), notify(180, refer_id=True)),
            *(notify(200, refer_id=True), hear_bye()),
        ),
        Outcome.COMPLETED,
        Reason.FINAL_NOTIFY,
        ("in-progress", "202", "200"),
    ),
    Situation(
        "subscription-ends-with-1xx",
        (*BEGIN, answer_refer(202), notify(180, state="terminated;reason=timeout"), hear_bye()),
        Outcome.UNCONFIRMED,
        Reason.SUBSCRIPTION_ENDED,
        ("no-answer", "202", "180"),
    ),
    Situation(
        "notifies-garbage",
        (
            *(*BEGIN, answer_refer(202)),
            *(notify(body="all is well", state="terminated;reason=noresource"), hear_bye()),
        ),
        Outcome.UNCONFIRMED,
        Reason.SUBSCRIPTION_ENDED,
        (None, "202", None),
    ),
    Situation(
        "accepts-without-subscription",
        (*BEGIN, answer_refer(202, headers="Refer-Sub: false"), hear_bye()),
        Outcome.UNCONFIRMED,
        Reason.REFER_SUB_FALSE,
        (None, "202", None),
        evidence=Evidence.ASTERISK,
    ),
    Situation(
        "never-says-bye",
        (*ACCEPTED, notify(200), hear_bye()),
        Outcome.COMPLETED,
        Reason.FINAL_NOTIFY,
        ("in-progress", "202", "200"),
    ),
    Situation(
        "answers-a-challenge",
        (
            *(call(), expect_refer(), answer_refer(401, headers=_401)),
            *(expect_refer(header="Authorization: Digest"), answer_refer(202)),
            *(notify(200), hear_bye()),
        ),
        Outcome.COMPLETED,
        Reason.FINAL_NOTIFY,
        ("in-progress", "202", "200"),
        host="127.0.0.2",
    ),
)

HANG_UPS = (
    Situation(
        "hangs-up-before-any-notify",
        (*BEGIN, answer_refer(202), pause(0.1), bye()),
        Outcome.CANCELED,
        Reason.HANGUP,
        ("canceled", "202", None),
    ),
    Situation(
        "hangs-up-while-it-rings",
        (*ACCEPTED, notify(180), bye()),
        Outcome.CANCELED,
        Reason.HANGUP,
        ("canceled", "202", "180"),
    ),
    Situation(
        "hangs-up-after-success",
        (*ACCEPTED, notify(200), bye()),
        Outcome.COMPLETED,
        Reason.FINAL_NOTIFY,
        ("in-progress", "202", "200"),
    ),
    Situation(
        "success-follows-the-bye",
        (*ACCEPTED, notify(180), bye(), pause(0.5), notify(200)),
        Outcome.COMPLETED,
        Reason.FINAL_NOTIFY,
        ("in-progress", "202", "200"),
    ),
    Situation(
        "failure-follows-the-bye",
        (*ACCEPTED, bye(), pause(0.3), notify(486)),
        Outcome.BUSY,
        Reason.FINAL_NOTIFY,
        ("busy", "202", "486"),
    ),
)


def _blocked(name: str, target: str, reason: Reason, code: str) -> Situation:
    """Nothing is sent, the call is not even answered, and the application is told."""
    told = ("failed", code, None)
    return Situation(name, (), Outcome.BLOCKED, reason, told, Evidence.NONE, target, refused=True)


BLOCKED = (
    _blocked("blocked-by-policy", "sip:alice@example.org", Reason.POLICY, "403"),
    _blocked("blocked-as-malformed", "sip:al%0d%0aX-Evil: 1@example.com", Reason.BAD_URI, "400"),
    _blocked("blocked-as-empty", "", Reason.BAD_URI, "400"),
    _blocked(
        "blocked-for-a-reserved-header",
        "sip:alice@example.com?Route=sip%3Aevil.example.org",
        Reason.RESERVED_HEADER,
        "400",
    ),
)

SITUATIONS = (*CODES, *TIME_LIMITS, *ODD_PHONES, *HANG_UPS, *BLOCKED)

WITHOUT_CAPTURE = (
    Situation(
        "no-hep-target-answers",
        (*ACCEPTED, notify(200), hear_bye()),
        Outcome.COMPLETED,
        Reason.TRANSFER_STATUS,
        ("in-progress", None, None),
        Evidence.ASTERISK,
    ),
    Situation(
        "no-hep-target-busy",
        (*ACCEPTED, notify(486), hear_bye()),
        Outcome.BUSY,
        Reason.TRANSFER_STATUS,
        ("busy", None, "486"),
        Evidence.ASTERISK,
    ),
    Situation(
        "no-hep-target-declines",
        (*ACCEPTED, notify(603), hear_bye()),
        Outcome.FAILED,
        Reason.TRANSFER_STATUS,
        ("failed", None, "603"),
        Evidence.ASTERISK,
    ),
    Situation(
        "no-hep-refused",
        (*BEGIN, answer_refer(405), hear_bye()),
        Outcome.REJECTED,
        Reason.TRANSFER_STATUS,
        ("failed", "405", None),
        Evidence.ASTERISK,
    ),
    Situation(
        "no-hep-hangs-up",
        (*ACCEPTED, notify(180), bye()),
        Outcome.CANCELED,
        Reason.HANGUP,
        ("canceled", None, None),
        Evidence.NONE,
    ),
    Situation(
        "no-hep-hangs-up-after-success",
        (*ACCEPTED, notify(200), bye()),
        Outcome.COMPLETED,
        Reason.TRANSFER_STATUS,
        ("in-progress", None, None),
        Evidence.ASTERISK,
    ),
    Situation(
        "no-hep-hangs-up-after-busy",
        (*ACCEPTED, notify(486), bye()),
        Outcome.BUSY,
        Reason.TRANSFER_STATUS,
        ("busy", None, "486"),
        Evidence.ASTERISK,
    ),
    Situation(
        "no-hep-subscription-ends",
        (*BEGIN, answer_refer(202), notify(180, state="terminated;reason=timeout"), hear_bye()),
        Outcome.UNCONFIRMED,
        Reason.TRANSFER_STATUS,
        (None, None, None),
        Evidence.ASTERISK,
    ),
)
