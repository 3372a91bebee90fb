"""Two phones that talk with each other, without an Asterisk in between."""

from collections.abc import Sequence

from stasis_refer.lab.asterisk import free_udp_port
from stasis_refer.lab.phone import Phone, Played, Step
from stasis_refer.lab.scenario import receive, response, sdp

WITHIN = 5.0  # seconds


async def talk(called: Sequence[Step], calling: Sequence[Step]) -> tuple[Played, Played]:
    """Return how the parts of the phone that is called, and of the one that calls, went."""
    port = free_udp_port()
    phone = Phone(f"127.0.0.1:{port}")
    async with phone.wait(port, called, within=WITHIN) as one:
        other = await phone.play("agent", calling, within=WITHIN)
        return await one.played(), other


async def failed(called: Sequence[Step], calling: Sequence[Step]) -> str:
    """Return what the phone that is called says of its failure; the other may wait for ever."""
    port = free_udp_port()
    phone = Phone(f"127.0.0.1:{port}")
    async with (
        phone.wait(port, called, within=WITHIN) as one,
        phone.dial("agent", calling, within=WITHIN),
    ):
        played = await one.played()
    assert not played.good
    return played.log


def take_offer() -> Step:
    """Take an INVITE in the dialog, as Asterisk does."""
    taken = response(200, headers="Content-Type: application/sdp", body=sdp("sendrecv"))
    return Step(receive("INVITE") + taken + receive("ACK"))
