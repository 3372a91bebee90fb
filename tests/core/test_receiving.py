from dataclasses import replace

import pytest

from stasis_refer.core.abouts import TransferAsked
from stasis_refer.core.events import (
    Bridged,
    CallEnded,
    ChannelHeld,
    ChannelUp,
    Command,
    CommandRefused,
    DrainOver,
    Event,
    FetchFailed,
    FetchFailure,
    LimitReached,
    OfLeg,
    PlaybackEnded,
    QueueLeft,
    QueueStatus,
    ReferCaptured,
    ReferRefused,
    Regained,
    TransferReported,
    TransferRequested,
)
from stasis_refer.core.info import CallDirection
from stasis_refer.core.intents import (
    Fetch,
    FetchKind,
    ReferReport,
    ReportRefer,
    Tell,
    TransferBegan,
    TransferEnded,
)
from stasis_refer.core.leg import key_of
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason, Result
from stasis_refer.core.receiving import COPY_LIMIT, MISSED_LIMIT
from stasis_refer.core.verbs import (
    Callee,
    Dial,
    Document,
    Enqueue,
    Hangup,
    LegEvent,
    LegWatch,
    Redirect,
    SipAddress,
)
from tests.core.calls import (
    CHANNEL,
    INFO,
    NO_ACTION,
    REFER,
    SAY,
    SUCCESS,
    VOICE,
    WITH_FALLBACK,
    WITH_STATUS,
    Line,
    Step,
    document,
    leg,
)
from tests.core.dials import (
    DIAL,
    HOLDING,
    TO_B,
    WATCH,
    WHERE,
    answers,
    apart,
    hangs_up,
    of,
    refers,
    refuses,
    rings,
    sip,
    told,
)

NOT_REACHABLE = FetchFailed(FetchFailure.CONNECTION, WHERE.url, "it cannot be reached")
NO_URL = replace(DIAL, refer=None)
NO_URL_HOLDING = replace(HOLDING, refer=None)
KEY = key_of(INFO.key, 1)


def behind_refer(dial: Dial, by: int | None, *steps: Step, to: str = "<sip:b@example.com>") -> Line:
    """A call whose caller and leg 1 are connected, and one of them sends a REFER at 5 s."""
    line = Line()
    line.happens((0.0, document(dial)), *answers(0.0))
    line.wait(4.9)
    del line.words[:], line.intents[:]
    line.happens(*refers(5.0, by, to), *steps)
    line.wait(60.0)
    return line


def of_target(*steps: Step) -> tuple[Step, ...]:
    """The same of the leg that the caller, the transferor, had called: its document runs."""
    return tuple(
        (when, replace(event, channel=event.channel.replace(INFO.key, KEY)))
        for when, event in steps
        if isinstance(event, OfLeg)
    )


# -- 002, "Scenarios": five situations, answerOnBridge or not, each party as the transferor ----

FETCHED: tuple[Step, ...] = ((5.1, document(TO_B)), apart(5.2))
CALLER_ENDS: Step = (20.0, CallEnded())
CALLER_TOLD = OfLeg(CHANNEL, TransferReported(final=True))
CALLER_GONE = OfLeg(CHANNEL, CallEnded())


@pytest.mark.parametrize(
    ("dial", "steps", "expected"),
    [
        pytest.param(
            DIAL,
            (*FETCHED, told(5.3)),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 notify leg 1 200",
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 1700000000.1-2",
                "5.3 drop leg 1",
                "35.2 drop leg 2",
                "35.2 stop 1700000000.1-2",
                "35.2 ended no_answer",
                "35.2 hang up",
            ],
            id="not set: referUrl is executed",
        ),
        pytest.param(
            HOLDING,
            FETCHED,
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 1700000000.1-2",
                "35.2 drop leg 2",
                "35.2 stop 1700000000.1-2",
                "35.2 ended no_answer",
                "35.2 notify leg 1 503",
                "35.2 connect caller leg 1 in bridge 2",
            ],
            id="answerOnBridge: referUrl is executed",
        ),
        pytest.param(
            DIAL,
            (*FETCHED, told(5.3), *answers(6.0, 2), CALLER_ENDS),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 notify leg 1 200",
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 1700000000.1-2",
                "5.3 drop leg 1",
                "6 call leg 2",
                "7 stop 1700000000.1-2",
                "7 connect caller leg 2 in bridge 2",
                "7 ended completed",
                "20 drop leg 2",
                "20 separate bridge 2",
            ],
            id="not set: the target answers",
        ),
        pytest.param(
            HOLDING,
            (*FETCHED, *answers(6.0, 2), told(7.1), CALLER_ENDS),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 1700000000.1-2",
                "6 call leg 2",
                "7 stop 1700000000.1-2",
                "7 connect caller leg 2 in bridge 2",
                "7 ended completed",
                "7 notify leg 1 200",
                "7.1 drop leg 1",
                "20 drop leg 2",
                "20 separate bridge 2",
            ],
            id="answerOnBridge: the target answers",
        ),
        pytest.param(
            DIAL,
            (*FETCHED, told(5.3), *refuses(6.0, 486, 2)),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 notify leg 1 200",
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 1700000000.1-2",
                "5.3 drop leg 1",
                "6 call leg 2",
                "6 stop 1700000000.1-2",
                "6 ended busy",
                "6 hang up",
            ],
            id="not set: the target is busy",
        ),
        pytest.param(
            HOLDING,
            (*FETCHED, *refuses(6.0, 486, 2), CALLER_ENDS),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 1700000000.1-2",
                "6 call leg 2",
                "6 stop 1700000000.1-2",
                "6 ended busy",
                "6 notify leg 1 503",
                "6 connect caller leg 1 in bridge 2",
                "20 drop leg 1",
                "20 separate bridge 2",
                "20 fetch action completed 200 19",
            ],
            id="answerOnBridge: the target is busy",
        ),
        pytest.param(
            DIAL,
            ((5.1, NOT_REACHABLE), told(5.2), apart(5.3)),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 document failed connection",
                "5.1 ended error",
                "5.1 notify leg 1 503",
                "5.1 separate bridge 1",
                "5.2 drop leg 1",
                "5.3 hang up",
            ],
            id="not set: referUrl is not reachable",
        ),
        *(
            pytest.param(
                dial,
                ((5.1, LimitReached()), CALLER_ENDS),
                [
                    "5 began",
                    "5 fetch refer <sip:b@example.com>",
                    "5.1 ended blocked",
                    "5.1 notify leg 1 603",
                    "20 drop leg 1",
                    "20 separate bridge 1",
                    "20 fetch action completed 200 19",
                ],
                id="as many transfers as may be are under way",
            )
            for dial in (DIAL, HOLDING)
        ),
        pytest.param(
            HOLDING,
            ((5.1, NOT_REACHABLE), CALLER_ENDS),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 document failed connection",
                "5.1 ended error",
                "5.1 notify leg 1 503",
                "20 drop leg 1",
                "20 separate bridge 1",
                "20 fetch action completed 200 19",
            ],
            id="answerOnBridge: referUrl is not reachable",
        ),
        pytest.param(
            NO_URL,
            (CALLER_ENDS,),
            [
                "5 began",
                "5 ended rejected",
                "5 alert 13802",
                "5 notify leg 1 603",
                "20 drop leg 1",
                "20 separate bridge 1",
                "20 fetch action completed 200 19",
            ],
            id="not set: no referUrl",
        ),
        pytest.param(
            NO_URL_HOLDING,
            (CALLER_ENDS,),
            [
                "5 began",
                "5 ended rejected",
                "5 alert 13802",
                "5 notify leg 1 603",
                "20 drop leg 1",
                "20 separate bridge 1",
                "20 fetch action completed 200 19",
            ],
            id="answerOnBridge: no referUrl",
        ),
    ],
)
def test_the_dialed_party_transfers(
    dial: Dial, steps: tuple[Step, ...], expected: list[str]
) -> None:
    assert behind_refer(dial, 1, *steps).words == expected


