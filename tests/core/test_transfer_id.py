import pytest

from stasis_refer.core.transfer_id import id_of, parts_of

KEY = "0123456789abcdef0123456789abcdef"


def test_the_transfers_of_a_call_are_counted() -> None:
    assert id_of(KEY, 12) == f"{KEY}-12"
    assert parts_of(f"{KEY}-12") == (KEY, 12)


@pytest.mark.parametrize(
    "text",
    ["", KEY, f"{KEY}-", "-1", f"{KEY}-x", f"{KEY}-01", f"{KEY}-0", f"{KEY}-²", "a-" + "1" * 10],
)
def test_what_names_no_transfer_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="^" + text[:1]):
        parts_of(text)
