import pytest

from stasis_refer.core.call_record import CallFilter, CallRecord
from stasis_refer.core.info import CallDirection, CallStatus

CALL = CallRecord(
    key="1a" * 16,
    parent="2b" * 16,
    application="support",
    dialect="twiml",
    direction=CallDirection.DIALED,
    caller="+4930",
    caller_name="",
    dialed="alice",
    status=CallStatus.COMPLETED,
    started_at=100.0,
    ended_at=200.0,
)


@pytest.mark.parametrize(
    ("wanted", "admits"),
    [
        (CallFilter(), True),
        (CallFilter(caller="+4930", dialed="alice", parent="2b" * 16), True),
        (CallFilter(caller="+4931"), False),
        (CallFilter(dialed="bob"), False),
        (CallFilter(parent="3c" * 16), False),
        (CallFilter(applications=("sales", "support")), True),
        (CallFilter(applications=("sales",)), False),
        (CallFilter(applications=()), False),
        (CallFilter(statuses=(CallStatus.BUSY, CallStatus.COMPLETED)), True),
        (CallFilter(statuses=(CallStatus.BUSY,)), False),
        (CallFilter(statuses=()), False),
        (CallFilter(live=False), True),
        (CallFilter(live=True), False),
        # The first bound is included, the second is not.
        (CallFilter(since=100.0, until=100.1), True),
        (CallFilter(until=100.0), False),
        (CallFilter(since=100.1), False),
    ],
)
def test_what_a_filter_admits(wanted: CallFilter, *, admits: bool) -> None:
    assert wanted.admits(CALL) is admits