@pytest.mark.parametrize(
    ("dial", "steps", "expected"),
    [
        pytest.param(
            DIAL,
            (*FETCHED, (5.3, CALLER_TOLD)),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 notify caller 200",
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 00000000000000000000000000000000-leg-1-2",
                "5.3 drop caller",
                "35.2 drop leg 2",
                "35.2 stop 00000000000000000000000000000000-leg-1-2",
                "35.2 ended no_answer",
                "35.2 hang up",
            ],
            id="not set: referUrl is executed",
        ),
        pytest.param(
            HOLDING,
            FETCHED,
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 00000000000000000000000000000000-leg-1-2",
                "35.2 drop leg 2",
                "35.2 stop 00000000000000000000000000000000-leg-1-2",
                "35.2 ended no_answer",
                "35.2 notify caller 503",
                "35.2 connect caller leg 1 in bridge 2",
            ],
            id="answerOnBridge: referUrl is executed",
        ),
        pytest.param(
            DIAL,
            (*FETCHED, (5.3, CALLER_TOLD), *of_target(*answers(6.0, 2)), hangs_up(20.0)),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 notify caller 200",
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 00000000000000000000000000000000-leg-1-2",
                "5.3 drop caller",
                "6 call leg 2",
                "7 stop 00000000000000000000000000000000-leg-1-2",
                "7 connect leg 1 leg 2 in bridge 2",
                "7 ended completed",
                "20 drop leg 2",
                "20 separate bridge 2",
            ],
            id="not set: the target answers",
        ),
        pytest.param(
            HOLDING,
            (*FETCHED, *of_target(*answers(6.0, 2)), (7.1, CALLER_TOLD), hangs_up(20.0)),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 00000000000000000000000000000000-leg-1-2",
                "6 call leg 2",
                "7 stop 00000000000000000000000000000000-leg-1-2",
                "7 connect leg 1 leg 2 in bridge 2",
                "7 ended completed",
                "7 notify caller 200",
                "7.1 drop caller",
                "20 drop leg 2",
                "20 separate bridge 2",
            ],
            id="answerOnBridge: the target answers",
        ),
        pytest.param(
            DIAL,
            (*FETCHED, (5.3, CALLER_TOLD), *of_target(*refuses(6.0, 486, 2))),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 notify caller 200",
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 00000000000000000000000000000000-leg-1-2",
                "5.3 drop caller",
                "6 call leg 2",
                "6 stop 00000000000000000000000000000000-leg-1-2",
                "6 ended busy",
                "6 hang up",
            ],
            id="not set: the target is busy",
        ),
        pytest.param(
            HOLDING,
            (*FETCHED, *of_target(*refuses(6.0, 486, 2)), CALLER_ENDS),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 00000000000000000000000000000000-leg-1-2",
                "6 call leg 2",
                "6 stop 00000000000000000000000000000000-leg-1-2",
                "6 ended busy",
                "6 notify caller 503",
                "6 connect caller leg 1 in bridge 2",
                "20 drop leg 1",
                "20 separate bridge 2",
                "20 fetch action completed 200 19",
            ],
            id="answerOnBridge: the target is busy",
        ),
        pytest.param(
            DIAL,
            ((5.1, NOT_REACHABLE), (5.2, CALLER_TOLD), apart(5.3)),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 document failed connection",
                "5.1 ended error",
                "5.1 notify caller 503",
                "5.1 separate bridge 1",
                "5.2 drop caller",
                "5.3 hang up",
            ],
            id="not set: referUrl is not reachable",
        ),
        pytest.param(
            HOLDING,
            ((5.1, NOT_REACHABLE), CALLER_ENDS),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 document failed connection",
                "5.1 ended error",
                "5.1 notify caller 503",
                "20 drop leg 1",
                "20 separate bridge 1",
                "20 fetch action completed 200 19",
            ],
            id="answerOnBridge: referUrl is not reachable",
        ),
        pytest.param(
            NO_URL,
            (CALLER_ENDS,),
            [
                "5 began",
                "5 ended rejected",
                "5 alert 13802",
                "5 notify caller 603",
                "20 drop leg 1",
                "20 separate bridge 1",
                "20 fetch action completed 200 19",
            ],
            id="not set: no referUrl",
        ),
        pytest.param(
            NO_URL_HOLDING,
            (CALLER_ENDS,),
            [
                "5 began",
                "5 ended rejected",
                "5 alert 13802",
                "5 notify caller 603",
                "20 drop leg 1",
                "20 separate bridge 1",
                "20 fetch action completed 200 19",
            ],
            id="answerOnBridge: no referUrl",
        ),
    ],
)
def test_the_caller_transfers(dial: Dial, steps: tuple[Step, ...], expected: list[str]) -> None:
    assert behind_refer(dial, None, *steps).words == expected


