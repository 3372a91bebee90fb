"""Who is told how a transfer ended that no call follows any more."""

from dataclasses import replace

import pytest

from stasis_refer.core import codec
from stasis_refer.core.abouts import Transferred
from stasis_refer.core.application import Callback
from stasis_refer.core.intents import TransferBegan
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.core.owed import Owed
from stasis_refer.core.verbs import After, Refer, Then
from tests.core.calls import AFTER, INFO, LOCAL, NO_ACTION, REFER, UP, Line, document

ELSEWHERE = Callback("http://127.0.0.1/failed")
LOST = Result(Outcome.ERROR, Reason.RESTARTED, Evidence.NONE, 202)
DONE = Result(Outcome.COMPLETED, Reason.FINAL_NOTIFY, Evidence.SIP, 202, 200)
GONE = Result(Outcome.CANCELED, Reason.HANGUP, Evidence.NONE, 202)
NAMED = replace(REFER, name="verb 1")


@pytest.mark.parametrize(
    ("verb", "result", "told"),
    [
        (NAMED, LOST, AFTER),
        (NAMED, DONE, AFTER),
        (replace(NAMED, failure_action=ELSEWHERE), LOST, ELSEWHERE),
        (replace(NAMED, failure_action=ELSEWHERE), DONE, AFTER),
        (replace(NAMED, action=None, failure_action=ELSEWHERE), DONE, None),
        (replace(NAMED, after=After(failed=Then.END)), LOST, AFTER),
        (replace(NAMED, after=After(failed=Then.GO_ON)), LOST, None),
        (replace(NAMED, after=After(canceled=Then.NOTHING)), GONE, None),
        (replace(NAMED, action=None), LOST, None),
    ],
)
def test_the_action_url_of_such_an_end_is_told(
    verb: Refer, result: Result, told: Callback | None
) -> None:
    found = Owed(verb, INFO, UP, 3).told(result)
    assert found == (None if told is None else (told, Transferred(result, "verb 1")))
    assert found is None or found[1].number == 3


def owed(line: Line) -> list[Owed | None]:
    return [each.owed for each in line.intents if isinstance(each, TransferBegan)]


def test_a_transfer_says_what_it_owes_when_it_begins() -> None:
    line = Line()
    line.happens((1.0, document(REFER)))
    assert owed(line) == [Owed(REFER, INFO, UP, 1)]
    (kept,) = owed(line)
    assert codec.loads(codec.dumps(kept), {}) == kept


@pytest.mark.parametrize(("verb", "info"), [(NO_ACTION, INFO), (REFER, LOCAL)])
def test_it_owes_nothing_where_no_action_url_is_to_be_told(verb: Refer, info: object) -> None:
    line = Line(info=info)  # type: ignore[arg-type]
    line.happens((1.0, document(verb)))
    assert owed(line) == [None]
