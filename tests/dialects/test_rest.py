import pytest

from stasis_refer.core.call_record import CallFilter
from stasis_refer.core.info import CallDirection
from stasis_refer.core.orders import Refusal
from stasis_refer.dialects.rest import CallSearch, RestRequest, RestVendor
from stasis_refer.dialects.rest_registry import REST_VENDORS
from tests.core.test_call_record import CALL


@pytest.mark.parametrize(
    ("search", "admits"),
    [
        (CallSearch(), True),
        (CallSearch(CallFilter(caller="+4931")), False),
        # The first bound is included, the second is not.
        (CallSearch(ended_since=200.0, ended_until=200.1), True),
        (CallSearch(ended_until=200.0), False),
        (CallSearch(directions=frozenset({CallDirection.INBOUND})), False),
    ],
)
def test_what_a_search_admits(search: CallSearch, *, admits: bool) -> None:
    assert search.admits(CALL) is admits


@pytest.mark.parametrize("vendor", REST_VENDORS, ids=lambda each: each.dialect)
def test_each_vendor_has_a_word_for_each_refusal(vendor: RestVendor) -> None:
    for why in Refusal:
        error = vendor.refused(why)
        assert (400 <= error.status < 600, bool(str(error))) == (True, True)
    assert str(vendor.refused(Refusal.NOT_CALLABLE, "because")) == "because"


@pytest.mark.parametrize(("why", "seconds"), [(Refusal.TOO_MANY, "5"), (Refusal.TOO_OFTEN, "1")])
@pytest.mark.parametrize("vendor", REST_VENDORS, ids=lambda each: each.dialect)
def test_each_vendor_says_when_there_may_be_room_again(
    vendor: RestVendor, why: Refusal, seconds: str
) -> None:
    answer = vendor.error(RestRequest("/", ""), vendor.refused(why, "there are many"))
    assert (answer.status, answer.headers["Retry-After"]) == (429, seconds)
    assert "there are many" in answer.body.decode()


@pytest.mark.parametrize("vendor", REST_VENDORS, ids=lambda each: each.dialect)
def test_each_vendors_paths_are_its_own(vendor: RestVendor) -> None:
    assert all(route.path.startswith(vendor.prefix) for route in vendor.routes)
    others = [each.prefix for each in REST_VENDORS if each is not vendor]
    assert not any(vendor.prefix.startswith(other) for other in others)