# -- the document that says where ------------------------------------------------


@pytest.mark.parametrize(
    ("dial", "returned", "steps", "expected"),
    [
        pytest.param(
            DIAL,
            (),
            (),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 notify leg 1 200",
                "5.1 separate bridge 1",
                "5.2 ended failed",
                "5.2 hang up",
                "6.1 drop leg 1",
            ],
            id="not set: it is empty",
        ),
        pytest.param(
            HOLDING,
            (),
            (),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 separate bridge 1",
                "5.2 ended failed",
                "5.2 notify leg 1 503",
                "5.2 connect caller leg 1 in bridge 2",
            ],
            id="answerOnBridge: it is empty",
        ),
        pytest.param(
            DIAL,
            (Hangup(),),
            (),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 notify leg 1 200",
                "5.1 separate bridge 1",
                "5.2 hang up",
                "5.2 ended failed",
                "6.1 drop leg 1",
            ],
            id="not set: it hangs up",
        ),
        pytest.param(
            HOLDING,
            (Hangup(),),
            (),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 separate bridge 1",
                "5.2 hang up",
                "5.2 ended failed",
                "5.2 notify leg 1 503",
                "6.2 drop leg 1",
            ],
            id="answerOnBridge: it hangs up",
        ),
        pytest.param(
            HOLDING,
            (Redirect(VOICE),),
            ((5.3, NOT_REACHABLE),),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 separate bridge 1",
                "5.2 fetch document",
                "5.3 document failed connection",
                "5.3 ended failed",
                "5.3 notify leg 1 503",
                "5.3 connect caller leg 1 in bridge 2",
            ],
            id="answerOnBridge: it redirects to nowhere",
        ),
        pytest.param(
            DIAL,
            (Redirect(VOICE),),
            ((5.3, NOT_REACHABLE),),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 notify leg 1 200",
                "5.1 separate bridge 1",
                "5.2 fetch document",
                "5.3 document failed connection",
                "5.3 ended failed",
                "5.3 hang up",
                "6.1 drop leg 1",
            ],
            id="not set: it redirects to nowhere",
        ),
        pytest.param(
            HOLDING,
            (TO_B, SAY),
            (),
            [
                "5 began",
                "5 fetch refer <sip:b@example.com>",
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 1700000000.1-2",
                "35.2 drop leg 2",
                "35.2 stop 1700000000.1-2",
                "35.2 ended no_answer",
                "35.2 notify leg 1 503",
                "35.2 connect caller leg 1 in bridge 2",
            ],
            id="answerOnBridge: nobody picks up in time",
        ),
    ],
)
def test_what_the_returned_document_does(
    dial: Dial, returned: Document, steps: tuple[Step, ...], expected: list[str]
) -> None:
    fetched = (5.1, document(*returned)), apart(5.2)
    assert behind_refer(dial, 1, *fetched, *steps).words == expected


# -- somebody hangs up -----------------------------------------------------------


