"""What readers of documents have to say of what they refuse or pass over, checked in one way."""

from collections.abc import Callable

import pytest

from stasis_refer.core.events import FetchFailure
from stasis_refer.dialects.dialect import DocumentError, Remark

Place = tuple[int | None, int | None]


def assert_refused(
    read: Callable[[], object], failure: FetchFailure, place: Place, says: str
) -> None:
    """Check that reading is refused for this reason, at this place, in a sentence that has it."""
    with pytest.raises(DocumentError) as caught:
        read()
    error = caught.value
    assert (error.failure, error.line, error.column) == (failure, *place)
    assert says in str(error)
    if error.line is not None:
        assert str(error).startswith(f"Line {error.line}, column {error.column}: ")


def assert_remark(remark: Remark, place: Place, says: str) -> None:
    """Check a remark's place, and that its sentence has this in it."""
    assert (remark.line, remark.column) == place
    assert says in remark.message
