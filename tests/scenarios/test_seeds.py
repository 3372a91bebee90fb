"""The vendors' pages that specify the verbs, sentence by sentence, on a real Asterisk.

What their tables of outcomes say is in ``test_refer_sent.py``.
"""

import asyncio
import json

import pytest

from stasis_refer.lab.phone import (
    Step,
    answer_refer,
    call,
    call_refused,
    expect_refer,
    hear_bye,
    notify,
)
from tests.fakes.customer import Reply
from tests.scenarios.situations import ACCEPTED, HANG_UP
from tests.scenarios.theatre import Theatre

SUCCESS: tuple[Step, ...] = (*ACCEPTED, notify(200), hear_bye())
REFUSED: tuple[Step, ...] = (call(), expect_refer(), answer_refer(405), hear_bye())
NEXT = "<Response><Redirect>next</Redirect></Response>"
BXML_NEXT = '<Response><Redirect redirectUrl="next"/></Response>'
SIP_URI = "<SipUri>sip:alice@example.com</SipUri>"


async def told(theatre: Theatre, name: str, path: str = "after") -> dict[str, object]:
    request = await theatre.customer.received(f"/{name}/{path}")
    return dict(request.json if request.body[:1] == b"{" else request.form or request.query)


# -- seed 000, Twilio's <Refer> --------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        "sip:alice@example.com?X-AcctNumber=123456&amp;X-ReasonForCalling=billing-question",
        "sip:alice@example.com?User-to-User=123456789%3Bencoding%3Dhex",
    ],
)
@pytest.mark.parametrize("dialect", ["twiml", "rcml"])
async def test_passing_context_via_sip_headers(theatre: Theatre, dialect: str, target: str) -> None:
    """Seed 000, Passing context via SIP Headers: the examples."""
    name = theatre.free_application(dialect)
    theatre.reply(name, "voice", f"<Response><Refer><Sip>{target}</Sip></Refer></Response>")
    refer_to = f"<{target.replace('&amp;', '&')}>"
    steps = (call(), expect_refer(refer_to=refer_to), answer_refer(202), notify(200), hear_bye())
    assert await theatre.phone(name, *steps) == ""


@pytest.mark.parametrize("steps", [SUCCESS, REFUSED], ids=["success", "failure"])
async def test_without_an_action_the_next_verb_follows(
    theatre: Theatre, steps: tuple[Step, ...]
) -> None:
    """Seed 000, Monitoring: "If the action parameter is omitted ... the next verb"."""
    name = theatre.free_application()
    refer = "<Refer><Sip>sip:alice@example.com</Sip></Refer>"
    theatre.reply(name, "voice", f"<Response>{refer}<Redirect>next</Redirect></Response>")
    theatre.reply(name, "next", HANG_UP)
    assert await theatre.phone(name, *steps) == ""
    assert len(theatre.told(name, "next")) == 1


async def test_the_call_is_resumed_if_the_transfer_fails(theatre: Theatre) -> None:
    """Seed 000, Monitoring: "you can resume handling the call accordingly"."""
    name = theatre.free_application()
    refer = '<Refer action="after"><Sip>sip:alice@example.com</Sip></Refer>'
    theatre.reply(name, "voice", f"<Response>{refer}</Response>")
    theatre.reply(name, "after", NEXT)
    theatre.reply(name, "next", HANG_UP)
    assert await theatre.phone(name, *REFUSED) == ""
    assert (await told(theatre, name, "next"))["CallStatus"] == "in-progress"


# -- seed 001, Bandwidth's <Refer> -----------------------------------------------


async def test_after_success_the_call_ends_and_the_reply_is_ignored(theatre: Theatre) -> None:
    """Seed 001, referCompleteUrl: "any BXML returned from this webhook is ignored"."""
    name = theatre.free_application("bxml")
    refer = f'<Refer referCompleteUrl="after">{SIP_URI}</Refer><Redirect redirectUrl="next"/>'
    theatre.reply(name, "voice", f"<Response>{refer}</Response>")
    theatre.reply(name, "after", BXML_NEXT)
    assert await theatre.phone(name, *SUCCESS) == ""
    assert (await told(theatre, name))["referCallStatus"] == "success"
    await asyncio.sleep(0.2)
    assert not theatre.told(name, "next")