@pytest.mark.parametrize(
    ("dial", "by", "steps", "expected"),
    [
        pytest.param(
            DIAL,
            1,
            (hangs_up(5.05), (5.1, document(TO_B)), apart(5.2), *answers(6.0, 2)),
            [
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 1700000000.1-2",
                "6 call leg 2",
                "7 stop 1700000000.1-2",
                "7 connect caller leg 2 in bridge 2",
                "7 ended completed",
            ],
            id="the transferor behind its REFER, as MS Teams does",
        ),
        pytest.param(
            HOLDING,
            1,
            (hangs_up(5.05), (5.1, document(TO_B)), apart(5.2), *refuses(6.0, 486, 2)),
            [
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 1700000000.1-2",
                "6 call leg 2",
                "6 stop 1700000000.1-2",
                "6 ended busy",
                "6 hang up",
            ],
            id="the transferor that would have been held, then the target is busy",
        ),
        pytest.param(
            HOLDING,
            1,
            (hangs_up(5.05), (5.1, NOT_REACHABLE), apart(5.2)),
            [
                "5.1 document failed connection",
                "5.1 ended error",
                "5.1 separate bridge 1",
                "5.2 hang up",
            ],
            id="the transferor that would have been held, then no document",
        ),
        pytest.param(
            HOLDING,
            None,
            ((5.05, CALLER_GONE), (5.1, document(TO_B)), apart(5.2), *of_target(*answers(6.0, 2))),
            [
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 00000000000000000000000000000000-leg-1-2",
                "6 call leg 2",
                "7 stop 00000000000000000000000000000000-leg-1-2",
                "7 connect leg 1 leg 2 in bridge 2",
                "7 ended completed",
            ],
            id="the caller, being the transferor",
        ),
        pytest.param(
            HOLDING,
            1,
            (*FETCHED, *rings(6.0, 2), hangs_up(7.0), (8.0, of(2, ChannelUp()))),
            [
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 1700000000.1-2",
                "6 call leg 2",
                "8 stop 1700000000.1-2",
                "8 connect caller leg 2 in bridge 2",
                "8 ended completed",
            ],
            id="the transferor while the target rings",
        ),
        pytest.param(
            DIAL,
            1,
            ((5.05, CallEnded()), told(5.1), (5.2, document())),
            [
                "5.05 ended canceled",
                "5.05 notify leg 1 503",
                "5.05 separate bridge 1",
                "5.05 fetch action completed 200 4.05",
                "5.1 drop leg 1",
            ],
            id="the transferee while referUrl is requested",
        ),
        pytest.param(
            HOLDING,
            1,
            (*FETCHED, *rings(6.0, 2), (7.0, CallEnded()), told(7.1), hangs_up(7.2, 2)),
            [
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 1700000000.1-2",
                "6 call leg 2",
                "7 ended canceled",
                "7 notify leg 1 503",
                "7 drop leg 2",
                "7.1 drop leg 1",
            ],
            id="the transferee while the target rings, the transferor is held",
        ),
        pytest.param(
            DIAL,
            1,
            (*FETCHED, told(5.3), hangs_up(5.4), *rings(6.0, 2), (7.0, CallEnded())),
            [
                "5.1 notify leg 1 200",
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 1700000000.1-2",
                "5.3 drop leg 1",
                "6 call leg 2",
                "7 ended canceled",
                "7 drop leg 2",
            ],
            id="the transferee while the target rings, the transferor is gone",
        ),
        pytest.param(
            HOLDING,
            None,
            (hangs_up(5.05), apart(5.1), (5.2, document(SAY))),
            [
                "5.05 ended canceled",
                "5.05 notify caller 503",
                "5.05 separate bridge 1",
                "5.1 fetch action completed 200 4.05",
                "5.2 play 1700000000.1-2",
            ],
            id="the transferee, whom the caller had called, while referUrl is requested",
        ),
        pytest.param(
            HOLDING,
            None,
            (*FETCHED, *of_target(*rings(6.0, 2)), hangs_up(7.0), (7.2, document(SAY))),
            [
                "5.1 separate bridge 1",
                "5.2 create leg 2 stasis_refer/sip:b@example.com",
                "5.2 play 00000000000000000000000000000000-leg-1-2",
                "6 call leg 2",
                "7 ended canceled",
                "7 notify caller 503",
                "7 drop leg 2",
                "7 fetch action completed 200 6",
                "7.2 play 1700000000.1-3",
            ],
            id="the transferee, whom the caller had called, while the target rings",
        ),
        pytest.param(
            HOLDING,
            None,
            ((5.1, document(REFER)), apart(5.2), hangs_up(7.0), (7.2, document(SAY))),
            [
                "5.1 separate bridge 1",
                "5.2 began",
                "5.2 refer sip:alice@example.com",
                "7 ended canceled",
                "7 ended canceled",
                "7 notify caller 503",
                "7 fetch action completed 200 6",
                "7.2 play 1700000000.1-2",
            ],
            id="the transferee, whom the caller had called, while it is referred itself",
        ),
    ],
)
def test_somebody_hangs_up(
    dial: Dial, by: int | None, steps: tuple[Step, ...], expected: list[str]
) -> None:
    assert behind_refer(dial, by, *steps).words[2:] == expected


@pytest.mark.parametrize("attended", [False, True])
@pytest.mark.parametrize("by", [1, None])
def test_a_bye_that_overtakes_the_event_of_asterisk(by: int | None, *, attended: bool) -> None:
    to = "<sip:b@example.com?Replaces=1%3Bto-tag%3Da>" if attended else "<sip:b@example.com>"
    captured, gone = ReferCaptured(3, to), CallEnded()
    events: list[Event] = [captured, gone] if by is None else [of(by, captured), of(by, gone)]
    line = Line()
    line.happens((0.0, document(DIAL)), *answers(0.0))
    del line.words[:]
    line.happens(*((5.0, each) for each in events))
    asked = ["5 began", "5 ended rejected"] if attended else ["5 began", f"5 fetch refer {to}"]
    assert line.words[:2] == asked
    assert not [each for each in line.words if "notify" in each]


# -- whether it may go on --------------------------------------------------------

LONGEST = f"<sip:b@example.com?X-Context={'1' * 226}>"


@pytest.mark.parametrize(
    ("dial", "to", "expected"),
    [
        pytest.param(DIAL, LONGEST, None, id="Refer-To has 256 characters"),
        pytest.param(
            DIAL, f"{LONGEST} ", (Outcome.REJECTED, Reason.REFER_TO_TOO_LONG), id="it has 257"
        ),
        pytest.param(
            DIAL, "<sip:b@example.org>", (Outcome.BLOCKED, Reason.POLICY), id="no rule fits"
        ),
        pytest.param(DIAL, "<sip:b@@>", (Outcome.BLOCKED, Reason.BAD_URI), id="it is no URI"),
        pytest.param(
            DIAL, '"B" <sip:b@example.com>;early-only', None, id="parameters behind the brackets"
        ),
        pytest.param(DIAL, "sip:b@example.com", None, id="no brackets"),
        pytest.param(
            NO_URL,
            "<sip:b@example.org>",
            (Outcome.REJECTED, Reason.NO_REFER_URL),
            id="no referUrl comes before the policy",
        ),
    ],
)
def test_whether_a_refer_goes_on(
    dial: Dial, to: str, expected: tuple[Outcome, Reason] | None
) -> None:
    assert len(LONGEST) == 256
    line = behind_refer(dial, 1, (5.1, document()), to=to)
    if expected is None:
        assert line.words[1] == f"5 fetch refer {to}"
        return
    ended = line.intents[1]
    assert isinstance(ended, TransferEnded)
    assert (ended.result.outcome, ended.result.reason) == expected
    assert (ended.result.refer_code, ended.result.notify_code) == (202, 603)
    assert line.words[-1] == "5 notify leg 1 603"


