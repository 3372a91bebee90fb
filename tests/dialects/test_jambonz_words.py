import pytest

from stasis_refer.core.abouts import Dialed, Gathered, LegProgress, Progress, Standing, Transferred
from stasis_refer.core.info import CallStatus
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.core.verbs import LegEvent
from stasis_refer.dialects.jambonz_words import (
    CALL_STATUS,
    DIAL_CALL_STATUS,
    REFER_STATUS,
    dial_fields,
    gather_fields,
    leg_fields,
    progress_fields,
    refer_fields,
    standing_fields,
)

O, R = Outcome, Reason  # noqa: E741 - short, for the table

# How each outcome is told, by the codes that the witnesses know: refer_status, and
# final_referred_call_status where there was a final NOTIFY.
OUTCOMES = [
    (O.COMPLETED, R.FINAL_NOTIFY, (202, 200), (202, 200)),
    (O.COMPLETED, R.FINAL_NOTIFY, (200, 200), (200, 200)),
    (O.COMPLETED, R.TRANSFER_STATUS, (None, None), (202, 200)),
    (O.COMPLETED, R.TRANSFER_STATUS, (202, 180), (202, 200)),
    (O.BUSY, R.FINAL_NOTIFY, (202, 486), (202, 486)),
    (O.BUSY, R.FINAL_NOTIFY, (202, 600), (202, 600)),
    (O.BUSY, R.TRANSFER_STATUS, (None, 486), (202, 486)),
    (O.NO_ANSWER, R.FINAL_NOTIFY, (202, 408), (202, 408)),
    (O.NO_ANSWER, R.FINAL_NOTIFY, (202, 480), (202, 480)),
    (O.NO_ANSWER, R.FINAL_NOTIFY, (202, 487), (202, 487)),
    (O.FAILED, R.FINAL_NOTIFY, (202, 404), (202, 404)),
    (O.FAILED, R.FINAL_NOTIFY, (202, 302), (202, 302)),
    (O.FAILED, R.WITNESS_CONFLICT, (202, 200), (202, None)),
    (O.REJECTED, R.REFER_REFUSED, (405, None), (405, None)),
    (O.REJECTED, R.REFER_REFUSED, (401, None), (401, None)),
    (O.REJECTED, R.TRANSFER_STATUS, (501, None), (501, None)),
    (O.UNCONFIRMED, R.NO_NOTIFY, (202, None), (202, None)),
    (O.UNCONFIRMED, R.NO_NOTIFY, (202, 100), (202, None)),
    (O.UNCONFIRMED, R.RING_TIMEOUT, (202, 180), (202, None)),
    (O.UNCONFIRMED, R.REFER_SUB_FALSE, (202, None), (202, None)),
    (O.UNCONFIRMED, R.WITNESS_CONFLICT, (202, 200), (202, None)),
    (O.UNCONFIRMED, R.TRANSFER_STATUS, (None, None), (202, None)),
    (O.UNANSWERED, R.NO_RESPONSE, (408, None), (408, None)),
    (O.CANCELED, R.HANGUP, (202, 180), (202, None)),
    (O.CANCELED, R.HANGUP, (None, None), (487, None)),
    (O.BLOCKED, R.POLICY, (403, None), (403, None)),
    (O.BLOCKED, R.BAD_URI, (400, None), (400, None)),
    (O.BLOCKED, R.BAD_HEADER, (400, None), (400, None)),
    (O.BLOCKED, R.RESERVED_HEADER, (400, None), (400, None)),
    (O.ERROR, R.COMMAND_REFUSED, (None, None), (500, None)),
    (O.ERROR, R.COMMAND_REFUSED, (202, 180), (500, None)),
    (O.ERROR, R.NOT_SIP, (None, None), (500, None)),
]


@pytest.mark.parametrize(("outcome", "reason", "known", "told"), OUTCOMES)
def test_an_outcome_in_jambonz_words(
    outcome: Outcome,
    reason: Reason,
    known: tuple[int | None, int | None],
    told: tuple[int, int | None],
) -> None:
    result = Transferred(Result(outcome, reason, Evidence.SIP, *known))
    status, final = told
    expected: dict[str, object] = {"refer_status": status}
    if final is not None:
        expected["final_referred_call_status"] = final
    assert refer_fields(result, compat=False) == expected


@pytest.mark.parametrize(("outcome", "reason", "known", "told"), OUTCOMES)
def test_an_outcome_in_cognigys_words_is_text(
    outcome: Outcome,
    reason: Reason,
    known: tuple[int | None, int | None],
    told: tuple[int, int | None],
) -> None:
    """Seed 003, Configuration: actionHook.referStatus, actionHook.final_referred_call_status."""
    result = Transferred(Result(outcome, reason, Evidence.SIP, *known))
    status, final = told
    expected: dict[str, object] = {"refer_status": status, "referStatus": str(status)}
    if final is not None:
        expected["final_referred_call_status"] = str(final)
    assert refer_fields(result, compat=True) == expected


