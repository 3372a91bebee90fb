"""Colours that most people can tell apart, whatever colours they see.

A panel never tells by colour alone: each series has its name in the legend.
"""

from collections.abc import Mapping
from typing import Final

from stasis_refer.adapters.page.signs import sign_of
from stasis_refer.core.outcome import Outcome

OUTCOMES: Final[Mapping[Outcome, str]] = {each: sign_of(each).colour for each in Outcome}
"""As on the program's own page."""

# Of values that are good, to be looked at, and bad: blue, yellow and vermilion of Okabe and Ito
# (Color Universal Design, 2008), not green and red.
GOOD: Final = "#56B4E9"
WARNING: Final = "#F0E442"
BAD: Final = "#D55E00"
NEUTRAL: Final = "#999999"
