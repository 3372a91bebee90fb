"""What the demo takes for good, and what it shows of what is not."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from stasis_refer.core.outcome import Outcome
from stasis_refer.demo.agents import AGENT_SCENES, AgentScene, Course, Released
from stasis_refer.demo.agents_stage import AgentsStage


@pytest.fixture
def stage() -> AgentsStage:
    """A stage on which everything came out as it should."""
    stage = AgentsStage()
    for each in stage.watched.values():
        each.course = each.scene.course
    return stage


def printed(stage: AgentsStage) -> str:
    canvas = Console(width=200, file=io.StringIO(), record=True)
    canvas.print(stage.table())
    return canvas.export_text()


def test_before_anything_happened_nothing_is_good() -> None:
    stage = AgentsStage()
    assert not stage.good()
    assert not any(each.good for each in stage.watched.values())


def test_all_as_the_scenes_say(stage: AgentsStage) -> None:
    assert stage.good()
    assert printed(stage).count("│ yes │\n") == len(AGENT_SCENES)


@pytest.mark.parametrize(
    ("seen", "shown"),
    [
        ({"connected": ("caller-A",)}, "caller-A, not caller-A, caller-B"),
        ({"asked": ""}, "no, not yes"),
        ({"asked": "<sip:C@example.com>"}, "<sip:C@example.com>, not yes"),
        ({"notified": (200, 503)}, "200 503, not 200"),
        ({"notified": ()}, "nothing, not 200"),
        ({"released": Released.NEVER}, "no, not B answered"),
        ({"released": Released.BEFORE}, "at once, not B answered"),
        ({"outcome": Outcome.BUSY}, "busy, not completed"),
        ({"outcome": None}, "nothing, not completed"),
    ],
)
def test_one_thing_is_otherwise(stage: AgentsStage, seen: dict[str, object], shown: str) -> None:
    held = stage.watched["held"]
    held.course = replace(held.course, **seen)  # type: ignore[arg-type]
    assert not stage.good()
    assert f"{shown} " in printed(stage)
    assert printed(stage).count("│ NO  │\n") == 1
    assert [each.good for each in stage.watched.values()].count(False) == 1


def test_a_phone_that_complains(stage: AgentsStage) -> None:
    stage.watched["busy"].phone_logs = {"A": "no NOTIFY came"}
    assert not stage.good()
    assert list(stage.complaints()) == [("agent-busy, A", "no NOTIFY came")]


@pytest.mark.parametrize("scene", AGENT_SCENES, ids=lambda scene: scene.name)
def test_each_scene_ends_in_something(scene: AgentScene) -> None:
    assert scene.course != Course()
    assert scene.course.outcome is not None
    assert set(scene.agents) == {"A", "B"}


def test_both_values_of_answer_on_bridge_are_played() -> None:
    played = {(scene.holds, scene.course.released) for scene in AGENT_SCENES if scene.course.asked}
    assert (False, Released.BEFORE) in played
    assert {released for holds, released in played if holds} == {Released.AFTER, Released.NEVER}
