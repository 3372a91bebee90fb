"""Asterisk, the network, the disk and the clock fail while transfers run: small ``make faults``."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from faults.catalogue import FAULTS, Fault
from faults.endure import Ordeal, endure
from faults.result import Endured
from faults.stage import stage_in

SIDE_BY_SIDE = 4
"""Stages, each with an Asterisk of its own: most of the time everybody waits."""

SMALL = Ordeal(rate=4, before=1.0, behind=6.0, patience=6)
LONGEST = 4.5
"""Seconds that a fault lasts here: silence has to be noticed meanwhile."""


@pytest.fixture(scope="session")
async def endured(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Endured]:
    async def play(faults: Sequence[Fault]) -> list[Endured]:
        async with stage_in(tmp_path_factory.mktemp("outages")) as stage:
            return [await endure(each, stage, SMALL, min(each.seconds, LONGEST)) for each in faults]

    played = await asyncio.gather(*(play(FAULTS[n::SIDE_BY_SIDE]) for n in range(SIDE_BY_SIDE)))
    return {each.fault: each for stage in played for each in stage}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: each.name)
def test_the_program_endures(fault: Fault, endured: Mapping[str, Endured]) -> None:
    came_of_it = endured[fault.name]
    assert came_of_it.books.began > 0
    assert not [what for what, wrong in came_of_it.wrong.items() if wrong], came_of_it
