from dataclasses import replace

import pytest

from stasis_refer.core.application import Application
from stasis_refer.core.events import (
    CallEnded,
    ChannelUp,
    Command,
    CommandRefused,
    DrainOver,
    LimitReached,
    ReferAnswered,
)
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import CreateLeg, SendRefer, TransferEnded
from stasis_refer.core.leg import key_of
from stasis_refer.core.outcome import Outcome, Reason
from stasis_refer.core.verbs import Instead, Refer, SecondLeg
from tests.core.calls import INFO, PLAIN, REFER, SENT, Line, Step, document, returned
from tests.core.dials import HOLDING, answers, apart, hangs_up, refers, refuses, rings

ALWAYS = replace(PLAIN, dial_instead=True)
INSTEAD = replace(REFER, instead=Instead.DIAL)
NEVER = replace(REFER, instead=Instead.NOTHING)
NO_REFER = replace(INFO, allow="INVITE, ACK, BYE, CANCEL")
NOT_SAID = replace(INFO, allow="")
DIALED = "create leg 1 stasis_refer/sip:alice@example.com"
CANNOT = [400, 403, 405, 420, 488, 501, 603]


def refused(code: int) -> tuple[Step, ...]:
    return SENT, (0.1, ReferAnswered(code, 7)), (0.2, returned(code))


def results(line: Line) -> list[tuple[Outcome, Reason, int | None, int | None]]:
    found = [each.result for each in line.intents if isinstance(each, TransferEnded)]
    return [(each.outcome, each.reason, each.refer_code, each.notify_code) for each in found]


@pytest.mark.parametrize("code", CANNOT)
def test_a_refusal_of_a_phone_that_cannot_transfer(code: int) -> None:
    line = Line()
    line.happens((0.0, document(INSTEAD)), *refused(code))
    line.wait(2.0)
    assert line.words[-2].endswith(DIALED)
    assert results(line) == []
    at = line.now
    line.happens(*answers(at))
    assert results(line) == [(Outcome.COMPLETED, Reason.BRIDGED_FALLBACK, code, None)]
    ended = next(each for each in line.intents if isinstance(each, TransferEnded))
    assert ended.endpoint == INFO.endpoint


@pytest.mark.parametrize("code", [404, 480, 481, 486, 500, 503])
def test_another_refusal(code: int) -> None:
    line = Line()
    line.happens((0.0, document(INSTEAD)), *refused(code))
    line.wait(2.0)
    assert [outcome for outcome, *_ in results(line)] == [Outcome.REJECTED]


@pytest.mark.parametrize(
    ("verb", "application", "info", "sent", "dialed"),
    [
        pytest.param(INSTEAD, PLAIN, INFO, True, True, id="the verb wants it"),
        pytest.param(REFER, PLAIN, INFO, True, False, id="nobody wants it"),
        pytest.param(REFER, ALWAYS, INFO, True, True, id="the application wants it"),
        pytest.param(NEVER, ALWAYS, INFO, True, False, id="the verb does not, whatever it says"),
        pytest.param(INSTEAD, PLAIN, NO_REFER, False, True, id="the phone said it cannot"),
        pytest.param(REFER, ALWAYS, NO_REFER, False, True, id="it said so, the application"),
        pytest.param(REFER, PLAIN, NO_REFER, True, False, id="it said so, nobody wants a dial"),
        pytest.param(INSTEAD, PLAIN, NOT_SAID, True, True, id="the phone said nothing"),
        pytest.param(
            replace(INSTEAD, replaces="9" * 32), PLAIN, INFO, True, False, id="it has Replaces"
        ),
    ],
)
def test_whether_the_target_is_dialed(
    verb: Refer, application: Application, info: CallInfo, *, sent: bool, dialed: bool
) -> None:
    line = Line(application, info)
    line.happens((0.0, document(verb)), *(refused(405) if sent else ()))
    line.wait(2.0)
    assert bool([each for each in line.words if each.endswith(DIALED)]) is dialed
    assert bool([each for each in line.words if " refer " in each]) is sent


