import pytest

from stasis_refer.lab.phone import (
    TOLD,
    Step,
    answer,
    answer_refer,
    bye,
    call,
    expect_refer,
    hear_bye,
    hear_nothing,
    hear_notify,
    notify,
    pause,
    ring_in,
    send_refer,
)
from tests.lab.conversation import failed, talk

ANSWERED = (ring_in(), answer())
TARGET = "<sip:b@example.com>"
REFERRED = (*ANSWERED, send_refer(TARGET))
ACCEPTED = (call(), expect_refer(), answer_refer(202))
LONG = f"<sip:b@example.com?X-Note={'n' * 300}>"


@pytest.mark.parametrize(
    ("called", "calling"),
    [
        pytest.param(
            (*REFERRED, hear_notify(200), hear_bye()),
            (*ACCEPTED, notify(100), notify(200), bye()),
            id="answers",
        ),
        pytest.param(
            (*REFERRED, hear_notify(603), hear_bye()), (*ACCEPTED, notify(603), bye()), id="no-100"
        ),
        pytest.param(
            (*REFERRED, hear_notify(486), hear_notify(200), hear_bye()),
            (*ACCEPTED, notify(100), notify(100), notify(486), notify(100), notify(200), bye()),
            id="two-subscriptions",
        ),
        pytest.param(
            (*REFERRED, hear_notify(100), hear_notify(180), hear_notify(503), hear_bye()),
            (*ACCEPTED, notify(100), notify(180), notify(503), bye()),
            id="each-one-heard",
        ),
        pytest.param(
            (*REFERRED, hear_notify(180, "terminated;reason=timeout"), hear_bye()),
            (*ACCEPTED, notify(180, state="terminated;reason=timeout"), bye()),
            id="ends-with-180",
        ),
        pytest.param(
            (*REFERRED, hear_nothing(0.2), hear_bye()),
            (*ACCEPTED, pause(0.5), bye()),
            id="nothing",
        ),
        pytest.param(
            (*REFERRED, bye(), hear_notify(503)), (*ACCEPTED, hear_bye(), notify(503)), id="bye"
        ),
        pytest.param(
            (*ANSWERED, send_refer(TARGET, referred_by=None, headers="Refer-Sub: false"), bye()),
            (
                call(),
                expect_refer(header="Refer-Sub: false", absent="Referred-By"),
                *(answer_refer(202), hear_bye()),
            ),
            id="without-referred-by",
        ),
        pytest.param(
            (*ANSWERED, send_refer("<tel:+4930123456>", answer=400), bye()),
            (call(), expect_refer(refer_to="<tel:+4930123456>"), answer_refer(400), hear_bye()),
            id="refused",
        ),
        pytest.param(
            (*ANSWERED, send_refer(LONG, referred_by="<sip:a@example.com>"), bye()),
            (
                call(),
                expect_refer(refer_to=LONG, header="Referred-By: <sip:a@example.com>"),
                *(answer_refer(202), hear_bye()),
            ),
            id="long",
        ),
        pytest.param(
            (*ANSWERED, expect_refer(), answer_refer(202), notify(100), notify(200), bye()),
            (call(), send_refer(TARGET), hear_notify(200), hear_bye()),
            id="caller-refers",
        ),
    ],
)
async def test_a_transferor_hears_what_became_of_it(
    called: tuple[Step, ...], calling: tuple[Step, ...]
) -> None:
    one, other = await talk(called, calling)
    assert (one.log, other.log) == ("", "")


@pytest.mark.parametrize(
    ("hears", "told", "says"),
    [
        pytest.param(hear_notify(200), (notify(486),), "486 Busy", id="another-code"),
        pytest.param(hear_notify(20), (notify(200),), "200 OK", id="part-of-a-code"),
        pytest.param(
            hear_notify(200),
            (notify(200, state="active;expires=60"),),
            "active;expires=60",
            id="another-state",
        ),
        pytest.param(
            hear_notify(200),
            (notify(100, state="terminated;reason=giveup"),),
            "reason=giveup",
            id="a-100-that-ends",
        ),
        pytest.param(hear_notify(100), (notify(200),), "200 OK", id="no-100-where-asked-for"),
        pytest.param(
            hear_notify(200, absent=";id="), (notify(200, refer_id=True),), ";id=", id="with-id"
        ),
        pytest.param(hear_notify(200), (bye(),), "BYE", id="bye-instead"),
        pytest.param(hear_nothing(1.0), (pause(0.1), bye()), "BYE", id="bye-in-silence"),
        pytest.param(
            hear_nothing(1.0), (pause(0.1), notify(200)), "NOTIFY", id="notify-in-silence"
        ),
    ],
)
async def test_a_transferor_that_hears_something_else_says_so(
    hears: Step, told: tuple[Step, ...], says: str
) -> None:
    assert says in await failed((*REFERRED, hears), (*ACCEPTED, *told))


@pytest.mark.parametrize("code", [200, 405])
async def test_a_refer_that_is_answered_otherwise_fails(code: int) -> None:
    calling = (call(), expect_refer(), answer_refer(code), pause(1))
    assert f"SIP/2.0 {code}" in await failed(REFERRED, calling)


def test_what_was_told_stands_in_a_header() -> None:
    assert f"Refer-To: {TOLD}\n" in send_refer(TOLD)
