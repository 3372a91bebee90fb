"""What calls tell one another, when a party goes from one to another."""

from dataclasses import dataclass

from stasis_refer.core.leg import Leg


@dataclass(frozen=True, slots=True)
class Replaced:
    """The party on ``channel`` wants another call, that of channel ``by``, to take its place."""

    channel: str
    by: str


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The answer to that: the leg that was connected to the party, None where nobody was."""

    leg: Leg | None


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A leg that was lent is ours again; it is gone where it hung up meanwhile."""

    leg: Leg