async def test_after_failure_the_reply_runs_on_the_live_call(theatre: Theatre) -> None:
    """Seed 001, referCompleteUrl: "executed on the still-active call"; verbs behind are ignored."""
    name = theatre.free_application("bxml")
    refer = f'<Refer referCompleteUrl="after">{SIP_URI}</Refer><Redirect redirectUrl="never"/>'
    theatre.reply(name, "voice", f"<Response>{refer}</Response>")
    theatre.reply(name, "after", BXML_NEXT)
    theatre.reply(name, "next", HANG_UP)
    assert await theatre.phone(name, *REFUSED) == ""
    assert (await told(theatre, name, "next"))["eventType"] == "redirect"
    assert not theatre.told(name, "never")


@pytest.mark.parametrize(
    ("steps", "reached"), [(SUCCESS, False), (REFUSED, True)], ids=["success", "failure"]
)
async def test_without_a_url_no_event_is_sent(
    theatre: Theatre, steps: tuple[Step, ...], *, reached: bool
) -> None:
    """Seed 001: "On success the call is still terminated; on failure, execution continues"."""
    name = theatre.free_application("bxml")
    refer = f'<Refer>{SIP_URI}</Refer><Redirect redirectUrl="next"/>'
    theatre.reply(name, "voice", f"<Response>{refer}</Response>")
    theatre.reply(name, "next", HANG_UP)
    assert await theatre.phone(name, *steps) == ""
    assert bool(theatre.told(name, "next")) is reached


async def test_the_event_may_be_asked_for_with_get(theatre: Theatre) -> None:
    """Seed 001, referCompleteMethod: "GET or POST"."""
    name = theatre.free_application("bxml")
    refer = f'<Refer referCompleteUrl="after" referCompleteMethod="GET">{SIP_URI}</Refer>'
    theatre.reply(name, "voice", f"<Bxml>{refer}</Bxml>")
    theatre.reply(name, "after", HANG_UP)
    assert await theatre.phone(name, *REFUSED) == ""
    request = await theatre.the_one(name)
    assert (request.method, request.query["referSipResponseCode"]) == ("GET", "405")


@pytest.mark.parametrize(
    "refer",
    [
        "<Refer/>",
        f"<Refer>{SIP_URI}{SIP_URI}</Refer>",
        f'<Refer tag="{"x" * 257}">{SIP_URI}</Refer>',
    ],
    ids=["no SipUri", "two of them", "a tag too long"],
)
async def test_a_refer_that_is_written_wrong_goes_to_the_fallback(
    theatre: Theatre, refer: str
) -> None:
    """Seed 001, Nested Tags and tag: exactly one SipUri, at most 256 characters."""
    name = theatre.free_application("bxml")
    theatre.reply(name, "voice", f"<Response>{refer}</Response>")
    theatre.reply(name, "fallback", HANG_UP)
    assert await theatre.phone(name, call_refused(603)) == ""
    assert len(theatre.told(name, "fallback")) == 1


async def test_the_examples_recovery_is_heard(theatre: Theatre) -> None:
    """Seed 001, Handle Failure in referComplete Callback."""
    name = theatre.free_application("bxml")
    theatre.reply(
        name, "voice", f'<Response><Refer referCompleteUrl="after">{SIP_URI}</Refer></Response>'
    )
    sentence = "The transfer could not be completed. Please try again later."
    theatre.reply(
        name,
        "after",
        f"<Response><SpeakSentence>{sentence}</SpeakSentence><Hangup /></Response>",
    )
    began = asyncio.get_running_loop().time()
    assert await theatre.phone(name, *REFUSED) == ""
    assert asyncio.get_running_loop().time() - began > 2, "a sentence takes its time"


