"""REFERs we send, on a real Asterisk with SIPp as the phone: every outcome in every dialect."""

import pytest
from bandwidth.models.disconnect_callback import DisconnectCallback
from bandwidth.models.initiate_callback import InitiateCallback
from bandwidth.models.refer_complete_callback import ReferCompleteCallback
from jambonz_sdk._models._generated.callbacks.sip_refer import SipreferActionhookPayload
from jambonz_sdk._models._generated.callbacks.sip_refer_event import SipReferEventhookPayload
from jambonz_sdk._signature import verify_signature
from twilio.request_validator import RequestValidator

from stasis_refer.core.events import ReferNotified
from stasis_refer.core.outcome import Outcome
from tests.scenarios.situations import SITUATIONS, WITHOUT_CAPTURE, Situation
from tests.scenarios.theatre import Stories, Story, Theatre, application_of
from tests.scenarios.voices import (
    AUTH_TOKEN,
    BXML,
    JAMBONZ,
    TWIML,
    VOICES,
    WEBHOOK_SECRET,
    Told,
    Voice,
)

by_name = pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.name)
by_dialect = pytest.mark.parametrize("voice", VOICES, ids=lambda each: each.dialect)


def check(voice: Voice, situation: Situation, story: Story) -> None:
    assert story.phone_log == ""
    (ended,) = story.heard.ended
    result = ended.result
    assert (result.outcome, result.reason) == (situation.outcome, situation.reason)
    assert result.evidence is situation.evidence
    assert not result.conflict
    expected = voice.expected(situation)
    assert [voice.read(each) for each in story.told] == ([expected] if expected else [])


@by_dialect
@by_name
def test_every_situation_ends_as_the_table_says(
    voice: Voice, situation: Situation, stories: Stories
) -> None:
    check(voice, situation, stories[voice.dialect, situation.name])


@pytest.mark.parametrize("situation", WITHOUT_CAPTURE, ids=lambda each: each.name)
def test_without_a_capture_it_works_with_one_code(
    situation: Situation, deaf_stories: Stories
) -> None:
    check(TWIML, situation, deaf_stories["twiml", situation.name])


@pytest.mark.parametrize(
    ("situation", "told"),
    [
        # Seed 001, "Error Scenarios", row by row.
        ("refer-not-allowed", ("failure", 405, None)),
        ("target-unknown", ("failure", 202, 404)),
        ("phone-says-nothing", ("failure", 202, None)),
        ("target-answers", ("success", 202, 200)),
    ],
)
def test_the_rows_of_bandwidths_error_scenarios(
    situation: str, told: Told, stories: Stories
) -> None:
    (event,) = stories["bxml", situation].told
    assert BXML.read(event) == told


@pytest.mark.parametrize(
    ("situation", "told"),
    [
        # Seed 000, "action", its four example scenarios.
        ("target-answers", ("in-progress", "202", "200")),
        ("target-busy", ("busy", "202", "486")),
        ("refer-not-allowed", ("failed", "405", None)),
        ("hangs-up-while-it-rings", ("canceled", "202", "180")),
    ],
)
def test_the_example_scenarios_of_twilio(situation: str, told: Told, stories: Stories) -> None:
    (request,) = stories["twiml", situation].told
    assert TWIML.read(request) == told


# -- the vendors' own packages are the judges ------------------------------------


@by_name
def test_twilios_validator_accepts_every_action_request(
    situation: Situation, stories: Stories
) -> None:
    (told,) = stories["twiml", situation.name].told
    signature = told.headers["X-Twilio-Signature"]
    assert RequestValidator(AUTH_TOKEN).validate(told.url, dict(told.form), signature)


@by_name
async def test_bandwidths_models_accept_every_event(
    theatre: Theatre, situation: Situation, stories: Stories
) -> None:
    assert stories
    name = application_of(BXML, situation)
    initiate = await theatre.the_one(name, "voice")
    assert InitiateCallback.from_dict(initiate.json) is not None
    for each in theatre.told(name, "after"):
        assert ReferCompleteCallback.from_dict(each.json) is not None
        assert None not in each.json.values()
    disconnect = await theatre.the_one(name, "status")
    read = DisconnectCallback.from_dict(disconnect.json)
    assert read is not None
    assert (read.event_type, read.cause) == ("disconnect", "hangup")
    requests = [*theatre.told(name, "voice"), disconnect, *theatre.told(name, "after")]
    assert all(each.headers["Authorization"].startswith("Basic ") for each in requests)


@by_name
def test_jambonz_models_accept_every_payload_and_its_signature(
    theatre: Theatre, situation: Situation, stories: Stories
) -> None:
    story, name = stories["jambonz", situation.name], application_of(JAMBONZ, situation)
    for each in story.told:
        SipreferActionhookPayload.model_validate(each.json)
    for each in story.events:
        SipReferEventhookPayload.model_validate(each.json)
    voice, status = theatre.told(name, "voice"), theatre.told(name, "status")
    for each in (*voice, *story.told, *story.events, *status):
        signature = each.headers["Jambonz-Signature"]
        assert verify_signature(each.body, signature, WEBHOOK_SECRET)


@by_name
def test_every_notify_goes_to_the_event_hook_and_the_last_before_the_action_hook(
    theatre: Theatre, situation: Situation, stories: Stories
) -> None:
    story = stories["jambonz", situation.name]
    notified = [
        event.code
        for event in story.heard.events
        if isinstance(event, ReferNotified) and event.code
    ]
    assert [each.json["call_status"] for each in story.events] == notified
    ended_by_notify = {Outcome.COMPLETED, Outcome.BUSY, Outcome.NO_ANSWER, Outcome.FAILED}
    if situation.outcome in ended_by_notify:
        order = theatre.customer.requests
        assert order.index(story.events[-1]) < order.index(story.told[0])
