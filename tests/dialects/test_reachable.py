from dataclasses import replace

import pytest

from stasis_refer.core.application import Callback
from stasis_refer.core.verbs import (
    After,
    Callee,
    Dial,
    Enqueue,
    Gather,
    Hangup,
    Number,
    Pause,
    Play,
    Recording,
    Redirect,
    Refer,
    Reject,
    Tag,
    Then,
    Verb,
)
from stasis_refer.dialects.reachable import never_goes_on

NEXT = Callback("https://example.com/next")
REFER = Refer("sip:alice@example.com", NEXT)
DIAL = Dial((Callee(Number("+4930123")),), NEXT)
SOUND = Play(Recording("https://example.com/a.wav"))


@pytest.mark.parametrize(
    "verb",
    [
        Redirect(NEXT),
        Hangup(),
        Reject(404),
        replace(SOUND, times=0),
        Enqueue("sales", NEXT),
        DIAL,
        REFER,
        replace(REFER, after=After(Then.END, Then.RUN, Then.NOTHING)),
        Gather(action=NEXT, tell_empty=True),
    ],
)
def test_nothing_behind_it_is_reached(verb: Verb) -> None:
    assert never_goes_on(verb)


@pytest.mark.parametrize(
    "verb",
    [
        Redirect(NEXT, or_go_on=True),
        SOUND,
        Pause(1.0),
        Tag("x"),
        Enqueue("sales"),
        replace(DIAL, action=None),
        replace(DIAL, or_go_on=True),
        replace(REFER, action=None),
        replace(REFER, after=After(Then.END, Then.RUN_IF_ANY, Then.NOTHING)),
        Gather(action=NEXT),
        Gather(tell_empty=True),
        Gather(action=NEXT, tell_empty=True, or_go_on=True),
    ],
)
def test_what_stands_behind_it_may_be_reached(verb: Verb) -> None:
    assert not never_goes_on(verb)
