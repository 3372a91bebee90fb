import pytest

from stasis_refer.core.abouts import TransferAsked
from stasis_refer.core.info import CallInfo
from stasis_refer.dialects.jambonz_refer import refer_details

TRANSFEREE, TRANSFEROR = CallInfo("0" * 32, "1.1"), CallInfo("1" * 32, "1.2")
SIDS = {"referring_call_sid": "from", "referred_call_sid": "whom"}


def details(referred_by: str = "", *headers: tuple[str, str]) -> dict[str, str]:
    asked = TransferAsked(
        "<sip:bob@b>", "bob", TRANSFEROR, TRANSFEREE, referred_by, headers=headers
    )
    return refer_details(asked, "from", "whom")


def test_what_is_not_known_is_left_out() -> None:
    assert details() == {"sip_refer_to": "<sip:bob@b>", "refer_to_user": "bob"} | SIDS


@pytest.mark.parametrize(
    ("referred_by", "user"),
    [
        ("<sip:alice@a>", "alice"),
        ("sip:alice@a", "alice"),
        ("sip:alice@a;cid=1@b", "alice"),
        ('"Alice <A>" <sip:alice@a;transport=tcp?X=1>;cid="1@b"', "alice"),
        ('"Alice" <sip:alice@a;transport=tcp?X=1>;cid="1@b"', "alice"),
        ("<sips:a%20b@a>", "a%20b"),
        ("<tel:+49-30>", "+49-30"),
        ("<sip:example.com>", None),
        ("<mailto:alice@a>", None),
        ("nonsense", None),
    ],
)
def test_the_user_who_refers(referred_by: str, user: str | None) -> None:
    told = details(referred_by)
    assert told["sip_referred_by"] == referred_by
    assert told.get("referred_by_user") == user


def test_headers_of_the_refer_are_named_in_snake_case() -> None:
    told = details(
        "", ("X-Override-Number", "7"), ("x-AcctId", "a"), ("X-A", "1"), ("x-a", "2"), ("X--", "")
    )
    named = {name: told[name] for name in told if name.startswith("x")}
    assert named == {"x_override_number": "7", "x_acctid": "a", "x_a": "1, 2", "x": ""}


def test_a_header_cannot_pose_as_a_detail() -> None:
    told = details("", ("Referring-Call-Sid", "evil"))
    assert told["referring_call_sid"] == "from"
