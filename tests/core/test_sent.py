from dataclasses import replace
from typing import TypeAlias

import pytest

from stasis_refer.core.application import Application, Callback
from stasis_refer.core.events import ReferAnswered, ReferNotified, ReferSeen, TransferStatus
from stasis_refer.core.facts import Return
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import SendRefer, TransferEnded, TransferTimes
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason, Result
from stasis_refer.core.policy import UNDECIDED, Allowed, Blocked
from stasis_refer.core.refer import Seen
from stasis_refer.core.rules import Action, Rule
from stasis_refer.core.sent import Cleared, Heard, SentRefer, Withheld, clear, report
from stasis_refer.core.targets import parse_rule
from stasis_refer.core.verbs import AtPeer, Party, Refer, Transferee

APPLICATION = Application(
    "support",
    "twiml",
    Callback("http://127.0.0.1/voice"),
    no_notify_timeout=30.0,
    ring_timeout=60.0,
    targets=(parse_rule("sip:*@example.com"), parse_rule("tel:+49*")),
)
VERB = Refer("sip:alice@example.com")
CSEQ = 7

BYE = Seen.CALL_GONE
Step: TypeAlias = tuple[float, Heard | Return | Seen]


def answer(code: int, cseq: int = CSEQ, *, subscribed: bool = True) -> ReferAnswered:
    return ReferAnswered(code, cseq, subscribed)


def notify(
    number: int, code: int | None, *, end: bool = False, refer_id: int | None = None
) -> ReferNotified:
    return ReferNotified(code, end, number, refer_id)


def failure(code: int = 0) -> Return:
    return Return(TransferStatus.FAILURE, code)


SUCCESS = Return(TransferStatus.SUCCESS, 0)
SENT: Step = (0.0, ReferSeen(CSEQ))
TAKEN: Step = (0.1, answer(202))
TRYING: Step = (0.2, notify(1, 100))
RINGING: Step = (0.3, notify(2, 180))


def take(refer: SentRefer, what: Heard | Return | Seen, now: float) -> None:
    match what:
        case Return():
            refer.machine.told_by_asterisk(what, now)
        case Seen():
            refer.machine.see(what, now)
        case _:
            refer.hear(what, now)


def follow(*steps: Step, verb: Refer = VERB) -> TransferEnded:
    """Follow a REFER that begins at 0 to its end; deadlines come when they are due."""
    refer = SentRefer.begin(verb, Allowed(), APPLICATION, 0.0)
    waiting, now = list(steps), 0.0
    while not refer.machine.over:
        if waiting and waiting[0][0] < refer.machine.deadline:
            now, what = waiting.pop(0)
            take(refer, what, now)
        else:
            now = refer.machine.deadline
            refer.machine.see(Seen.DEADLINE, now)
    return refer.ended(now)


def result(
    outcome: Outcome,
    reason: Reason,
    evidence: Evidence,
    codes: tuple[int | None, int | None] = (None, None),
    *,
    conflict: bool = False,
) -> Result:
    return Result(outcome, reason, evidence, *codes, conflict)


COMPLETED = result(Outcome.COMPLETED, Reason.FINAL_NOTIFY, Evidence.SIP, (202, 200))
BUSY = result(Outcome.BUSY, Reason.FINAL_NOTIFY, Evidence.SIP, (202, 486))


def rejected(code: int) -> Result:
    return result(Outcome.REJECTED, Reason.REFER_REFUSED, Evidence.SIP, (code, None))


def unconfirmed(reason: Reason, notify_code: int | None = None) -> Result:
    return result(Outcome.UNCONFIRMED, reason, Evidence.SIP, (202, notify_code))


def canceled(notify_code: int | None = None) -> Result:
    return result(Outcome.CANCELED, Reason.HANGUP, Evidence.SIP, (202, notify_code))


def of_another(code: int) -> ReferNotified:
    return notify(8, code, end=True, refer_id=CSEQ - 1)


FAILED_BUSY: Step = (2.0, failure(486))
OUR_SUCCESS = notify(9, 200, end=True, refer_id=CSEQ)

ANSWERED_AGAIN: tuple[Step, ...] = (
    (0.25, ReferSeen(8)),
    (0.26, answer(202, 8)),
    (0.27, notify(1, 200, end=True, refer_id=8)),
)

