import pytest

from stasis_refer.core.events import ReferCaptured
from stasis_refer.core.received import is_copy, user_of


@pytest.mark.parametrize(
    ("refer_to", "user"),
    [
        ("sip:b@example.com", "b"),
        ('"B" <sip:b@example.com?X-A=1>;early-only=1', "b"),
        ("<sip:a%20b@example.com>", "a b"),
        ("<sip:example.com>", ""),
        ("<tel:+49301>", "+49301"),
        ("no URI", ""),
    ],
)
def test_the_user_part_of_a_refer_to(refer_to: str, user: str) -> None:
    assert user_of(refer_to) == user


@pytest.mark.parametrize(
    ("refer_to", "told", "copy"),
    [
        ("<sip:b@example.com>", "b", True),
        ("<sip:b@example.com>", "c", False),
        ("<sip:10@example.com>", "1", False),
        ("<sip:b;day=tuesday@example.com>", "b", True),
        (f"<sip:{'1' * 80}@example.com>", "1" * 79, True),
        (f"<sip:{'1' * 80}@example.com>", "1" * 78, False),
    ],
)
def test_a_copy_has_the_user_that_asterisk_tells_of(
    refer_to: str, told: str, *, copy: bool
) -> None:
    assert is_copy(ReferCaptured(3, refer_to), told) is copy
