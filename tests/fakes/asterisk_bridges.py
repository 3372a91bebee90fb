"""Legs, bridges, recordings and received REFERs of the fake Asterisk (22.10, seen on the wire)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from tests.fakes.asterisk_commands import (
    DONE,
    NO_CHANNEL,
    Answer,
    Asked,
    Channel,
    in_stasis,
    json_of,
)

_Command: TypeAlias = Callable[..., Answer]

_NO_BRIDGE: Answer = (404, {"message": "Bridge not found"})
_STATES = {
    "channel_progress": "channel_progress",
    "channel_answered": "channel_answered",
    "channel_unavailable": "channel_declined",  # ast_channel_transfer_state2str()
    "channel_declined": "channel_declined",
}


@dataclass(slots=True)
class Bridge:
    """A bridge; ``recording`` is the name of what is recorded in it, '' for nothing."""

    id: str
    kind: str
    channels: list[str] = field(default_factory=list)
    recording: str = ""


class Asterisk(Protocol):
    """What a command looks at and changes."""

    channels: dict[str, Channel]
    bridges: dict[str, Bridge]
    recordings: dict[str, bytes]
    subscriptions: set[tuple[str, str]]

    def happen(self, kind: str, channel: Channel, **rest: object) -> None: ...

    def emit(self, event: dict[str, Any], app: str = ...) -> None: ...


# -- what the far end does -------------------------------------------------------


def ask_for_transfer(
    asterisk: Asterisk, channel: Channel, user: str, replaces: Channel | str | None
) -> None:
    """Let a REFER come: one more that is open."""
    channel.refers.append(_refer_to(user, replaces))
    _tell_of_refer(asterisk, channel, channel.refers[-1])


def _refer_to(user: str, replaces: Channel | str | None) -> Mapping[str, object]:
    if replaces is None:
        return {"requested_destination": {"destination": user}}
    known = isinstance(replaces, Channel)
    target = {
        "destination": user,
        "protocol_id": replaces.call_id if isinstance(replaces, Channel) else replaces,
        "additional_protocol_params": [
            {"parameter_name": "from", "parameter_value": "1"},
            {"parameter_name": "to", "parameter_value": "2"},
        ],
    }
    other = {"destination_channel": json_of(replaces)} if known else {}  # type: ignore[arg-type]
    return {"requested_destination": target, **other}


def _tell_of_refer(
    asterisk: Asterisk, channel: Channel, refer_to: Mapping[str, object], state: str = ""
) -> None:
    if channel.arguments is None and (channel.app, channel.id) not in asterisk.subscriptions:
        return
    event = {"type": "ChannelTransfer", "refer_to": refer_to}
    event["referred_by"] = {"source_channel": json_of(channel)}
    asterisk.emit(event | ({"state": state} if state else {}), channel.app)


def leave_all(asterisk: Asterisk, channel: Channel) -> None:
    """Take a channel out of the bridge it is in, and give up the REFERs of its far end."""
    leave_bridge(asterisk, channel)
    for refer_to in channel.refers:
        _tell_of_refer(asterisk, channel, refer_to)
    channel.refers.clear()


def leave_bridge(asterisk: Asterisk, channel: Channel) -> None:
    """Take a channel out of the bridge it is in, if it is in one."""
    for bridge in asterisk.bridges.values():
        if channel.id in bridge.channels:
            bridge.channels.remove(channel.id)
            asterisk.happen("ChannelLeftBridge", channel, bridge=_json(bridge))
            if not bridge.channels and bridge.recording:
                _end_recording(asterisk, bridge, channel.app)


def _end_recording(asterisk: Asterisk, bridge: Bridge, app: str) -> None:
    told = {"name": bridge.recording, "format": "wav", "state": "done", "duration": 2}
    told |= {"target_uri": f"bridge:{bridge.id}"}
    asterisk.recordings[bridge.recording] = b"RIFF" + bridge.recording.encode()
    bridge.recording = ""
    asterisk.emit({"type": "RecordingFinished", "recording": told}, app)


def _json(bridge: Bridge) -> Mapping[str, object]:
    return {
        "id": bridge.id,
        "technology": "simple_bridge",
        "bridge_type": bridge.kind.partition(",")[0],
        "bridge_class": "stasis",
        "creator": "Stasis",
        "name": "",
        "channels": list(bridge.channels),
        "creationtime": "2026-02-03T04:05:06.789+0000",
        "video_mode": "talker",
    }


# -- what is asked of it ---------------------------------------------------------


def _dial(_: Asterisk, channel: Channel, __: Asked) -> Answer:
    if channel.state != "Down":
        return 409, {"message": "Channel is not in the 'Down' state"}
    return DONE


def _bridges(asterisk: Asterisk, _: Asked) -> Answer:
    return 200, [_json(bridge) for bridge in asterisk.bridges.values()]


def _create_bridge(asterisk: Asterisk, asked: Asked) -> Answer:
    bridge = Bridge(asked.query["bridgeId"], asked.query["type"])
    if bridge.id in asterisk.bridges:
        return 409, {"message": f"Bridge with id '{bridge.id}' already exists"}
    asterisk.bridges[bridge.id] = bridge
    return 200, _json(bridge)


def _add(asterisk: Asterisk, asked: Asked, bridge: str) -> Answer:
    into = asterisk.bridges.get(bridge)
    if into is None:
        return _NO_BRIDGE
    found = [asterisk.channels.get(channel) for channel in asked.query["channel"].split(",")]
    if not all(found):
        return 400, {"message": "Channel not found"}
    for channel in found:
        if channel is not None and channel.id not in into.channels:
            leave_bridge(asterisk, channel)
            into.channels.append(channel.id)
            asterisk.happen("ChannelEnteredBridge", channel, bridge=_json(into))
    return DONE


def _destroy(asterisk: Asterisk, _: Asked, bridge: str) -> Answer:
    found = asterisk.bridges.get(bridge)
    if found is None:
        return _NO_BRIDGE
    for channel in list(found.channels):
        leave_bridge(asterisk, asterisk.channels[channel])
    del asterisk.bridges[bridge]
    return DONE


def _record(asterisk: Asterisk, asked: Asked, bridge: str) -> Answer:
    found = asterisk.bridges.get(bridge)
    if found is None:
        return _NO_BRIDGE
    found.recording = asked.query["name"]
    told = {"name": found.recording, "format": "wav", "state": "queued"}
    return 201, {**told, "target_uri": f"bridge:{bridge}"}


def _stored(asterisk: Asterisk, _: Asked, name: str) -> Answer:
    if name not in asterisk.recordings:
        return 404, {"message": "Recording not found"}
    return 200, asterisk.recordings[name]


def _report(asterisk: Asterisk, channel: Channel, asked: Asked) -> Answer:
    state = _STATES.get(asked.query["states"])
    if state is None:
        return 400, {"message": "Invalid states value"}
    for refer_to in channel.refers:
        _tell_of_refer(asterisk, channel, refer_to, state)
    if state != "channel_progress":
        channel.refers.clear()
    return DONE


def _get(asterisk: Asterisk, _: Asked, channel: str) -> Answer:
    found = asterisk.channels.get(channel)
    return (200, json_of(found)) if found else NO_CHANNEL


COMMANDS: tuple[tuple[re.Pattern[str], _Command], ...] = tuple(
    (re.compile(pattern), command)
    for pattern, command in (
        (r"GET channels/(?P<channel>[^/]+)", _get),
        (r"POST channels/(?P<channel>[^/]+)/dial", in_stasis(_dial)),
        (r"POST channels/(?P<channel>[^/]+)/transfer_progress", in_stasis(_report)),
        (r"GET bridges", _bridges),
        (r"POST bridges", _create_bridge),
        (r"POST bridges/(?P<bridge>[^/]+)/addChannel", _add),
        (r"POST bridges/(?P<bridge>[^/]+)/record", _record),
        (r"DELETE bridges/(?P<bridge>[^/]+)", _destroy),
        (r"GET recordings/stored/(?P<name>[^/]+)/file", _stored),
    )
)