def test_where_nothing_is_captured_only_the_user_part_is_known() -> None:
    line = Line()
    line.happens((0.0, document(DIAL)), *answers(0.0, captured=False))
    line.happens((5.0, of(1, TransferRequested("b", "<sip:a@example.com>"))))
    fetch = line.intents[-1]
    assert isinstance(fetch, Fetch)
    assert isinstance(fetch.about, TransferAsked)
    assert (fetch.about.refer_to, fetch.about.referred_by) == ("b", "<sip:a@example.com>")
    assert not fetch.about.whole


@pytest.mark.parametrize(
    ("by", "transferor", "transferee"), [(1, KEY, INFO.key), (None, INFO.key, KEY)]
)
def test_who_asks_and_who_is_transferred(by: int | None, transferor: str, transferee: str) -> None:
    fetch = behind_refer(DIAL, by).intents[2]
    assert isinstance(fetch, Fetch)
    assert isinstance(fetch.about, TransferAsked)
    assert fetch.kind is FetchKind.REFER
    assert fetch.callback == WHERE
    assert (fetch.about.transferor.key, fetch.about.transferee.key) == (transferor, transferee)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(
            (),
            ["3 began", "3 ended rejected", "3 notify caller 603"],
            id="before anybody is called",
        ),
        pytest.param(
            rings(0.0),
            ["3 began", "3 ended rejected", "3 notify caller 603"],
            id="while the callee rings",
        ),
        pytest.param(
            (*answers(0.0), hangs_up(2.0)),
            ["3 began", "3 ended rejected", "3 notify caller 603"],
            id="while the bridge is taken away",
        ),
        pytest.param(
            (*answers(0.0), hangs_up(2.0), apart(2.1)),
            ["3 began", "3 ended rejected", "3 notify caller 603"],
            id="while the action URL is asked",
        ),
    ],
)
def test_the_caller_sends_a_refer_but_is_connected_to_nobody(
    before: tuple[Step, ...], expected: list[str]
) -> None:
    line = Line()
    line.happens((0.0, document(DIAL)), *before)
    del line.words[:]
    line.happens(*refers(3.0, None))
    assert line.words == expected


@pytest.mark.parametrize(
    ("by", "to", "expected"),
    [
        pytest.param(1, "<sip:b@example.com>", [], id="the same party, to the same target"),
        pytest.param(
            1,
            "<sip:c@example.com>",
            ["6 began", "6 ended rejected"],
            id="the same party, to another target: ends with the first",
        ),
        pytest.param(
            None,
            "<sip:c@example.com>",
            ["6 began", "6 ended rejected", "6 notify caller 603"],
            id="the other party",
        ),
    ],
)
def test_a_second_refer(by: int | None, to: str, expected: list[str]) -> None:
    line = Line()
    line.happens((0.0, document(HOLDING)), *answers(0.0), *refers(5.0))
    del line.words[:]
    line.happens(*refers(6.0, by, to, cseq=9))
    assert line.words == expected


def test_a_phone_transfers_again_after_a_transfer_that_failed() -> None:
    again = (*FETCHED, *refuses(6.0, 486, 2), *refers(8.0, 1, cseq=9))
    assert behind_refer(HOLDING, 1, *again).words[-2:] == [
        "8 began",
        "8 fetch refer <sip:b@example.com>",
    ]


def test_the_target_transfers_again() -> None:
    further = replace(TO_B, refer=WHERE)
    again = (5.1, document(further)), apart(5.2), *answers(6.0, 2), *refers(9.0, 2, cseq=9)
    words = behind_refer(DIAL, 1, *again).words
    assert words[-2:] == ["9 began", "9 fetch refer <sip:b@example.com>"]


def test_a_refer_while_the_other_party_is_on_hold() -> None:
    line = Line()
    held = (4.0, ChannelHeld()), (4.0, of(1, ChannelHeld()))
    line.happens((0.0, document(DIAL)), *answers(0.0), *held, *refers(5.0))
    line.happens(*FETCHED, *answers(6.0, 2))
    assert line.words[-2:] == ["7 connect caller leg 2 in bridge 2", "7 ended completed"]


# -- refused by Asterisk ---------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "counted"), [(400, True), (603, True), (401, False), (407, False)]
)
def test_asterisk_refuses_a_refer_by_itself(code: int, *, counted: bool) -> None:
    line = Line()
    captured, refused = ReferCaptured(3, "<tel:+49301>"), ReferRefused(3, code)
    line.happens((0.0, document(DIAL)), *answers(0.0))
    before = len(line.intents)
    line.happens((5.0, of(1, captured)), (5.0, of(1, refused)), (6.0, of(1, CallEnded())))
    results = [each.result for each in line.intents[before:] if isinstance(each, TransferEnded)]
    refusal = Result(Outcome.REJECTED, Reason.REFER_REFUSED, Evidence.NONE, code)
    assert results == ([refusal] if counted else [])


# -- how it is counted -----------------------------------------------------------


