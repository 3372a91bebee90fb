"""A phone that refuses a REFER: the same target is called and connected, where asked for."""

import json

import pytest

from stasis_refer.core.outcome import Outcome, Reason
from stasis_refer.lab.phone import (
    Step,
    answer_refer,
    bye,
    call,
    decline,
    expect_refer,
    hear_bye,
    pause,
    ring_in,
)
from tests.fakes.customer import Reply
from tests.scenarios.cast import ANSWERS, TALK, Cast
from tests.scenarios.test_stories import Ear

REFUSALS = (400, 403, 405, 420, 488, 501, 603)
B_ANSWERS = (*ANSWERS, pause(TALK), bye())


def refers(cast: Cast, fallback: str = 'x-fallback="dial"') -> None:
    """Let the application transfer the caller to agent B."""
    refer = f'<Refer action="after" {fallback}><Sip>{cast.uri("b")}</Sip></Refer>'
    cast.theatre.reply(cast.name, "voice", f"<Response>{refer}</Response>")
    cast.theatre.reply(cast.name, "after", "<Response/>")


@pytest.mark.parametrize("code", REFUSALS)
async def test_the_caller_is_connected_with_the_target(cast: Cast, code: int) -> None:
    refers(cast)
    await cast.play((call(), expect_refer(), answer_refer(code), hear_bye()), b=B_ANSWERS)
    (ended,) = cast.theatre.journal[cast.name].ended
    assert (ended.result.outcome, ended.result.reason) == (
        Outcome.COMPLETED,
        Reason.BRIDGED_FALLBACK,
    )
    assert ended.result.refer_code == code
    told = await cast.theatre.the_one(cast.name)
    assert told.form["ReferCallStatus"] == "in-progress"
    assert told.form["ReferSipResponseCode"] == str(code)
    assert cast.counted("sent") == {"completed": 1}


async def test_a_phone_whose_allow_has_no_refer_is_not_asked(cast: Cast) -> None:
    refers(cast)
    plain = Step(call().replace(", REFER", ""))
    await cast.play((plain, hear_bye()), b=B_ANSWERS)
    (ended,) = cast.theatre.journal[cast.name].ended
    assert ended.result.reason is Reason.BRIDGED_FALLBACK
    assert ended.result.refer_code is None


async def test_a_target_that_is_busy_then(cast: Cast) -> None:
    refers(cast)
    caller = (call(), expect_refer(), answer_refer(405), hear_bye())
    await cast.play(caller, b=(ring_in(), decline(486)))
    assert await cast.outcomes() == [Outcome.BUSY]
    told = await cast.theatre.the_one(cast.name)
    assert told.form["ReferCallStatus"] == "busy"
    assert told.form["NotifySipResponseCode"] == "486"


async def test_the_caller_hears_ringing_meanwhile(cast: Cast) -> None:
    refers(cast)
    ear = Ear()
    begin = (call(media_port=ear.port), expect_refer(), answer_refer(405))
    await cast.play((*begin, hear_bye()), b=(ring_in(), pause(1.2), decline(486)))
    assert ear.heard() > 20
    ear.close()


@pytest.mark.parametrize(
    ("code", "fallback"),
    [(404, 'x-fallback="dial"'), (405, ""), (405, 'x-fallback="none"')],
    ids=["another refusal", "not asked for", "asked not to"],
)
async def test_otherwise_a_refusal_is_one(cast: Cast, code: int, fallback: str) -> None:
    refers(cast, fallback)
    await cast.play((call(), expect_refer(), answer_refer(code), hear_bye()))
    assert await cast.outcomes() == [Outcome.REJECTED]


@pytest.mark.parametrize("cast", ["jambonz"], indirect=True)
async def test_jambonz_spells_it_in_its_own_way(cast: Cast) -> None:
    verb = {"verb": "sip:refer", "referTo": cast.uri("b"), "actionHook": "after"}
    as_json = "application/json"
    document = json.dumps([{**verb, "xFallback": "dial"}])
    cast.theatre.reply(cast.name, "voice", Reply(document, content_type=as_json))
    cast.theatre.reply(cast.name, "after", Reply("[]", content_type=as_json))
    await cast.play((call(), expect_refer(), answer_refer(405), hear_bye()), b=B_ANSWERS)
    assert await cast.outcomes() == [Outcome.COMPLETED]