# -- seed 003, Cognigy's sip:refer -----------------------------------------------

EXAMPLE = {
    "verb": "sip:refer",
    "referTo": "+4930123456",
    "id": "unique-id-123",
    "referredBy": "sip:caller@example.com",
    "actionHook": {
        "url": "after",
        "referStatus": "202",
        "final_referred_call_status": "200",
        "eventHook": {"event": "transfer-status", "call_status": "180"},
    },
    "eventHook": "event",
    "headers": {"X-Custom-Header": "Value"},
}


async def test_the_example_of_cognigy_runs_as_it_stands(theatre: Theatre) -> None:
    """Seed 003, the example, and when the verb completes: 202, then a final NOTIFY."""
    name = theatre.free_application("jambonz")
    theatre.reply(name, "voice", Reply(json.dumps([EXAMPLE]), content_type="application/json"))
    theatre.reply(name, "after", Reply("", 204))
    theatre.reply(name, "event", Reply("", 204))
    line = "X-Custom-Header: Value"
    begin = (call(), expect_refer(refer_to="sip:+4930123456@127.0.0.1", header=line))
    steps = (*begin, answer_refer(202), notify(180), notify(200), hear_bye())
    assert await theatre.phone(name, *steps) == ""
    action = await told(theatre, name)
    assert action["refer_status"] == 202
    assert action["final_referred_call_status"] == 200
    assert action["verb_id"] == "unique-id-123"
    events = [each.json for each in theatre.told(name, "event")]
    assert [(each["event"], each["call_status"]) for each in events] == [
        ("transfer-status", 180),
        ("transfer-status", 200),
    ]


async def test_a_failure_response_completes_the_verb(theatre: Theatre) -> None:
    """Seed 003: "A failure response is received for the REFER request"; hooks as objects."""
    name = theatre.free_application("jambonz")
    hook = {"url": "after", "method": "POST", "username": "voice", "password": "gate:way"}
    refer = {**EXAMPLE, "actionHook": hook}
    theatre.reply(name, "voice", Reply(json.dumps([refer]), content_type="application/json"))
    theatre.reply(name, "after", Reply('[{"verb": "hangup"}]', content_type="application/json"))
    assert await theatre.phone(name, *REFUSED) == ""
    request = await theatre.the_one(name)
    assert request.json["refer_status"] == 405
    assert "final_referred_call_status" not in request.json
    assert request.headers["Authorization"] == "Basic dm9pY2U6Z2F0ZTp3YXk="


# -- seed 004, Restcomm's <Refer> ------------------------------------------------


@pytest.mark.parametrize(
    ("target", "refer_to"),
    [
        ("sip:phone_number@example.com", "sip:phone_number@example.com"),
        ("sip:phone_number@example.com?", "sip:phone_number@example.com"),
        (
            "sip:phone_number@example.com?myCustomHeader=value",
            "<sip:phone_number@example.com?myCustomHeader=value>",
        ),
    ],
)
async def test_the_examples_of_restcomm(theatre: Theatre, target: str, refer_to: str) -> None:
    """Seed 004, Examples: each one's Refer-To on the wire, told with GET."""
    name = theatre.free_application("rcml")
    refer = f'<Refer action="after" method="GET"><Sip>{target}</Sip></Refer>'
    theatre.reply(name, "voice", f"<Response>{refer}</Response>")
    theatre.reply(name, "after", HANG_UP)
    absent = "" if "=" in refer_to else "example.com?"
    begin = (call(), expect_refer(header=f"Refer-To: {refer_to}", absent=absent))
    assert await theatre.phone(name, *begin, answer_refer(405), hear_bye()) == ""
    request = await theatre.the_one(name)
    assert request.method == "GET"
    assert request.query["ReferSipResponseCode"] == "405"
    assert request.query["ApiVersion"] == "2012-04-24"
