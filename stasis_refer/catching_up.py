"""After a gap: what Asterisk lists is compared with the calls that we know."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final, TypeAlias

import structlog

from stasis_refer.core.events import CallEnded, ChannelUp, Event, Regained
from stasis_refer.core.leg import names_leg
from stasis_refer.core.recording import channel_of
from stasis_refer.finding import found_of, look_around
from stasis_refer.runtime.switchboard import Switchboard
from stasis_refer.wire import ari, causes, commands

_log = structlog.get_logger(__name__)

Ask: TypeAlias = Callable[[commands.Request], Awaitable[ari.Response]]

_EVENT_PATIENCE: Final = 1.0  # seconds
_LONGEST_SOUND: Final = 5.0
"""Seconds that a channel may stay behind what it plays before it goes on in the dialplan."""


async def catch_up(ask: Ask, switchboard: Switchboard, app: str) -> None:
    """Tell the calls of ``switchboard`` what happened while nobody listened.

    ``app`` is our application in Asterisk. Channels in its hands that are no call's are let go.
    """
    await ask(commands.filter_events(app))
    await ask(commands.subscribe_to_bridges(app))
    look = await look_around(ask, switchboard.resumed)
    # Calls that come in from here on may be missing in the list.
    known = list(switchboard.channels)
    # The list comes beside the WebSocket: what was asked for over that is to be done before.
    await ask(commands.info())
    listed = await ask(commands.channels())
    found = listed.body
    if not listed.ok or not isinstance(found, list):
        _log.error("Asterisk does not list its channels", status=listed.status)
        return
    channels = [ari.read_channel(channel) for channel in found]
    again = {channel for call in switchboard.resumed for channel in call.channels}
    switchboard.go_on(partial(found_of, channels=channels, look=look, app=app))
    went_on = [each for each in known if each not in again]
    others = [each for each in channels if each.id not in again]
    switchboard.happened_meanwhile(went_on, _existing(others, went_on, app))
    # One that has just come in may be listed before its event arrives.
    await asyncio.sleep(_EVENT_PATIENCE)
    found_here = [channel.id for channel in channels if channel.stasis[:1] == (app,)]
    for channel_id in found_here:
        switchboard.send_back(channel_id)
    lost = [each.id for each in channels if names_leg(each.id) and each.id not in known]
    for leg in await _of_application(ask, lost, app):
        switchboard.send_back(leg)
    await asyncio.sleep(_LONGEST_SOUND)
    await _hang_up_who_stayed(ask, switchboard, app, found_here)
    empty = await _empty_bridges(ask, switchboard)
    await asyncio.sleep(_EVENT_PATIENCE)  # one that has just been made is filled by then
    for bridge in empty & await _empty_bridges(ask, switchboard):
        await ask(commands.destroy_bridge(bridge))


async def _hang_up_who_stayed(
    ask: Ask, switchboard: Switchboard, app: str, among: Collection[str]
) -> None:
    """Hang up who cannot go on in the dialplan, because a tone without end plays to them.

    Only ``among`` those who were let go: another one may have come in this moment.
    """
    found = (await ask(commands.channels())).body
    for channel in map(ari.read_channel, found if isinstance(found, list) else ()):
        stayed = channel.id in among and channel.stasis[:1] == (app,)
        if stayed and channel.id not in switchboard.channels:
            await ask(commands.hang_up(channel.id, causes.NORMAL))


async def _empty_bridges(ask: Ask, switchboard: Switchboard) -> set[str]:
    """Return the bridges that are named as ours are, with nobody in them and of no live call."""
    found = (await ask(commands.bridges())).body
    listed = found if isinstance(found, list) else ()
    named = {str(each["id"]): channel_of(str(each["id"])) for each in listed}
    empty = {str(each["id"]) for each in listed if not each.get("channels")}
    live = set(switchboard.channels)
    return {each for each in empty if named[each] is not None and named[each] not in live}


def _existing(
    channels: Sequence[ari.Channel], known: Sequence[str], app: str
) -> Mapping[str, Event | None]:
    """Return all channels, each with what is to be told of it."""
    existing: dict[str, Event | None] = {}
    for channel in channels:
        told: Event | None = None
        if channel.id in known and names_leg(channel.id):
            told = ChannelUp() if channel.up else Regained()  # it may have been answered meanwhile
        if channel.stasis[:1] == (app,):
            here = Regained(channel.up) if channel.id in known else None
            told = ari.read_back(channel.stasis[1:]) or here or told
        if channel.ended is not None:
            told = CallEnded(channel.ended, unheard=True)
        existing[channel.id] = told
    return existing


async def _of_application(ask: Ask, legs: Sequence[str], app: str) -> list[str]:
    """Return which of these legs are in the hands of our application.

    A leg is in no dialplan, so that its channel does not say whose it is; and the names of
    another program's legs look the same.
    """
    if not legs:
        return []
    answer = await ask(commands.application(app))
    told = answer.body if answer.ok else None
    ours = told.get("channel_ids") if isinstance(told, dict) else None
    return [leg for leg in legs if isinstance(ours, list) and leg in ours]
