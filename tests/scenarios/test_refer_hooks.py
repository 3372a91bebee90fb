"""A REFER that a phone sends, in the other dialects, and where nothing is captured."""

import json

import pytest

from stasis_refer.core.outcome import Outcome
from stasis_refer.lab.phone import bye, call, hear_bye, hear_notify, pause
from tests.fakes.customer import Reply
from tests.scenarios.cast import ANSWERS, TALK, TARGET, Cast, refers
from tests.scenarios.theatre import Theatre

B_ANSWERS = (*ANSWERS, pause(TALK), bye())
MOVED = (hear_notify(200), hear_bye())
HEADERS = "X-Reason: billing\nUser-Agent: Desk 9\n"
BY = "<sip:agenta@example.com>"


@pytest.mark.parametrize("cast", ["jambonz"], indirect=True)
async def test_jambonz_is_told_all_of_refer_details(cast: Cast) -> None:
    def dial(agent: str, **more: object) -> Reply:
        target = [{"type": "sip", "sipUri": cast.uri(agent)}]
        verbs = [{"verb": "dial", "target": target, **more}]
        return Reply(json.dumps(verbs), content_type="application/json")

    cast.theatre.reply(cast.name, "voice", dial("a", referHook="where"))
    cast.theatre.reply(cast.name, "where", dial("b"))
    a = (*refers(referred_by=BY, headers=HEADERS), *MOVED)
    await cast.play((call(), hear_bye()), a=a, b=B_ANSWERS)
    assert await cast.outcomes() == [Outcome.COMPLETED]
    asked = await cast.theatre.the_one(cast.name, "where")
    details = asked.json["refer_details"]
    first = cast.theatre.told(cast.name, "voice")[0].json
    assert details["sip_refer_to"] == f"<{TARGET}>"
    assert details["refer_to_user"] == "agentb"
    assert details["sip_referred_by"] == BY
    assert details["referred_by_user"] == "agenta"
    assert details["sip_user_agent"] == "Desk 9"
    assert details["x_reason"] == "billing"
    assert details["referred_call_sid"] == first["call_sid"]
    assert details["referring_call_sid"] not in {"", first["call_sid"]}


@pytest.mark.parametrize("cast", ["rcml"], indirect=True)
async def test_rcml_is_told_target_transferor_and_transferee(cast: Cast) -> None:
    xml = "application/xml"
    first = cast.dial("a", attributes='referUrl="where"')
    cast.theatre.reply(cast.name, "voice", Reply(first, content_type=xml))
    cast.theatre.reply(cast.name, "where", Reply(cast.dial("b"), content_type=xml))
    await cast.play((call(), hear_bye()), a=(*refers(), *MOVED), b=B_ANSWERS)
    assert await cast.outcomes() == [Outcome.COMPLETED]
    asked = await cast.theatre.the_one(cast.name, "where")
    told = [asked.form[name] for name in ("ReferTarget", "Transferor", "Transferee")]
    assert told == ["agentb", "a", "phone"]


@pytest.mark.parametrize("cast", ["bxml"], indirect=True)
async def test_bxml_may_be_asked_under_a_name_of_ours(cast: Cast) -> None:
    def transfer(agent: str, attributes: str = "") -> Reply:
        noun = f"<SipUri>{cast.uri(agent)}</SipUri>"
        document = f"<Bxml><Transfer {attributes}>{noun}</Transfer></Bxml>"
        return Reply(document, content_type="application/xml")

    cast.theatre.reply(cast.name, "voice", transfer("a", 'x-refer-url="where"'))
    cast.theatre.reply(cast.name, "where", transfer("b"))
    await cast.play((call(), hear_bye()), a=(*refers(), *MOVED), b=B_ANSWERS)
    assert await cast.outcomes() == [Outcome.COMPLETED]
    asked = await cast.theatre.the_one(cast.name, "where")
    assert asked.json["eventType"] == "referReceived"
    assert asked.json["referTo"] == f"<{TARGET}>"


async def test_without_the_capture_only_the_user_part_is_known(deaf_theatre: Theatre) -> None:
    deaf = Cast(deaf_theatre, "deaf-twiml")
    dial = deaf.dial("a", attributes='referUrl="where" answerOnBridge="true"')
    deaf_theatre.reply(deaf.name, "voice", dial)
    deaf_theatre.reply(deaf.name, "where", deaf.dial("b"))
    await deaf.play((call(), hear_bye()), a=(*refers(), *MOVED), b=B_ANSWERS)
    asked = await deaf_theatre.the_one(deaf.name, "where")
    assert asked.form["ReferTransferTarget"] == "agentb"
    assert await deaf.outcomes() == [Outcome.COMPLETED]
