import pytest

from stasis_refer.wire.causes import CAUSES, cause_of, status_of


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