def test_the_id_of_a_verb_comes_back() -> None:
    result = Result(O.REJECTED, R.REFER_REFUSED, Evidence.SIP, 405)
    told = {"refer_status": 405, "verb_id": "unique-id-123"}
    assert refer_fields(Transferred(result, "unique-id-123"), compat=False) == told
    assert gather_fields(Gathered("", name="menu")) == {"reason": "timeout", "verb_id": "menu"}


@pytest.mark.parametrize(
    ("code", "compat", "told"), [(180, False, 180), (200, False, 200), (180, True, "180")]
)
def test_a_notify_is_told_as_the_event_transfer_status(
    code: int, told: object, *, compat: bool
) -> None:
    """Seed 003, Configuration: eventHook.event and eventHook.call_status."""
    expected = {"event": "transfer-status", "call_status": told, "call_sid": "sid"}
    assert progress_fields(Progress(code), "sid", compat=compat) == expected


@pytest.mark.parametrize(
    ("gathered", "told"),
    [
        (Gathered("12"), {"digits": "12", "reason": "dtmfDetected"}),
        (Gathered("12", "#"), {"digits": "12", "reason": "dtmfDetected"}),
        (Gathered("", "#"), {"digits": "", "reason": "dtmfDetected"}),
        (Gathered(""), {"reason": "timeout"}),
        (Gathered("1", name="menu"), {"digits": "1", "reason": "dtmfDetected", "verb_id": "menu"}),
    ],
)
def test_what_was_gathered(gathered: Gathered, told: dict[str, object]) -> None:
    assert gather_fields(gathered) == told


@pytest.mark.parametrize(
    ("status", "answered_after", "told"),
    [
        ("initiated", None, ("trying", 100, "Trying")),
        ("ringing", None, ("trying", 100, "Trying")),
        ("in_progress", 1.0, ("in-progress", 200, "OK")),
        ("completed", 1.0, ("completed", 200, "OK")),
        ("completed", None, ("no-answer", None, None)),
        ("busy", None, ("busy", None, None)),
        ("failed", None, ("failed", None, None)),
        ("no_answer", None, ("no-answer", None, None)),
        ("canceled", None, ("no-answer", None, None)),
    ],
)
def test_how_a_call_stands(
    status: str, answered_after: float | None, told: tuple[str, int | None, str | None]
) -> None:
    names = ("call_status", "sip_status", "sip_reason")
    expected = {name: each for name, each in zip(names, told, strict=True) if each is not None}
    assert standing_fields(Standing(CallStatus(status), answered_after)) == expected


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        ("initiated", None, ("trying", 100, "Trying")),
        ("ringing", None, ("ringing", 180, "Ringing")),
        ("in_progress", 200, ("in-progress", 200, "OK")),
        ("in_progress", None, ("in-progress", 200, "OK")),
        ("busy", 600, ("busy", 600, None)),
        ("busy", None, ("busy", None, None)),
        ("canceled", 487, ("no-answer", 487, None)),
        ("no_answer", 408, ("no-answer", 408, None)),
        ("failed", 503, ("failed", 503, None)),
    ],
)
def test_how_a_leg_stands(
    status: str, code: int | None, told: tuple[str, int | None, str | None]
) -> None:
    names = ("call_status", "sip_status", "sip_reason")
    expected = {name: each for name, each in zip(names, told, strict=True) if each is not None}
    standing = Standing(CallStatus(status), 1.0 if status == "in_progress" else None)
    assert leg_fields(standing, LegProgress(LegEvent.COMPLETED, 0, code)) == expected


@pytest.mark.parametrize(
    ("outcome", "code", "status", "sip_status"),
    [
        (O.COMPLETED, 200, "completed", 200),
        (O.COMPLETED, None, "completed", 200),
        (O.BUSY, 486, "busy", 486),
        (O.BUSY, None, "busy", None),
        (O.NO_ANSWER, 487, "no-answer", 487),
        (O.NO_ANSWER, None, "no-answer", None),
        (O.CANCELED, None, "no-answer", None),
        (O.FAILED, 503, "failed", 503),
        (O.BLOCKED, None, "failed", None),
    ],
)
def test_how_a_dial_ended(
    outcome: Outcome, code: int | None, status: str, sip_status: int | None
) -> None:
    expected: dict[str, object] = {"dial_call_status": status, "dial_call_sid": "sid"}
    if sip_status is not None:
        expected["dial_sip_status"] = sip_status
    assert dial_fields(Dialed(outcome, code=code), "sid") == expected
    assert dial_fields(Dialed(outcome, code=code, name="d"), "sid") == expected | {"verb_id": "d"}


def test_nothing_of_ours_is_without_a_word() -> None:
    assert set(DIAL_CALL_STATUS) == set(Outcome)
    assert set(REFER_STATUS) == set(Outcome)
    assert set(CALL_STATUS) == set(CallStatus)