@pytest.mark.parametrize(
    ("verb", "steps", "expected"),
    [
        pytest.param(
            INSTEAD,
            (*answers(1.0), hangs_up(9.0), apart(9.1)),
            [
                "1 call leg 1",
                "2 stop 1700000000.1-1",
                "2 connect caller leg 1 in bridge 1",
                "2 ended completed",
                "9 separate bridge 1",
                "9.1 fetch action completed",
            ],
            id="the target answers, and hangs up in the end",
        ),
        pytest.param(
            replace(INSTEAD, action=None),
            (*answers(1.0), (9.0, CallEnded())),
            [
                "1 call leg 1",
                "2 stop 1700000000.1-1",
                "2 connect caller leg 1 in bridge 1",
                "2 ended completed",
                "9 drop leg 1",
                "9 separate bridge 1",
            ],
            id="no action URL",
        ),
        pytest.param(
            INSTEAD,
            refuses(1.0, 486),
            ["1 call leg 1", "1 stop 1700000000.1-1", "1 ended busy", "1 fetch action busy"],
            id="the target is busy",
        ),
        pytest.param(
            INSTEAD,
            rings(1.0),
            [
                "1 call leg 1",
                "60.2 drop leg 1",
                "60.2 stop 1700000000.1-1",
                "60.2 ended no_answer",
                "60.2 fetch action no_answer",
            ],
            id="the target rings in vain",
        ),
        pytest.param(
            INSTEAD,
            (*rings(1.0), (2.0, CallEnded())),
            ["1 call leg 1", "2 drop leg 1", "2 ended canceled", "2 fetch action canceled"],
            id="the caller hangs up meanwhile",
        ),
        pytest.param(
            INSTEAD,
            (*rings(1.0), (2.0, DrainOver())),
            [
                "1 call leg 1",
                "2 ended error",
                "2 drop leg 1",
                "2 stop 1700000000.1-1",
                "2 return to dialplan",
            ],
            id="the program stops",
        ),
        pytest.param(
            INSTEAD,
            (*answers(1.0), (3.0, CommandRefused(Command.CONNECT, 409))),
            [
                "1 call leg 1",
                "2 stop 1700000000.1-1",
                "2 connect caller leg 1 in bridge 1",
                "2 ended completed",
                "3 drop leg 1",
                "3 separate bridge 1",
                "3 fetch action completed",
            ],
            id="Asterisk does not connect them",
        ),
    ],
)
def test_a_dial_in_the_place_of_a_refer(
    verb: Refer, steps: tuple[Step, ...], expected: list[str]
) -> None:
    line = Line()
    line.happens((0.0, document(verb)), *refused(405))
    line.wait(0.9)
    assert line.words[-2].endswith(DIALED)
    del line.words[:]
    line.happens(*steps)
    line.wait(99.0)
    assert line.words == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param(
            answers(1.0), (Outcome.COMPLETED, Reason.BRIDGED_FALLBACK, 405, None), id="answers"
        ),
        pytest.param(
            refuses(1.0, 486), (Outcome.BUSY, Reason.BRIDGED_FALLBACK, 405, 486), id="busy"
        ),
        pytest.param(
            rings(1.0), (Outcome.NO_ANSWER, Reason.BRIDGED_FALLBACK, 405, None), id="no answer"
        ),
        pytest.param(
            (*rings(1.0), (2.0, CallEnded())),
            (Outcome.CANCELED, Reason.HANGUP, 405, None),
            id="canceled",
        ),
        pytest.param(
            (*rings(1.0), (2.0, DrainOver())),
            (Outcome.ERROR, Reason.STOPPED, None, None),
            id="stops",
        ),
        pytest.param(
            ((0.15, DrainOver()),), (Outcome.ERROR, Reason.STOPPED, None, None), id="early"
        ),
        pytest.param(
            (*answers(1.0), (3.0, CommandRefused(Command.CONNECT, 409))),
            (Outcome.COMPLETED, Reason.BRIDGED_FALLBACK, 405, None),
            id="not connected after all",
        ),
    ],
)
def test_it_is_counted_once(
    steps: tuple[Step, ...],
    expected: tuple[Outcome, Reason, int | None, int | None],
) -> None:
    line = Line()
    first = refused(405)[:2] if steps[0][0] < 0.2 else refused(405)
    line.happens((0.0, document(INSTEAD)), *first, *steps)
    line.wait(99.0)
    assert results(line) == [expected]


def test_a_target_that_is_not_allowed_is_not_dialed_either() -> None:
    line = Line()
    line.happens((0.0, document(replace(INSTEAD, target="sip:alice@example.org"))))
    assert line.words[1:] == ["0 began", "0 ended blocked", "0 fetch action blocked"]


def test_over_the_limit_of_transfers_nobody_is_called_either() -> None:
    line = Line(info=NO_REFER)
    line.happens((0.0, document(INSTEAD)))
    assert line.words[-2].endswith(DIALED)
    del line.words[:]
    line.happens((0.1, LimitReached("too many")))
    assert line.words == [
        "0.1 stop 1700000000.1-1",
        "0.1 ended blocked",
        "0.1 fetch action blocked",
    ]
    assert results(line) == [(Outcome.BLOCKED, Reason.TRANSFER_LIMIT, 503, None)]
    assert line.call.channels == {INFO.channel}
    line.happens((0.2, document(INSTEAD)), *answers(0.3, 2))  # there is room again
    assert results(line)[1:] == [(Outcome.COMPLETED, Reason.BRIDGED_FALLBACK, None, None)]


def test_a_ringing_caller_is_answered_first() -> None:
    line = Line(info=NO_REFER, up=False)
    line.happens((0.0, document(INSTEAD)))
    assert line.words[1:] == ["0 answer"]
    line.happens((0.1, ChannelUp()))
    assert line.words[-2].endswith(DIALED)


def test_what_was_to_go_on_the_refer_goes_on_the_invite() -> None:
    target = "sip:alice@example.com?User-to-User=56&X-Account=7"
    line = Line(info=NO_REFER)
    line.happens((0.0, document(replace(INSTEAD, target=target, headers=(("X-More", "1"),)))))
    create = next(each for each in line.intents if isinstance(each, CreateLeg))
    assert create.endpoint == "stasis_refer/sip:alice@example.com"
    assert create.headers == (("User-to-User", "56"), ("X-Account", "7"), ("X-More", "1"))


# -- who is to be replaced -----------------------------------------------------------


def sent(line: Line) -> list[SendRefer]:
    return [each for each in line.intents if isinstance(each, SendRefer)]


def test_a_refer_may_mean_the_second_leg_of_its_call() -> None:
    """While the transferor is held the call has two parties (seed 004: two active calls)."""
    line = Line()
    both = replace(REFER, replaces=SecondLeg())
    line.happens((0.0, document(HOLDING)), *answers(0.0), *refers(5.0))
    line.happens((5.1, document(both)), apart(5.2))
    assert [each.replaces for each in sent(line)] == [key_of(INFO.key, 1)]


def test_without_a_second_leg_it_is_a_plain_one() -> None:
    line = Line()
    line.happens((0.0, document(replace(REFER, replaces=SecondLeg()))))
    assert [each.replaces for each in sent(line)] == [""]
