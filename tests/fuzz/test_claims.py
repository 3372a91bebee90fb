"""What is claimed of each parser, for inputs near to valid ones; the same inputs in every run."""

import pytest
from hypothesis import HealthCheck, given, settings

from fuzz.claim import LARGEST, Claim
from fuzz.claims import CLAIMS
from tests.fuzz.mutated import inputs

LONG_RUNS = (b" ", b"<", b'"', b"\\", b"[", b"{", b",", b"a", b"0", b"\0", b"\xff", b"\r", b"sip:")

claims = pytest.mark.parametrize("claim", CLAIMS.values(), ids=lambda claim: claim.name)


@claims
def test_it_holds_of_valid_inputs(claim: Claim) -> None:
    assert claim.seeds
    for seed in (*claim.seeds, b""):
        claim.holds(seed)


@claims
def test_it_holds_of_inputs_near_to_valid_ones(claim: Claim) -> None:
    @settings(
        max_examples=300,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(inputs(claim))
    def holds(data: bytes) -> None:
        claim.holds(data)

    holds()


@claims
@pytest.mark.parametrize("run", LONG_RUNS, ids=repr)
def test_it_holds_of_long_runs_of_one_thing(claim: Claim, run: bytes) -> None:
    # Minutes where something is looked for again at each character, else milliseconds.
    for seed in claim.seeds[:3]:
        middle = len(seed) // 2
        for at in (0, middle, len(seed)):
            claim.holds(seed[:at] + run * ((LARGEST - len(seed)) // len(run)) + seed[at:])