SITUATIONS = [
    # -- answered by the transferee, followed to the end
    pytest.param(
        (SENT, TAKEN, TRYING, RINGING, (5.0, notify(3, 200, end=True)), (5.0, SUCCESS)),
        COMPLETED,
        5.0,
        id="202, 100, 180, 200",
    ),
    pytest.param(
        (SENT, TAKEN, RINGING, (5.0, SUCCESS), (5.2, notify(3, 200, end=True))),
        COMPLETED,
        5.2,
        id="Asterisk is faster than the copy of the NOTIFY",
    ),
    pytest.param(
        (SENT, TAKEN, (2.0, notify(1, 486, end=True)), (2.0, failure(486))),
        BUSY,
        2.0,
        id="202, 486",
    ),
    pytest.param(
        (SENT, TAKEN, (2.0, notify(1, 603, end=True)), (2.0, failure(603))),
        result(Outcome.FAILED, Reason.FINAL_NOTIFY, Evidence.SIP, (202, 603)),
        2.0,
        id="202, 603",
    ),
    pytest.param(
        (SENT, TAKEN, (2.0, notify(1, 404, end=True)), (2.0, failure(404))),
        result(Outcome.FAILED, Reason.FINAL_NOTIFY, Evidence.SIP, (202, 404)),
        2.0,
        id="202, 404",
    ),
    pytest.param(
        (SENT, TAKEN, RINGING, (40.0, notify(3, 487, end=True)), (40.0, failure(487))),
        result(Outcome.NO_ANSWER, Reason.FINAL_NOTIFY, Evidence.SIP, (202, 487)),
        40.0,
        id="a target that rings longer than a silent transferee may be silent",
    ),
    pytest.param(
        (SENT, (0.1, answer(200)), (5.0, notify(1, 200, end=True)), (5.0, SUCCESS)),
        replace(COMPLETED, refer_code=200),
        5.0,
        id="200 instead of 202",
    ),
    pytest.param(
        (SENT, (0.1, notify(1, 100)), (0.2, answer(202)), (5.0, notify(2, 200)), (5.0, SUCCESS)),
        COMPLETED,
        5.0,
        id="NOTIFY before the 202",
    ),
    pytest.param(
        (SENT, TAKEN, (2.0, notify(1, 486, end=True))),
        BUSY,
        2.5,
        id="a failure needs no word of Asterisk's",
    ),
    # -- the final NOTIFY overtakes the response
    pytest.param(
        (SENT, (0.1, notify(1, 486, end=True)), (0.1, failure(486)), (0.4, answer(202))),
        BUSY,
        0.4,
        id="the final NOTIFY overtakes the response",
    ),
    pytest.param(
        (SENT, (0.1, notify(1, 200, end=True)), (0.1, SUCCESS), (0.4, answer(202))),
        COMPLETED,
        0.4,
        id="a success overtakes the response",
    ),
    pytest.param(
        (SENT, (0.1, notify(1, 486, end=True)), (0.1, failure(486)), (0.7, answer(202))),
        replace(BUSY, refer_code=None),
        0.6,
        id="the final NOTIFY waits half a second for the response",
    ),
    # -- refused
    pytest.param((SENT, (0.1, answer(405)), (0.1, failure(405))), rejected(405), 0.1, id="405"),
    pytest.param((SENT, (0.1, answer(603)), (0.1, failure(603))), rejected(603), 0.1, id="603"),
    pytest.param((SENT, (0.1, answer(481)), (0.1, failure(481))), rejected(481), 0.1, id="481"),
    pytest.param((SENT, (0.1, answer(405))), rejected(405), 0.6, id="405, Asterisk is late"),
    pytest.param(
        (
            SENT,
            (0.1, answer(401)),
            (0.2, ReferSeen(8)),
            (0.3, answer(202, 8)),
            (5.0, notify(1, 200, end=True, refer_id=8)),
            (5.0, SUCCESS),
        ),
        COMPLETED,
        5.0,
        id="401 that Asterisk answers is no rejection",
    ),
    pytest.param(
        (
            SENT,
            (0.1, answer(407)),
            (0.2, ReferSeen(8)),
            (0.25, answer(407)),
            (0.3, answer(486, 8)),
            (0.3, failure(486)),
        ),
        rejected(486),
        0.3,
        id="407 again is of the first REFER",
    ),
    pytest.param(
        (SENT, (0.1, answer(401)), (0.2, ReferSeen(8)), (0.3, answer(401, 8)), (0.3, failure(401))),
        rejected(401),
        0.3,
        id="401 as the last word, after credentials",
    ),
    pytest.param(
        (SENT, (0.1, answer(401)), (0.1, failure(401))),
        rejected(401),
        0.1,
        id="401, no credentials",
    ),
    pytest.param((SENT, (0.1, answer(407))), rejected(407), 1.1, id="407, and nothing more"),
    pytest.param(
        (SENT, (0.1, answer(401)), (0.2, SUCCESS), *ANSWERED_AGAIN),
        COMPLETED,
        0.27,
        id="401 that Asterisk answers, SUCCESS before the copies of that",
    ),
    pytest.param(
        (SENT, (0.1, answer(401)), (0.2, BYE), *ANSWERED_AGAIN),
        COMPLETED,
        0.27,
        id="401 that Asterisk answers, BYE before the copies of that",
    ),
    pytest.param(
        (SENT, (0.1, answer(401)), (0.2, failure(486))),
        rejected(401),
        0.7,
        id="401 that Asterisk answers, the copies of that were lost",
    ),
    pytest.param(
        (SENT, (0.1, answer(401)), (0.2, ReferSeen(8)), (32.2, failure(408))),
        result(Outcome.UNANSWERED, Reason.NO_RESPONSE, Evidence.ASTERISK, (408, None)),
        32.7,
        id="no response to the REFER with credentials",
    ),
    # -- another REFER of the call ends meanwhile, and Transfer() takes that for ours
    pytest.param(
        (SENT, TAKEN, (1.0, of_another(200)), (1.0, SUCCESS)),
        unconfirmed(Reason.NO_NOTIFY),
        30.1,
        id="another one's late success is not ours",
    ),
    pytest.param(
        (SENT, TAKEN, (1.0, SUCCESS), (1.02, of_another(200))),
        unconfirmed(Reason.NO_NOTIFY),
        31.02,
        id="another one's late success is not ours, its copy comes behind Asterisk's word",
    ),
    pytest.param(
        (SENT, TAKEN, RINGING, (2.0, of_another(487)), (2.0, failure(487)), (3.0, OUR_SUCCESS)),
        COMPLETED,
        3.0,
        id="another one's failure is not ours, which succeeds",
    ),
    pytest.param(
        (SENT, TAKEN, RINGING, (2.0, failure(487)), (2.02, of_another(487)), (3.0, OUR_SUCCESS)),
        COMPLETED,
        3.0,
        id="another one's failure is not ours, which succeeds; its copy comes late",
    ),
    pytest.param(
        (SENT, TAKEN, (2.0, of_another(200)), (2.0, SUCCESS), (3.0, notify(9, 486, end=True))),
        BUSY,
        3.0,
        id="another one's success is not ours, which is busy",
    ),
    pytest.param(
        (SENT, (0.05, of_another(486)), (0.05, failure(486)), TAKEN, RINGING),
        unconfirmed(Reason.RING_TIMEOUT, 180),
        60.3,
        id="another one's failure before the response",
    ),
    pytest.param(
        (SENT, TAKEN, RINGING, (2.0, of_another(487)), (2.0, failure(487)), (3.0, BYE)),
        result(Outcome.CANCELED, Reason.HANGUP, Evidence.SIP, (202, 180)),
        4.0,
        id="another one's failure, then the caller hangs up",
    ),
    pytest.param(
        (SENT, TAKEN, (2.0, OUR_SUCCESS), (2.01, of_another(487)), (2.02, SUCCESS)),
        COMPLETED,
        2.02,
        id="another one's failure behind our success",
    ),
    # -- nobody tells the end
    pytest.param((SENT, TAKEN), unconfirmed(Reason.NO_NOTIFY), 30.1, id="202, then nothing"),
    pytest.param(
        (SENT, TAKEN, (20.0, notify(1, 100))),
        unconfirmed(Reason.RING_TIMEOUT, 100),
        80.0,
        id="a NOTIFY 100 ends the first time limit",
    ),
    pytest.param(
        (SENT, TAKEN, (1.0, notify(1, 180)), (50.0, notify(2, 180))),
        unconfirmed(Reason.RING_TIMEOUT, 180),
        61.0,
        id="a second 180 restarts nothing",
    ),
    pytest.param(
        (SENT, TAKEN, (20.0, notify(1, None))),
        unconfirmed(Reason.RING_TIMEOUT),
        80.0,
        id="sipfrag garbage is a NOTIFY of some kind",
    ),
    pytest.param(
        (SENT, TAKEN, (1.0, notify(1, None)), (5.0, notify(2, 200, end=True)), (5.0, SUCCESS)),
        COMPLETED,
        5.0,
        id="sipfrag garbage first",
    ),
    pytest.param(
        (SENT, TAKEN, (1.0, notify(1, 180, end=True)), (1.0, failure())),
        unconfirmed(Reason.SUBSCRIPTION_ENDED, 180),
        1.0,
        id="terminated with a 180",
    ),
    pytest.param(
        (SENT, TAKEN, RINGING, (1.0, notify(3, None, end=True)), (1.0, failure())),
        unconfirmed(Reason.SUBSCRIPTION_ENDED, 180),
        1.0,
        id="terminated with garbage",
    ),
    pytest.param(
        (SENT, (0.1, answer(202, subscribed=False)), (0.1, SUCCESS)),
        result(Outcome.UNCONFIRMED, Reason.REFER_SUB_FALSE, Evidence.ASTERISK, (202, None)),
        0.1,
        id="Refer-Sub: false",
    ),
    pytest.param(
        (SENT,),
        result(Outcome.UNANSWERED, Reason.NO_RESPONSE, Evidence.NONE, (408, None)),
        34.0,
        id="no response, no word of Asterisk's",
    ),
    pytest.param(
        (SENT, (32.0, failure(408))),
        result(Outcome.UNANSWERED, Reason.NO_RESPONSE, Evidence.ASTERISK, (408, None)),
        32.5,
        id="no response: Timer F",
    ),
    # -- NOTIFYs that come twice, or are another REFER's
    pytest.param(
        (
            SENT,
            TAKEN,
            (5.0, notify(3, 200, end=True)),
            (5.1, notify(3, 200, end=True)),
            (5.1, notify(4, 200, end=True)),
            (5.2, SUCCESS),
        ),
        COMPLETED,
        5.2,
        id="the final NOTIFY twice",
    ),
    pytest.param(
        (SENT, TAKEN, (1.0, notify(5, 180)), (1.1, notify(4, 100)), (61.5, notify(6, 486))),
        unconfirmed(Reason.RING_TIMEOUT, 180),
        61.0,
        id="a NOTIFY that was overtaken is old",
    ),
    pytest.param(
        (
            SENT,
            TAKEN,
            (1.0, notify(3, 486, end=True, refer_id=5)),
            (1.2, notify(4, 200, refer_id=5)),
        ),
        unconfirmed(Reason.NO_NOTIFY),
        30.1,
        id="the NOTIFYs of another REFER",
    ),
    pytest.param(
        (
            SENT,
            TAKEN,
            (1.0, notify(9, 486, end=True, refer_id=5)),
            (2.0, notify(3, 200, end=True, refer_id=CSEQ)),
            (2.0, SUCCESS),
        ),
        COMPLETED,
        2.0,
        id="the NOTIFY of another REFER is not taken for the last one",
    ),
    pytest.param(
        (TAKEN, (0.3, notify(1, 180, refer_id=CSEQ)), (5.0, notify(2, 200)), (5.0, SUCCESS)),
        COMPLETED,
        5.0,
        id="the copy of the REFER was lost",
    ),
    # -- the transferee says BYE
    pytest.param(
        (SENT, (0.05, BYE)),
        result(Outcome.CANCELED, Reason.HANGUP, Evidence.NONE),
        1.05,
        id="BYE before the response",
    ),
    pytest.param(
        (SENT, (0.05, BYE), (0.06, ReferAnswered(202, CSEQ)), (0.07, notify(3, 200, end=True))),
        COMPLETED,
        0.07,
        id="BYE before the copies of response and NOTIFY",
    ),
    pytest.param((SENT, TAKEN, (2.0, BYE)), canceled(), 3.0, id="BYE before any NOTIFY"),
    pytest.param((SENT, TAKEN, RINGING, (2.0, BYE)), canceled(180), 3.0, id="BYE at 180"),
    pytest.param(
        (SENT, TAKEN, RINGING, (2.0, BYE), (2.1, failure()), (2.6, notify(3, 183))),
        canceled(183),
        3.0,
        id="FAILURE/0 and a 183 after the BYE",
    ),
    pytest.param(
        (SENT, TAKEN, RINGING, (2.0, BYE), (2.5, notify(3, 200, end=True))),
        COMPLETED,
        2.5,
        id="200 half a second after the BYE",
    ),
    pytest.param(
        (SENT, TAKEN, RINGING, (2.0, BYE), (2.1, failure()), (2.5, notify(3, 486, end=True))),
        BUSY,
        2.5,
        id="486 half a second after the BYE",
    ),
    pytest.param(
        (SENT, TAKEN, RINGING, (2.0, BYE), (3.1, notify(3, 200, end=True))),
        canceled(180),
        3.0,
        id="200 too long after the BYE",
    ),
    pytest.param(
        (SENT, TAKEN, RINGING, (2.0, BYE), (2.2, notify(3, 180, end=True))),
        canceled(180),
        2.2,
        id="the subscription ends with the call",
    ),
    pytest.param(
        (SENT, TAKEN, (2.0, notify(3, 200, end=True)), (2.01, BYE)),
        COMPLETED,
        2.01,
        id="BYE right after the 200",
    ),
    pytest.param(
        (SENT, TAKEN, (2.0, notify(3, 486, end=True)), (2.01, BYE)),
        BUSY,
        2.01,
        id="BYE right after the 486",
    ),
    pytest.param(
        (SENT, TAKEN, RINGING, (2.0, SUCCESS), (2.1, BYE)),
        result(Outcome.COMPLETED, Reason.TRANSFER_STATUS, Evidence.ASTERISK, (202, 180)),
        2.5,
        id="BYE after Asterisk's SUCCESS, the copy of the NOTIFY was lost",
    ),
    pytest.param(
        (SENT, TAKEN, RINGING, (2.0, SUCCESS), (2.1, BYE), (2.2, notify(3, 200, end=True))),
        COMPLETED,
        2.2,
        id="BYE after Asterisk's SUCCESS, the copy of the NOTIFY is late",
    ),
    # -- the witnesses contradict each other
    pytest.param(
        (SENT, TAKEN, (5.0, notify(1, 200, end=True)), (5.0, failure(486))),
        result(Outcome.BUSY, Reason.WITNESS_CONFLICT, Evidence.ASTERISK, (202, 486), conflict=True),
        5.0,
        id="SIP 200, Asterisk 486",
    ),
    pytest.param(
        (SENT, TAKEN, (5.0, notify(1, 486, end=True)), (5.0, SUCCESS)),
        replace(BUSY, conflict=True),
        5.0,
        id="SIP 486, Asterisk SUCCESS",
    ),
    pytest.param(
        (SENT, (0.1, answer(405)), (0.1, SUCCESS)),
        replace(rejected(405), conflict=True),
        0.1,
        id="SIP 405, Asterisk SUCCESS",
    ),
    pytest.param(
        (SENT, TAKEN, (5.0, notify(1, 200, end=True))),
        result(
            Outcome.UNCONFIRMED, Reason.WITNESS_CONFLICT, Evidence.NONE, (202, None), conflict=True
        ),
        30.1,
        id="a forged 200 changes nothing until the time limit of silence",
    ),
    pytest.param(
        (SENT, TAKEN, TRYING, (5.0, notify(2, 200, end=True))),
        result(
            Outcome.UNCONFIRMED, Reason.WITNESS_CONFLICT, Evidence.NONE, (202, 100), conflict=True
        ),
        60.2,
        id="a forged 200 changes nothing until the time limit of ringing",
    ),
    pytest.param(
        (SENT, (0.05, notify(1, 200, end=True)), (0.1, answer(202)), (20.0, failure(486))),
        result(Outcome.BUSY, Reason.WITNESS_CONFLICT, Evidence.ASTERISK, (202, 486), conflict=True),
        20.0,
        id="a forged 200 before the response",
    ),
    pytest.param(
        (
            SENT,
            TAKEN,
            (5.0, notify(1, 200, end=True)),
            (6.0, notify(2, 180)),
            (40.0, notify(3, 200, end=True)),
            (40.0, SUCCESS),
        ),
        COMPLETED,
        40.0,
        id="a forged 200 before the first true NOTIFY shortens nothing",
    ),
    pytest.param(
        (SENT, TAKEN, TRYING, (5.0, notify(2, 200, end=True)), (50.0, notify(3, 180))),
        result(Outcome.UNCONFIRMED, Reason.RING_TIMEOUT, Evidence.SIP, (202, 180), conflict=True),
        60.2,
        id="a 180 behind a forged 200 restarts nothing",
    ),
    pytest.param(
        (SENT, TAKEN, RINGING, (5.0, OUR_SUCCESS), (7.0, notify(10, 486)), (7.0, failure(486))),
        replace(BUSY, conflict=True),
        7.0,
        id="a forged 200, then the true end",
    ),
    pytest.param(
        (SENT, TAKEN, RINGING, (5.0, OUR_SUCCESS), (5.0, notify(10, 486)), (5.0, SUCCESS)),
        COMPLETED,
        5.0,
        id="a forged 486 behind the true end",
    ),
    pytest.param(
        (SENT, (0.1, notify(1, 200)), (0.2, answer(405)), (0.2, failure(405))),
        replace(rejected(405), conflict=True),
        0.2,
        id="a forged 200 of a REFER that is refused",
    ),
    pytest.param(
        (SENT, TAKEN, (1.0, of_another(486)), (2.0, OUR_SUCCESS), (20.0, failure(480))),
        result(
            Outcome.NO_ANSWER, Reason.WITNESS_CONFLICT, Evidence.ASTERISK, (202, 480), conflict=True
        ),
        20.0,
        id="a forged end of another one hides no forged 200",
    ),
    pytest.param(
        (SENT, TAKEN, (1.0, of_another(486)), (2.0, failure(480))),
        result(Outcome.NO_ANSWER, Reason.TRANSFER_STATUS, Evidence.ASTERISK, (202, 480)),
        2.5,
        id="a forged end of another one does not silence Asterisk",
    ),
    pytest.param(
        (SENT, (0.05, ReferSeen(8)), TAKEN, (2.0, notify(1, 486, refer_id=CSEQ)), FAILED_BUSY),
        BUSY,
        2.0,
        id="a forged REFER does not take the place of ours",
    ),
    # -- nothing is captured: [capture] is off
    pytest.param(
        ((20.0, SUCCESS),),
        result(Outcome.COMPLETED, Reason.TRANSFER_STATUS, Evidence.ASTERISK),
        20.0,
        id="no capture, SUCCESS",
    ),
    pytest.param(
        ((0.1, failure(405)),),
        result(Outcome.REJECTED, Reason.TRANSFER_STATUS, Evidence.ASTERISK, (405, None)),
        0.1,
        id="no capture, 405",
    ),
    pytest.param(
        ((3.0, failure(486)),),
        result(Outcome.BUSY, Reason.TRANSFER_STATUS, Evidence.ASTERISK, (None, 486)),
        3.0,
        id="no capture, 486",
    ),
    pytest.param(
        ((3.0, failure()),),
        result(Outcome.UNCONFIRMED, Reason.TRANSFER_STATUS, Evidence.ASTERISK),
        3.0,
        id="no capture, FAILURE without a code",
    ),
    pytest.param(
        ((3.0, BYE),),
        result(Outcome.CANCELED, Reason.HANGUP, Evidence.NONE),
        4.0,
        id="no capture, the caller hangs up",
    ),
    pytest.param(
        ((45.0, SUCCESS),),
        result(Outcome.COMPLETED, Reason.TRANSFER_STATUS, Evidence.ASTERISK),
        45.0,
        id="no capture, the target rings for 45 s",
    ),
]


