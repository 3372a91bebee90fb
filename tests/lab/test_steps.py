"""Every step is played: by a phone that is called, against one that calls."""

import pytest

from stasis_refer.lab.phone import (
    Step,
    answer,
    answer_refer,
    bye,
    call,
    call_refused,
    decline,
    expect_cancel,
    expect_refer,
    hear_bye,
    hold,
    notify,
    pause,
    press,
    resume,
    ring_in,
    send_refer,
    wait_in,
)
from stasis_refer.lab.scenario import provisional, receive, receive_response, response, send
from tests.lab.conversation import failed, take_offer, talk

ANSWERED = (ring_in(), answer())

CANCEL = """CANCEL sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      [last_Via:]
      [last_From:]
      To: <sip:[service]@[remote_ip]:[remote_port]>
      Call-ID: [call_id]
      CSeq: 1 CANCEL
      Max-Forwards: 70
      Content-Length: 0
"""


def canceled(*codes: int) -> Step:
    """Call, hear these, and give up."""
    refused = call_refused(487)
    invite, _, _ = refused.partition("  <recv")
    _, _, final = refused.rpartition('  <recv response="487"')
    heard = provisional(*codes[:-1]) + receive_response(codes[-1])
    return Step(
        f'{invite}{heard}{send(CANCEL)}{receive_response(200)}  <recv response="487"{final}'
    )


@pytest.mark.parametrize(
    ("called", "calling"),
    [
        pytest.param((*ANSWERED, hear_bye()), (call(), bye()), id="caller-hangs-up"),
        pytest.param((*ANSWERED, bye()), (call(), hear_bye()), id="callee-hangs-up"),
        pytest.param((wait_in(), answer(), bye()), (call(), hear_bye()), id="silent-answer"),
        pytest.param((ring_in(), decline()), (call_refused(486),), id="declines"),
        pytest.param((wait_in(), decline(603)), (call_refused(603),), id="declines-in-silence"),
        pytest.param((ring_in(), expect_cancel()), (canceled(100, 180),), id="canceled"),
        pytest.param((wait_in(), expect_cancel()), (canceled(100),), id="canceled-in-silence"),
        pytest.param(
            (*ANSWERED, hold(), resume(), bye()),
            (call(), take_offer(), take_offer(), hear_bye()),
            id="callee-holds",
        ),
        pytest.param(
            (*ANSWERED, take_offer(), take_offer(), hear_bye()),
            (call(), hold(), resume(), bye()),
            id="caller-holds",
        ),
        pytest.param(
            (*ANSWERED, *[Step(receive("INFO") + response(200))] * 2, hear_bye()),
            (call(), press("1#"), bye()),
            id="caller-presses",
        ),
        pytest.param(
            (*ANSWERED, expect_refer(refer_to="sip:b@"), answer_refer(202), notify(200), bye()),
            (
                *(call(), send_refer("<sip:b@example.com>")),
                *(Step(receive("NOTIFY") + response(200)), hear_bye()),
            ),
            id="callee-is-transferred",
        ),
        pytest.param(
            (ring_in(header="X-Room: 7", absent="X-Other"), answer(), hear_bye()),
            (call(headers="X-Room: 7\nX-Note: a"), bye()),
            id="sees-headers",
        ),
    ],
)
async def test_phones_talk(called: tuple[Step, ...], calling: tuple[Step, ...]) -> None:
    one, other = await talk(called, calling)
    assert (one.log, other.log) == ("", "")
    assert (one.good, other.good) == (True, True)


@pytest.mark.parametrize(
    ("called", "calling", "says"),
    [
        pytest.param(
            (ring_in(header="X-Room: 7"), answer(), hear_bye()),
            (call(headers="X-Room: 8"), bye()),
            "X-Room: 8",
            id="header-missing",
        ),
        pytest.param(
            (ring_in(absent="X-Room"), answer(), hear_bye()),
            (call(headers="X-Room: 8"), bye()),
            "X-Room: 8",
            id="header-there",
        ),
        pytest.param(
            (ring_in(), pause(0.5), answer(), hear_bye()),
            (canceled(100, 180),),
            "CANCEL",
            id="canceled",
        ),
        pytest.param(
            (*ANSWERED, expect_refer(refer_to="sip:c@"), answer_refer(202), hear_bye()),
            (call(), send_refer("<sip:b@example.com>"), bye()),
            "sip:b@example.com",
            id="wrong-target",
        ),
        pytest.param(
            (*ANSWERED, expect_refer(), hear_bye()), (call(), bye()), "BYE", id="bye-not-refer"
        ),
    ],
)
async def test_a_phone_that_hears_something_else_says_so(
    called: tuple[Step, ...], calling: tuple[Step, ...], says: str
) -> None:
    assert says in await failed(called, calling)
