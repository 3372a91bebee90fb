import re

import pytest

from stasis_refer.adapters.page.routes import STATIC
from stasis_refer.adapters.page.signs import UNDER_WAY, sign_of
from stasis_refer.core.outcome import Outcome

STYLE = (STATIC / "page.css").read_text()
GROUND = {"light": "#ffffff", "dark": "#15181c"}


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_outcome_has_a_word_and_a_mark_of_its_own() -> None:
    signs = [UNDER_WAY, *map(sign_of, Outcome)]
    assert len({each.word for each in signs}) == len({each.mark for each in signs}) == 11
    assert sign_of(None) is UNDER_WAY


@pytest.mark.parametrize("outcome", [None, *Outcome])
def test_a_mark_is_readable_on_its_colour(outcome: Outcome | None) -> None:
    sign = sign_of(outcome)
    found = re.search(rf"\.{sign.css} \.mark {{ background: (#\w{{6}});(.*) }}", STYLE)
    assert found is not None
    assert found[1] == sign.colour
    ink = re.search(r"color: (#\w{6});", found[2])
    assert contrast(sign.colour, ink[1] if ink else "#000000") >= 4.5


@pytest.mark.parametrize(("scheme", "ground"), GROUND.items())
@pytest.mark.parametrize("name", ["text", "quiet", "link", "bad", "good"])
def test_text_is_readable_in_light_and_dark(scheme: str, ground: str, name: str) -> None:
    light, dark = STYLE.split("prefers-color-scheme: dark")
    part = light if scheme == "light" else dark
    assert f"--ground: {ground};" in part
    for behind in ("ground", "panel"):
        colours = [re.findall(rf"--{each}: (#\w{{6}});", part)[0] for each in (name, behind)]
        assert contrast(*colours) >= 4.5