@pytest.mark.parametrize(("steps", "expected", "ended_at"), SITUATIONS)
def test_situations(steps: tuple[Step, ...], expected: Result, ended_at: float) -> None:
    ended = follow(*steps)
    assert ended.result == expected
    assert ended.times.ended == pytest.approx(ended_at)


def test_without_a_capture_silence_is_unconfirmed_not_unanswered() -> None:
    assert follow().result.outcome is Outcome.UNCONFIRMED


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(((6.0, notify(3, 180)), (9.0, BYE)), id="it rings on"),
        pytest.param(((20.0, BYE),), id="Asterisk's word would have been there long before"),
    ],
)
def test_a_caller_who_hangs_up_behind_a_forged_200_canceled(steps: tuple[Step, ...]) -> None:
    ended = follow(SENT, TAKEN, TRYING, (5.0, notify(2, 200)), *steps)
    assert ended.result.outcome is Outcome.CANCELED


def test_every_outcome_of_a_refer_that_was_sent_is_among_the_situations() -> None:
    told = {row.values[1].outcome for row in SITUATIONS if isinstance(row.values[1], Result)}
    # Nothing is sent when blocked; an error is Asterisk's refusal, and the call's to tell.
    assert told == set(Outcome) - {Outcome.BLOCKED, Outcome.ERROR}