@pytest.mark.parametrize(
    ("dial", "steps", "expected"),
    [
        pytest.param(
            DIAL,
            (*FETCHED, *answers(6.0, 2)),
            (Outcome.COMPLETED, Reason.BRIDGED, Evidence.SIP, 200),
            id="the target answers",
        ),
        pytest.param(
            DIAL,
            (hangs_up(5.05), *FETCHED, *answers(6.0, 2)),
            (Outcome.COMPLETED, Reason.BRIDGED, Evidence.SIP, None),
            id="the target answers, the transferor hung up before it was told anything",
        ),
        pytest.param(
            HOLDING,
            (*FETCHED, hangs_up(5.5), *answers(6.0, 2)),
            (Outcome.COMPLETED, Reason.BRIDGED, Evidence.SIP, None),
            id="the target answers, the transferor did not wait",
        ),
        pytest.param(
            DIAL,
            (hangs_up(5.05), (5.1, NOT_REACHABLE)),
            (Outcome.ERROR, Reason.NO_DOCUMENT, Evidence.NONE, None),
            id="no document, and the transferor is gone",
        ),
        pytest.param(
            HOLDING,
            (*FETCHED, *refuses(6.0, 486, 2)),
            (Outcome.BUSY, Reason.DIAL_FAILED, Evidence.SIP, 503),
            id="the target is busy",
        ),
        pytest.param(
            DIAL,
            (*FETCHED, *refuses(6.0, 486, 2)),
            (Outcome.BUSY, Reason.DIAL_FAILED, Evidence.SIP, 200),
            id="the target is busy, the transferor was told success",
        ),
        pytest.param(
            HOLDING,
            (*FETCHED, *refuses(6.0, 404, 2)),
            (Outcome.FAILED, Reason.DIAL_FAILED, Evidence.SIP, 503),
            id="the target is not known",
        ),
        pytest.param(
            HOLDING,
            FETCHED,
            (Outcome.NO_ANSWER, Reason.DIAL_FAILED, Evidence.ASTERISK, 503),
            id="nobody answers",
        ),
        pytest.param(
            HOLDING,
            ((5.1, document(Dial((sip("b"),), caller_id="1"), SAY)), apart(5.2)),
            (Outcome.NO_ANSWER, Reason.DIAL_FAILED, Evidence.ASTERISK, 503),
            id="nobody answers, more verbs behind",
        ),
        pytest.param(
            HOLDING,
            ((5.1, document(Dial((Callee(SipAddress("sip:b@example.org")),)))), apart(5.2)),
            (Outcome.BLOCKED, Reason.DIAL_FAILED, Evidence.NONE, 503),
            id="whom the document calls is not allowed",
        ),
        pytest.param(
            HOLDING,
            ((5.1, document(SAY)), apart(5.2), (6.0, PlaybackEnded(f"{CHANNEL}-2"))),
            (Outcome.FAILED, Reason.NOT_DIALED, Evidence.NONE, 503),
            id="the document calls nobody",
        ),
        pytest.param(
            DIAL,
            ((5.1, document(Enqueue("support"))), apart(5.2), (6.0, Bridged())),
            (Outcome.COMPLETED, Reason.BRIDGED, Evidence.ASTERISK, 200),
            id="a member of a queue takes the call",
        ),
        pytest.param(
            HOLDING,
            (
                (5.1, document(Enqueue("support"))),
                apart(5.2),
                (6.0, QueueLeft(QueueStatus.TIMEOUT)),
            ),
            (Outcome.FAILED, Reason.NOT_DIALED, Evidence.NONE, 503),
            id="nobody in the queue takes the call",
        ),
        pytest.param(
            HOLDING,
            ((5.1, document(NO_ACTION)), apart(5.2), (6.0, SUCCESS)),
            (Outcome.COMPLETED, Reason.BRIDGED, Evidence.ASTERISK, 200),
            id="the transferee is referred itself",
        ),
        pytest.param(
            DIAL,
            ((5.1, NOT_REACHABLE),),
            (Outcome.ERROR, Reason.NO_DOCUMENT, Evidence.NONE, 503),
            id="no document",
        ),
        pytest.param(
            DIAL,
            ((5.1, LimitReached()),),
            (Outcome.BLOCKED, Reason.TRANSFER_LIMIT, Evidence.NONE, 603),
            id="as many transfers as may be are under way",
        ),
        pytest.param(
            DIAL,
            ((5.1, CallEnded()),),
            (Outcome.CANCELED, Reason.HANGUP, Evidence.ASTERISK, 503),
            id="the transferee hangs up",
        ),
        pytest.param(
            DIAL,
            ((5.1, DrainOver()),),
            (Outcome.ERROR, Reason.STOPPED, Evidence.NONE, None),
            id="the program stops",
        ),
    ],
)
def test_how_a_received_transfer_is_counted(
    dial: Dial, steps: tuple[Step, ...], expected: tuple[Outcome, Reason, Evidence, int | None]
) -> None:
    line = behind_refer(dial, 1, *steps)
    received = [
        each
        for each in line.intents
        if isinstance(each, TransferEnded) and each.direction is Direction.RECEIVED
    ]
    assert len(received) == 1
    result = received[0].result
    found = result.outcome, result.reason, result.evidence, result.notify_code
    assert found == expected
    assert result.refer_code == 202


# -- whose document it is --------------------------------------------------------


def test_the_caller_s_call_is_told_to_be_over_when_it_is_released() -> None:
    line = Line(WITH_STATUS)
    line.happens((0.0, document(DIAL)), *answers(0.0), *refers(5.0, None), *FETCHED)
    line.happens((5.3, CALLER_TOLD), (5.4, CALLER_GONE))
    tell = line.intents[-1]
    assert line.words[-1] == "5.4 tell completed 5.4"
    assert isinstance(tell, Tell)
    assert tell.of == INFO


