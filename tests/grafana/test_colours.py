"""Colours are told apart also by those who lack one kind of cones."""

from itertools import combinations

import pytest

from grafana.colours import BAD, GOOD, OUTCOMES, WARNING
from grafana.drawing import PAPER
from stasis_refer.core.outcome import Outcome

Triple = tuple[float, float, float]
Matrix = tuple[Triple, Triple, Triple]

# Machado, Oliveira, Fernandes 2009, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency", severity 1.0, on linear RGB.
SEES: dict[str, Matrix] = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
XYZ: Matrix = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
WHITE = (0.95047, 1.0, 1.08883)
APART = 20.0
"""CIE 1976 colour difference; 2.3 can just be noticed side by side."""


def _times(matrix: Matrix, colour: Triple) -> Triple:
    a, b, c = (sum(m * x for m, x in zip(row, colour, strict=True)) for row in matrix)
    return a, b, c


def _linear(colour: str) -> Triple:
    a, b, c = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    r, g, u = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in (a, b, c))
    return r, g, u


def _lab(linear: Triple) -> Triple:
    clipped = tuple(min(1.0, max(0.0, x)) for x in linear)
    ratios = (x / w for x, w in zip(_times(XYZ, clipped), WHITE, strict=True))  # type: ignore[arg-type]
    x, y, z = (r ** (1 / 3) if r > 0.008856 else 7.787 * r + 16 / 116 for r in ratios)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one: str, other: str, eyes: str) -> float:
    labs = [_lab(_times(SEES[eyes], _linear(each))) for each in (one, other)]
    squares = ((a - b) ** 2 for a, b in zip(*labs, strict=True))
    return float(sum(squares) ** 0.5)


def test_each_outcome_has_a_colour() -> None:
    assert set(OUTCOMES) == set(Outcome)


@pytest.mark.parametrize("eyes", SEES)
def test_outcomes_are_told_apart(eyes: str) -> None:
    close = {
        (one, other): round(found, 1)
        for one, other in combinations(OUTCOMES, 2)
        if (found := difference(OUTCOMES[one], OUTCOMES[other], eyes)) < APART
    }
    assert not close


def test_outcomes_are_seen_on_a_dark_ground() -> None:
    ground = _lab(_linear(PAPER))[0]
    assert min(_lab(_linear(colour))[0] for colour in OUTCOMES.values()) > ground + 25


@pytest.mark.parametrize("eyes", SEES)
def test_good_and_bad_are_told_apart(eyes: str) -> None:
    for one, other in combinations((GOOD, WARNING, BAD), 2):
        assert difference(one, other, eyes) > 30


def test_red_and_green_would_not_be() -> None:
    assert difference("#117733", "#882222", "deuteranopia") < 30