# -- times -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "steps", "ended_at"),
    [
        (replace(VERB, no_notify_timeout=4.0), (SENT, TAKEN), 4.1),
        (replace(VERB, ring_timeout=5.0), (SENT, TAKEN, RINGING), 5.3),
        (replace(VERB, no_notify_timeout=4.0), (SENT, TAKEN, RINGING), 60.3),
        (replace(VERB, ring_timeout=5.0), (SENT, TAKEN), 30.1),
    ],
)
def test_the_verb_s_time_limits_go_before_the_application_s(
    verb: Refer, steps: tuple[Step, ...], ended_at: float
) -> None:
    assert follow(*steps, verb=verb).times.ended == pytest.approx(ended_at)


@pytest.mark.parametrize(
    ("steps", "times"),
    [
        (
            (SENT, TAKEN, TRYING, RINGING, (5.0, notify(3, 200)), (5.0, SUCCESS)),
            TransferTimes(answered=0.1, ringing=0.3, ended=5.0),
        ),
        ((SENT, TAKEN, (2.0, notify(1, 486)), (2.0, failure(486))), TransferTimes(0.1, None, 2.0)),
        (((2.0, SUCCESS),), TransferTimes(None, None, 2.0)),
    ],
)
def test_times_are_seconds_since_the_transfer_began(
    steps: tuple[Step, ...], times: TransferTimes
) -> None:
    assert follow(*steps).times == times