def test_the_call_that_goes_on_is_that_of_whom_the_caller_had_called() -> None:
    watched = replace(sip("a"), watch=LegWatch(WATCH, frozenset(LegEvent)))
    line = Line(WITH_STATUS)
    line.happens((0.0, document(replace(DIAL, callees=(watched,)))), *answers(0.0))
    line.happens(*refers(5.0, None), *FETCHED)
    assert line.call.info.key == KEY
    assert line.call.info.direction is CallDirection.DIALED
    del line.words[:]
    line.happens((8.0, CallEnded()))
    assert "8 tell leg completed 3" in line.words


def test_roles_go_back_when_the_target_is_busy() -> None:
    line = behind_refer(HOLDING, None, *FETCHED, *of_target(*refuses(6.0, 486, 2)), CALLER_ENDS)
    assert line.call.info == INFO
    fetch = line.intents[-1]
    assert isinstance(fetch, Fetch)
    assert fetch.callback == DIAL.action


def test_the_document_goes_on_behind_its_dial_where_the_transfer_failed() -> None:
    line = Line()
    line.happens((0.0, document(replace(HOLDING, action=None), SAY)), *answers(0.0))
    line.happens(*refers(5.0), *FETCHED, *refuses(6.0, 486, 2), hangs_up(9.0), apart(9.1))
    assert line.words[-1] == f"9.1 play {CHANNEL}-3"


def test_a_fallback_stands_in_where_the_first_call_is_not_held() -> None:
    line = Line(WITH_FALLBACK)
    line.happens((0.0, document(DIAL)), *answers(0.0), *refers(5.0))
    line.happens((5.1, NOT_REACHABLE), apart(5.2), (5.3, document(SAY)))
    assert line.words[-2:] == ["5.2 fetch fallback connection", f"5.3 play {CHANNEL}-2"]


def test_a_late_answer_to_an_old_request_is_not_taken_for_the_document() -> None:
    line = Line()
    line.happens((0.0, document(DIAL)), *answers(0.0), *refers(5.0))
    before = len(line.words)
    line.happens((5.1, replace(document(SAY), number=1)), (5.2, replace(NOT_REACHABLE, number=1)))
    assert line.words[before:] == []
    line.happens((5.3, replace(document(TO_B), number=2)))
    assert line.words[before:] == ["5.3 notify leg 1 200", "5.3 separate bridge 1"]


def test_what_an_earlier_failure_was_is_forgotten_when_the_call_goes_on() -> None:
    line = Line(WITH_STATUS)
    line.happens((0.0, document(replace(HOLDING, action=None))), *answers(0.0), *refers(5.0))
    line.happens((5.1, document(Redirect(VOICE))), apart(5.2), (5.3, NOT_REACHABLE))
    line.happens((9.0, CallEnded()))
    tell = next(each for each in line.intents if isinstance(each, Tell))
    assert tell.about is None


@pytest.mark.parametrize("by", [1, None], ids=["whom was called", "the caller"])
def test_that_a_refer_was_heard_is_told_at_once(by: int | None) -> None:
    """RFC 3515, 2.4.4."""
    line = Line()
    line.happens((0.0, document(DIAL)), *answers(0.0), *refers(5.0, by))
    reports = [each for each in line.intents if isinstance(each, ReportRefer)]
    channel = leg(1) if by else CHANNEL
    assert reports == [ReportRefer(channel, ReferReport.TRYING)]


def test_of_a_refer_that_is_declined_only_that_is_told() -> None:
    line = Line()
    line.happens((0.0, document(DIAL)), *answers(0.0), *refers(5.0, to="<sip:b@example.org>"))
    reports = [each for each in line.intents if isinstance(each, ReportRefer)]
    assert reports == [ReportRefer(leg(1), ReferReport.DECLINED)]


# -- the two witnesses ---------------------------------------------------------------


def test_a_copy_that_is_late_is_waited_for() -> None:
    line = Line()
    copy = ReferCaptured(3, "<sip:b@example.com?X-Name=b>")
    line.happens((0.0, document(DIAL)), *answers(0.0), (5.0, of(1, TransferRequested("b"))))
    assert not any(isinstance(each, TransferBegan) for each in line.intents)
    line.happens((5.0 + COPY_LIMIT / 2, of(1, copy)))
    assert line.words[-1] == "5.25 fetch refer <sip:b@example.com?X-Name=b>"


def test_a_copy_that_does_not_come_is_not_waited_for_long() -> None:
    line = Line()
    line.happens((0.0, document(DIAL)), *answers(0.0), (5.0, of(1, TransferRequested("b"))))
    line.wait(6.0)
    assert line.words[-1] == "5.5 fetch refer b"


def test_a_phone_that_hangs_up_before_its_copy_comes_transfers_all_the_same() -> None:
    line = Line()
    line.happens((0.0, document(DIAL)), *answers(0.0), (5.0, of(1, TransferRequested("b"))))
    line.happens(hangs_up(5.01))
    assert "5.01 fetch refer b" in line.words
    assert not any(isinstance(each, ReportRefer) for each in line.intents)


C, LATE = "<sip:c@example.com>", 5.0 + 2 * COPY_LIMIT


def test_a_copy_that_comes_too_late_is_not_taken_for_the_next_refer() -> None:
    line = Line()
    line.happens((0.0, document(HOLDING)), *answers(0.0), (5.0, of(1, TransferRequested("b"))))
    line.happens((LATE, of(1, ReferCaptured(3, "<sip:b@example.com>"))))
    line.happens((6.0, NOT_REACHABLE), *refers(8.0, to=C, cseq=4))
    assert line.words[-1] == f"8 fetch refer {C}"


def test_a_copy_that_comes_too_late_is_no_refer_when_the_phone_hangs_up() -> None:
    line = Line()
    line.happens((0.0, document(HOLDING)), *answers(0.0), (5.0, of(1, TransferRequested("b"))))
    line.happens((LATE, of(1, ReferCaptured(3, "<sip:b@example.com>"))))
    line.happens((6.0, NOT_REACHABLE), hangs_up(60.0), apart(60.0))
    assert line.words[-2:] == ["60 separate bridge 1", "60 fetch action completed 200 59"]


