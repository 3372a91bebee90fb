import pytest

from stasis_refer.core.application import Callback
from stasis_refer.core.program import MAX_IDLE_DOCUMENTS, Program
from stasis_refer.core.verbs import Document, Hangup, Pause, Play, Redirect, Reject, Speech, Verb

ELSEWHERE = Redirect(Callback("http://127.0.0.1/next"))
SAY = Play(Speech("hello"))
WAIT = Pause(1.0)


def rest(program: Program) -> list[Verb]:
    return list(iter(program.next, None))


@pytest.mark.parametrize("document", [(), (Hangup(),), (SAY, WAIT, ELSEWHERE)])
def test_verbs_come_in_the_order_of_the_document_and_then_none(document: Document) -> None:
    program = Program()
    assert program.load(document)
    assert rest(program) == list(document)
    assert program.next() is None


def test_another_document_replaces_what_was_left() -> None:
    program = Program()
    program.load((SAY, WAIT))
    assert program.next() == SAY
    program.load((Hangup(),))
    assert rest(program) == [Hangup()]


def test_a_cleared_program_has_nothing_left() -> None:
    program = Program()
    program.load((SAY, WAIT))
    program.clear()
    assert program.next() is None


@pytest.mark.parametrize("document", [(), (ELSEWHERE,), (Reject(486),), (WAIT, ELSEWHERE)])
def test_documents_that_only_chase_one_another_come_to_an_end(document: Document) -> None:
    program = Program()
    for _ in range(MAX_IDLE_DOCUMENTS):
        assert program.load(document)
        rest(program)
    assert not program.load(document)


def test_a_menu_that_takes_time_may_go_round_for_ever() -> None:
    program = Program()
    for _ in range(2 * MAX_IDLE_DOCUMENTS):
        assert program.load((WAIT, ELSEWHERE))
        rest(program)
        program.took_time()