def test_the_report_names_direction_target_and_group() -> None:
    blocked = result(Outcome.BLOCKED, Reason.POLICY, Evidence.NONE, (403, None))
    denied = report(VERB, Blocked("it is", "no-alice", "people"), blocked)
    times = TransferTimes()
    assert denied == TransferEnded(Direction.SENT, str(VERB.target), "people", blocked, times)
    assert denied.rule == "no-alice"
    ended = follow(SENT, TAKEN)
    assert (ended.direction, ended.target) == (Direction.SENT, VERB.target)
    assert (ended.group, ended.rule) == ("default", "default")


# -- a success that comes too late -----------------------------------------------


@pytest.mark.parametrize(
    ("heard", "late"),
    [
        pytest.param(notify(9, 200, end=True), True, id="200"),
        pytest.param(notify(9, 202), True, id="any 2xx"),
        pytest.param(notify(9, 200, refer_id=CSEQ), True, id="200 with our id"),
        pytest.param(notify(9, 200, refer_id=3), False, id="200 of another REFER"),
        pytest.param(notify(9, 180), False, id="still ringing"),
        pytest.param(notify(9, None, end=True), False, id="an end without a status"),
        pytest.param(notify(9, 486, end=True), False, id="busy"),
        pytest.param(answer(202), False, id="a response"),
        pytest.param(ReferSeen(CSEQ), False, id="our own REFER"),
    ],
)
def test_a_late_success_is_a_final_2xx_notify_of_this_refer(heard: Heard, *, late: bool) -> None:
    refer = SentRefer.begin(VERB, Allowed(), APPLICATION, 0.0)
    refer.hear(ReferSeen(CSEQ), 0.0)
    assert refer.late_success(heard) is late


