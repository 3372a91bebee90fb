import pytest

from stasis_refer.lab.scenario import Step, literally, receive, response, scenario


def test_every_step_has_a_number_of_its_own() -> None:
    label = Step('<label id="@step@"/>')
    text = scenario([label, label])
    assert '<label id="1"/><label id="2"/>' in text


def test_every_variable_is_used() -> None:
    step = Step('<a assign_to="one"/><a assign_to="two2"/><a assign_to="one"/>')
    assert '<Reference variables="one,two2"/>' in scenario([step])


def test_a_scenario_without_variables_refers_to_none() -> None:
    assert "Reference" not in scenario([receive("ACK")])


@pytest.mark.parametrize(
    ("text", "pattern"),
    [("sip:b@a.example", "sip:b@a[.]example"), ("a?b=[c]", "a[?]b=[[]c[]]"), ("plain", "plain")],
)
def test_a_text_is_looked_for_literally(text: str, pattern: str) -> None:
    assert literally(text) == pattern


def test_a_response_repeats_what_the_request_said() -> None:
    text = response(486)
    assert "SIP/2.0 486 Busy Here" in text
    assert all(f"[last_{name}:]" in text for name in ("Via", "From", "To", "CSeq"))
