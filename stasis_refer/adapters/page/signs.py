"""How an outcome is shown: a sign and a word, and a colour besides.

The colours are near those of Paul Tol's scheme "muted" (Colour Schemes, SRON/EPS/TN/09-002, issue
3.2, figure 4), chosen so that people who lack one kind of cones tell each from each; nothing is
told by colour alone. The dashboards have the same.
"""

from dataclasses import dataclass
from typing import Final

from stasis_refer.core.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Sign:
    """``word`` says it, ``mark`` is for the eye, ``colour`` ("#DDCC77") lies behind the mark.

    The style sheet has the colour once more, beneath the class ``css``.
    """

    word: str
    mark: str
    colour: str

    @property
    def css(self) -> str:
        """The class of the style sheet."""
        return self.word.replace(" ", "-")


UNDER_WAY: Final = Sign("under way", "\u2026", "#FFFFFF")

_SIGNS: Final = {
    Outcome.COMPLETED: Sign("completed", "\u2713", "#117733"),
    Outcome.BUSY: Sign("busy", "B", "#DDCC77"),
    Outcome.NO_ANSWER: Sign("no answer", "\u2300", "#999933"),
    Outcome.FAILED: Sign("failed", "\u2715", "#EE6677"),
    Outcome.REJECTED: Sign("rejected", "R", "#CC79A7"),
    Outcome.UNCONFIRMED: Sign("unconfirmed", "?", "#EEEEEE"),
    Outcome.UNANSWERED: Sign("unanswered", "\u2205", "#9988DD"),
    Outcome.CANCELED: Sign("canceled", "\u2013", "#88CCEE"),
    Outcome.BLOCKED: Sign("blocked", "\u25a0", "#6655CC"),
    Outcome.ERROR: Sign("error", "!", "#A03066"),
}


def sign_of(outcome: Outcome | None) -> Sign:
    """Return how an outcome is shown; None: the transfer is under way."""
    return UNDER_WAY if outcome is None else _SIGNS[outcome]