# -- before anything is sent -----------------------------------------------------

SIP_LEG = CallInfo("0" * 32, "1700000000.1", channel_name="PJSIP/caller-00000001")
LOCAL_LEG = CallInfo("0" * 32, "1700000000.2", channel_name="Local/s@demo-00000001;1")


@pytest.mark.parametrize(
    ("verb", "intent"),
    [
        (VERB, SendRefer("sip:alice@example.com")),
        (
            Refer(" <sip:alice@EXAMPLE.com?X-Acct=1&Subject=a%20b> "),
            SendRefer("<sip:alice@example.com?X-Acct=1&Subject=a%20b>"),
        ),
        (Refer("tel:+491234"), SendRefer("tel:+491234")),
        (
            Refer("sip:alice@example.com", referred_by="sip:ivr@example.net;transport=tcp"),
            SendRefer("sip:alice@example.com", "<sip:ivr@example.net;transport=tcp>"),
        ),
    ],
)
def test_what_may_go_out_is_parsed_and_written_again(verb: Refer, intent: SendRefer) -> None:
    assert clear(verb, SIP_LEG, APPLICATION) == Cleared(intent, Allowed())


@pytest.mark.parametrize(
    ("verb", "reason", "code"),
    [
        (Refer(""), Reason.BAD_URI, 400),
        (Refer("alice"), Reason.BAD_URI, 400),
        (Refer("sip:alice@exa mple.com"), Reason.BAD_URI, 400),
        (Refer("sip:alice@example.com\r\nX-Evil: 1"), Reason.BAD_URI, 400),
        (Refer("sip:alice@example.com?X-A=%0D%0AX-Evil:%201"), Reason.BAD_URI, 400),
        (Refer("sip:alice@example.com:70000"), Reason.BAD_URI, 400),
        (Refer("sip:alice@example.com?Replaces=1&Route=x"), Reason.RESERVED_HEADER, 400),
        (replace(VERB, referred_by="sip:ivr@example.net\nX-Evil: 1"), Reason.BAD_URI, 400),
        (Refer("sip:alice@example.org"), Reason.POLICY, 403),
        (Refer("sip:alice@example.com@example.org"), Reason.BAD_URI, 400),
        (Refer("tel:+441234"), Reason.POLICY, 403),
    ],
)
@pytest.mark.parametrize("info", [SIP_LEG, LOCAL_LEG])
def test_what_may_not_go_out_is_blocked(
    verb: Refer, info: CallInfo, reason: Reason, code: int
) -> None:
    blocked = Result(Outcome.BLOCKED, reason, Evidence.NONE, code)
    found = clear(verb, info, APPLICATION)
    assert isinstance(found, Withheld)
    assert found.result == blocked


