"""Every metric of the program: taps that are told facts and never answer.

Label sets are closed. Each combination exists, at zero, from the start, so that a rate is
right from its first increase on; a value nobody listed is counted as ``other``. No URI,
number or id ever becomes a label.
"""

from stasis_refer.adapters.metrics.limits import BODY_LIMIT, CONNECTION_LIMIT
from stasis_refer.adapters.metrics.metrics import Metrics
from stasis_refer.adapters.metrics.transfers import Names

__all__ = ("BODY_LIMIT", "CONNECTION_LIMIT", "Metrics", "Names")