def test_a_copy_of_a_second_refer_that_comes_behind_it_is_not_taken_for_a_third_one() -> None:
    line = Line()
    line.happens((0.0, document(HOLDING)), *answers(0.0), *refers(5.0))
    line.happens((5.1, of(1, TransferRequested("x"))))
    line.happens((5.2, of(1, ReferCaptured(4, "<sip:x@example.com>"))))
    line.happens((6.0, NOT_REACHABLE), *refers(8.0, to=C, cseq=5))
    assert line.words[-1] == f"8 fetch refer {C}"


def test_a_refer_that_asterisk_never_told_of_is_not_taken_for_the_next_one() -> None:
    line = Line()
    line.happens((0.0, document(HOLDING)), *answers(0.0))
    line.happens((5.0, of(1, ReferCaptured(3, "<sip:b@example.com>"))))
    line.happens(*refers(8.0, to=C, cseq=4))
    assert line.words[-1] == f"8 fetch refer {C}"


def test_the_copy_of_the_same_refer_sent_again_later_is_its_own() -> None:
    line = Line()
    line.happens((0.0, document(HOLDING)), *answers(0.0), (5.0, of(1, TransferRequested("b"))))
    line.happens((6.0, NOT_REACHABLE), *refers(5.0 + COPY_LIMIT + MISSED_LIMIT))
    assert line.words[-1] == "10.5 fetch refer <sip:b@example.com>"


@pytest.mark.parametrize("again", [7.1, 7.3], ids=["before its BYE", "behind it"])
def test_that_asterisk_tells_of_a_refer_once_more_is_no_other_one(again: float) -> None:
    line = Line()
    line.happens((0.0, document(HOLDING)), *answers(0.0), *refers(5.0), *FETCHED, *answers(6.0, 2))
    once_more = again, of(1, TransferRequested("b"))
    line.happens(*sorted((told(7.2), once_more), key=lambda step: step[0]), hangs_up(7.4))
    line.wait(60.0)
    assert sum(isinstance(each, TransferBegan) for each in line.intents) == 1


# -- before the connection ---------------------------------------------------------

# With answerOnBridge the caller is answered behind its callee, and connected behind that.
LET_IN: Step = (2.0, ChannelUp())
IS_LATE = (*answers(0.0), *refers(1.2))


def joining() -> Line:
    line = Line(up=False)
    line.happens((0.0, document(HOLDING)), *IS_LATE)
    assert line.words[-1] == "1 answer"
    return line


def test_a_refer_before_the_connection_waits_for_it() -> None:
    line = joining()
    line.happens(LET_IN)
    assert line.words[-3:] == [
        "2 connect caller leg 1 in bridge 1",
        "2 began",
        "2 fetch refer <sip:b@example.com>",
    ]


def test_a_refer_before_the_connection_still_waits_for_its_copy() -> None:
    line = Line(up=False)
    line.happens((0.0, document(HOLDING)), *answers(0.0), (1.2, of(1, TransferRequested("b"))))
    line.happens(LET_IN, (2.2, of(1, ReferCaptured(3, "<sip:b@example.com>"))))
    assert line.words[-1] == "2.2 fetch refer <sip:b@example.com>"


@pytest.mark.parametrize(
    "ends",
    [
        pytest.param((hangs_up(1.5),), id="its sender hangs up"),
        pytest.param(((1.5, CallEnded()), hangs_up(1.6)), id="the caller hangs up"),
        pytest.param(((1.5, CommandRefused(Command.ANSWER, 409)), hangs_up(1.6)), id="refused"),
        pytest.param((), id="it takes too long"),
    ],
)
def test_a_refer_whose_connection_does_not_come_is_told_of_all_the_same(
    ends: tuple[Step, ...],
) -> None:
    line = joining()
    line.happens(*ends)
    line.wait(60.0)
    (ended,) = (each for each in line.intents if isinstance(each, TransferEnded))
    assert ended.target == "<sip:b@example.com>"
    assert ended.result.reason is Reason.NOT_CONNECTED


# -- after a gap -----------------------------------------------------------------


def test_a_transferor_is_released_where_the_connection_of_the_others_was_not_told() -> None:
    line = Line()
    line.happens((0.0, document(HOLDING)), *answers(0.0), *refers(5.0), *FETCHED)
    line.bridges = False
    line.happens(*answers(6.0, 2))
    assert line.words[-1] == "7 connect caller leg 2 in bridge 2"
    line.happens((8.0, Regained()))
    assert line.words[-2:] == ["8 ended completed", "8 notify leg 1 200"]


# -- a queue ------------------------------------------------------------------------


def test_who_waits_in_a_queue_has_got_where_the_refer_was_to_lead() -> None:
    """Nobody tells when a member takes the call; a transferor is not held until it is over."""
    line = Line()
    line.happens((0.0, document(HOLDING)), *answers(0.0), *refers(5.0))
    line.happens((5.1, document(Enqueue("support"))), apart(5.2))
    before = len(line.words)
    line.wait(9.0)
    assert line.words[before:] == ["6.2 ended completed", "6.2 notify leg 1 200", "7.2 drop leg 1"]


def test_a_queue_that_turns_the_call_away_is_no_target() -> None:
    line = Line()
    line.happens((0.0, document(HOLDING)), *answers(0.0), *refers(5.0))
    line.happens((5.1, document(Enqueue("support"))), apart(5.2))
    line.happens((5.3, QueueLeft(QueueStatus.JOIN_EMPTY)))
    assert line.words[-3:] == [
        "5.3 ended failed",
        "5.3 notify leg 1 503",
        "5.3 connect caller leg 1 in bridge 2",
    ]