@pytest.mark.parametrize(
    ("verb", "detail"),
    [
        (
            Refer("sip:alice@example.com:70000"),
            "target: bad_port at offset 22: write 1 to 65535",
        ),
        (
            replace(VERB, referred_by="sip:ivr@example.net:0"),
            "Referred-By: bad_port at offset 20: write 1 to 65535",
        ),
        (
            Refer("sip:alice@example.org"),
            (
                "no rule allows the target: add one, or a pattern in [targets] allow, if it may be"
                " called; `stasis-refer check --target URI` tells which rule decides"
            ),
        ),
    ],
)
def test_what_is_blocked_says_what_is_wrong_and_what_to_do(verb: Refer, detail: str) -> None:
    blocked = clear(verb, SIP_LEG, APPLICATION)
    assert isinstance(blocked, Withheld)
    assert blocked.result.detail == detail


def test_nothing_is_allowed_by_default() -> None:
    found = clear(VERB, SIP_LEG, replace(APPLICATION, targets=()))
    assert isinstance(found, Withheld)
    assert found.result == Result(Outcome.BLOCKED, Reason.POLICY, Evidence.NONE, 403)
    assert (found.by.rule, found.by.group) == ("", "")


def test_the_rule_that_denies_is_known() -> None:
    rule = Rule("no-alice", Action.DENY, users=("alice",), group="people")
    found = clear(VERB, SIP_LEG, replace(APPLICATION, rules=(rule,)))
    assert isinstance(found, Withheld)
    assert (found.by.rule, found.by.group) == ("no-alice", "people")


def test_a_leg_that_is_not_sip_cannot_be_referred() -> None:
    error = Result(Outcome.ERROR, Reason.NOT_SIP, Evidence.NONE)
    assert clear(VERB, LOCAL_LEG, APPLICATION) == Withheld(error)


# -- who is meant ----------------------------------------------------------------

CALLED = CallInfo("0" * 32, "1.1", "call@x", "PJSIP/x-1", caller="bob", peer="10.0.0.7")
ALL = replace(APPLICATION, targets=tuple(map(parse_rule, ("sip:*", "sip:*@*", "tel:*"))))


def cleared(verb: Refer, info: CallInfo = CALLED) -> SendRefer:
    found = clear(verb, info, ALL)
    assert isinstance(found, Cleared)
    return found.intent


