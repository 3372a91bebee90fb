"""After a restart: how Asterisk has the channels of a call that was taken up again."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from stasis_refer.core.call import Call
from stasis_refer.core.events import Event, OfLeg, Restarted
from stasis_refer.core.found import Found
from stasis_refer.core.leg import names_leg
from stasis_refer.wire import ari, commands

Ask: TypeAlias = Callable[[commands.Request], Awaitable[ari.Response]]


@dataclass(frozen=True, slots=True)
class Look:
    """What Asterisk's list of channels does not tell: bridges by channel, and sounds that are on.

    It is asked for before that list: of what ends in between an event tells.
    """

    bridges: dict[str, str] = field(default_factory=dict)
    sounds: frozenset[str] = frozenset()


async def look_around(ask: Ask, calls: Collection[Call]) -> Look:
    """Ask for the bridges and sounds of calls that go on."""
    if not calls:
        return Look()
    names = [call.sound for call in calls if call.sound]
    listed, *playing = await asyncio.gather(
        ask(commands.bridges()), *(ask(commands.playback(name)) for name in names)
    )
    found = listed.body if listed.ok else None
    bridges = {
        str(channel): str(bridge["id"])
        for bridge in (found if isinstance(found, list) else ())
        for channel in bridge.get("channels", ())
    }
    on = (name for name, answer in zip(names, playing, strict=True) if answer.ok)
    return Look(bridges, frozenset(on))


def found_of(call: Call, channels: Sequence[ari.Channel], look: Look, app: str) -> list[Event]:
    """Return what is to be told of a call's channels, that of the lead first."""
    listed = {channel.id: channel for channel in channels}
    lead = call.info.channel
    legs = (
        OfLeg(each, _found(each, listed, look, app, plays=False))
        for each in sorted(call.channels - {lead})
    )
    return [_found(lead, listed, look, app, plays=call.sound in look.sounds), *legs]


def _found(
    channel_id: str, listed: dict[str, ari.Channel], look: Look, app: str, *, plays: bool
) -> Restarted:
    channel = listed.get(channel_id)
    if channel is None:
        return Restarted(Found.GONE)
    if channel.ended is not None:
        return Restarted(Found.GONE, back=channel.ended)
    bridge = look.bridges.get(channel_id, "")
    if channel.stasis[:1] == (app,):
        back = ari.read_back(channel.stasis[1:])
        return Restarted(Found.HERE, channel.up, back, plays, bridge)
    # A leg is in no dialplan, unless it runs a document of its own and is transferred.
    here = names_leg(channel_id) and channel.context not in commands.CONTEXTS
    where = Found.HERE if here else Found.AWAY
    return Restarted(where, channel.up, None, plays, bridge)
