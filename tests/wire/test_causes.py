import pytest

from stasis_refer.wire.causes import CAUSES, NORMAL, cause_of, refused_with, status_of


@pytest.mark.parametrize("status", CAUSES)
def test_what_can_be_had_is_had(status: int) -> None:
    assert status_of(status) == status
    assert cause_of(status) == CAUSES[status]


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        (None, 603),
        (400, 403),
        (401, 403),
        (406, 488),
        (487, 480),
        (504, 408),
        (505, 500),
        (600, 486),
        (604, 404),
        (606, 488),
        (607, 603),
        (699, 603),
        (302, 603),
        (200, 603),
    ],
)
def test_what_cannot_be_had_is_told_by_what_is_nearest(wanted: int | None, got: int) -> None:
    assert status_of(wanted) == got
    assert cause_of(wanted) == CAUSES[got]


@pytest.mark.parametrize("status", [status for status in CAUSES if CAUSES[status] != NORMAL])
def test_a_cause_that_refuses_a_call_is_read_as_the_same_status(status: int) -> None:
    assert refused_with(CAUSES[status]) == status


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (NORMAL, None),
        (0, None),
        (127, None),  # what many statuses become
        (17, 486),
        (23, 302),
        (102, 504),
        (3, 404),
    ],
)
def test_what_stands_behind_the_end_of_a_leg(cause: int, status: int | None) -> None:
    assert refused_with(cause) == status