def withheld(verb: Refer, info: CallInfo = CALLED) -> Result:
    found = clear(verb, info, ALL)
    assert isinstance(found, Withheld)
    assert found.by is UNDECIDED
    return found.result


@pytest.mark.parametrize(
    ("target", "refer_to"),
    [
        ("sip:alice@example.com", "sip:alice@example.com"),
        ("tel:+4930123", "tel:+4930123"),
        ("<sip:alice@example.com;transport=tcp>", "<sip:alice@example.com;transport=tcp>"),
        ('"Alice" <sip:alice@example.com>', "sip:alice@example.com"),
        (AtPeer("+4930123"), "sip:+4930123@10.0.0.7"),
        (AtPeer("sales"), "sip:sales@10.0.0.7"),
        (Transferee(), "sip:bob@10.0.0.7"),
    ],
)
def test_a_target_may_be_known_only_once_there_is_a_call(target: Party, refer_to: str) -> None:
    assert cleared(Refer(target)).refer_to == refer_to


def test_a_host_may_be_an_ipv6_address() -> None:
    caller = replace(CALLED, peer="2001:db8::1")
    assert cleared(Refer(AtPeer("100")), caller).refer_to == "sip:100@[2001:db8::1]"


@pytest.mark.parametrize(
    ("by", "name", "referred_by"),
    [
        (None, "", None),
        ("sip:me@example.net", "", "sip:me@example.net"),
        ("sip:me@example.net", "Me", '"Me" <sip:me@example.net>'),
        ("sip:me@example.net", 'M "e" \\', '"M \\"e\\" \\\\" <sip:me@example.net>'),
        (AtPeer("100"), "", "sip:100@10.0.0.7"),
        (Transferee(), "", "sip:bob@10.0.0.7"),
        (Transferee(), "Zoë", '"Zoë" <sip:bob@10.0.0.7>'),
    ],
)
def test_referred_by_is_parsed_and_written_again(
    by: Party | None, name: str, referred_by: str | None
) -> None:
    verb = Refer("sip:alice@example.com", referred_by=by, referred_by_name=name)
    assert cleared(verb).referred_by == referred_by


@pytest.mark.parametrize(
    "info", [replace(CALLED, peer=""), replace(CALLED, caller=""), replace(CALLED, caller="b b")]
)
def test_an_identity_that_is_not_known_is_anonymous(info: CallInfo) -> None:
    verb = Refer("sip:alice@example.com", referred_by=Transferee())
    assert cleared(verb, info).referred_by == "sip:anonymous@anonymous.invalid"


@pytest.mark.parametrize("name", ["a\r\nb", "x" * 257])
def test_a_display_name_that_cannot_be_sent_is_blocked_whoever_is_named(name: str) -> None:
    verb = replace(VERB, referred_by=Transferee(), referred_by_name=name, place="line 3, column 5")
    blocked = withheld(verb)
    assert (blocked.reason, blocked.refer_code) == (Reason.BAD_URI, 400)
    assert blocked.detail.startswith("line 3, column 5: Referred-By: ")


@pytest.mark.parametrize(
    ("verb", "reason", "detail"),
    [
        (Refer(AtPeer("")), Reason.BAD_URI, "user"),
        (Refer(AtPeer("a b")), Reason.BAD_URI, "percent-encoded"),
        (Refer(AtPeer("a\r\nX: 1")), Reason.BAD_URI, "control"),
        (replace(VERB, referred_by="nobody"), Reason.BAD_URI, "Referred-By"),
        (replace(VERB, referred_by="sip:a@b", referred_by_name="a\r\nb"), Reason.BAD_URI, "line"),
        (
            replace(VERB, referred_by="sip:a@b", referred_by_name="x" * 257),
            Reason.BAD_URI,
            "at most 256",
        ),
        (replace(VERB, headers=(("X-A", "1\r\n2"),)), Reason.BAD_HEADER, "X-A"),
        (replace(VERB, headers=(("X A", "1"),)), Reason.BAD_HEADER, "token"),
        (replace(VERB, headers=(("Route", "sip:x"),)), Reason.RESERVED_HEADER, "Route"),
    ],
)
def test_what_cannot_be_sent_is_blocked_as_malformed(
    verb: Refer, reason: Reason, detail: str
) -> None:
    blocked = withheld(verb)
    assert blocked == result(Outcome.BLOCKED, reason, Evidence.NONE, (400, None))
    assert detail in blocked.detail


def test_a_user_at_a_host_that_is_not_known_is_blocked_with_the_remedy() -> None:
    blocked = withheld(Refer(AtPeer("100")), replace(CALLED, peer=""))
    assert "write a whole URI" in blocked.detail


def test_further_headers_go_along() -> None:
    verb = replace(VERB, headers=(("X-A", " 1 "), ("X-B", "2")))
    assert cleared(verb).headers == (("X-A", "1"), ("X-B", "2"))
