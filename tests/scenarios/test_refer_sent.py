"""REFERs we send, on a real Asterisk with SIPp as the phone: every outcome of the table."""

import pytest
from twilio.request_validator import RequestValidator

from tests.fakes.customer import Received
from tests.scenarios.conftest import AUTH_TOKEN, Story
from tests.scenarios.situations import SITUATIONS, WITHOUT_CAPTURE, Situation


def refer_fields(request: Received) -> tuple[str | None, str | None, str | None]:
    form = request.form
    return (
        form.get("ReferCallStatus"),
        form.get("ReferSipResponseCode"),
        form.get("NotifySipResponseCode"),
    )


def check(situation: Situation, story: Story) -> None:
    assert story.phone_log == ""
    (ended,) = story.heard.ended
    result = ended.result
    assert (result.outcome, result.reason) == (situation.outcome, situation.reason)
    assert result.evidence is situation.evidence
    assert not result.conflict
    (told,) = story.told
    assert refer_fields(told) == situation.told


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.name)
def test_every_situation_ends_as_the_table_says(
    situation: Situation, stories: dict[str, Story]
) -> None:
    check(situation, stories[situation.name])


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.name)
def test_the_vendors_validator_accepts_every_action_request(
    situation: Situation, stories: dict[str, Story]
) -> None:
    (told,) = stories[situation.name].told
    signature = told.headers["X-Twilio-Signature"]
    assert RequestValidator(AUTH_TOKEN).validate(told.url, dict(told.form), signature)


@pytest.mark.parametrize("situation", WITHOUT_CAPTURE, ids=lambda each: each.name)
def test_without_a_capture_it_works_with_one_code(
    situation: Situation, deaf_stories: dict[str, Story]
) -> None:
    check(situation, deaf_stories[situation.name])
