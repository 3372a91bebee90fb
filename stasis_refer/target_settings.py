"""``[targets]``: who may be transferred to."""

from stasis_refer.section import Section
from stasis_refer.setting_types import Rule


class Targets(Section):
    """Who may be transferred to."""

    allow: tuple[Rule, ...] = ()
