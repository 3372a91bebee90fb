"""What the fake Asterisk does when a request of ARI comes (res/ari/resource_*.c)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

Answer: TypeAlias = tuple[int, Any]
_Command: TypeAlias = Callable[..., Answer]

NO_CHANNEL: Answer = (404, {"message": "Channel not found"})
_NOT_IN_STASIS: Answer = (409, {"message": "Channel not in Stasis application"})
DONE: Answer = (204, None)


@dataclass(slots=True)
class Channel:
    """A channel; ``arguments`` are those of the ``Stasis()`` it is in, None when elsewhere."""

    id: str
    name: str
    call_id: str = ""
    state: str = "Ring"
    caller: str = "4930123"
    dialed: str = "support"
    app: str = "stasis_refer"
    arguments: tuple[str, ...] | None = None
    variables: dict[str, str] = field(default_factory=dict)
    told: tuple[str, ...] = ()  # channelvars of ari.conf
    caller_name: str = ""
    dialog: tuple[str, str] = ("theirs", "ours")  # tags of the far end and of Asterisk
    refers: list[Mapping[str, object]] = field(default_factory=list)  # open ones of the far end


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came, ``over`` the ``websocket`` or ``http``."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    over: str

    @property
    def line(self) -> str:
        """Method and path, as in a request line."""
        return f"{self.method} {self.path}"


class Asterisk(Protocol):
    """What a command looks at and changes."""

    version: str
    channels: dict[str, Channel]
    modules: list[str]
    contexts: set[str]
    channelvars: tuple[str, ...]
    endpoints: list[str]
    unknown_endpoints: set[str]
    filters: dict[str, list[str]]
    subscriptions: set[tuple[str, str]]
    on_call_out: Callable[[], object]

    def has(self, since: Mapping[int, int]) -> bool: ...

    def happen(self, kind: str, channel: Channel, **rest: object) -> None: ...

    def enter(self, channel: Channel, *arguments: str) -> bool: ...

    def leave(self, channel: Channel) -> None: ...

    def caller_hangs_up(self, channel: Channel) -> None: ...


def json_of(channel: Channel) -> Mapping[str, object]:
    """Return ARI's Channel model."""
    application = "" if channel.arguments is None else "Stasis"
    data = ",".join((channel.app, *(channel.arguments or ()))) if application else ""
    return {
        "id": channel.id,
        "name": channel.name,
        "state": channel.state,
        "protocol_id": channel.call_id,
        "caller": {"name": channel.caller_name, "number": channel.caller},
        "connected": {"name": "", "number": ""},
        "accountcode": "",
        "dialplan": {
            "context": "stasis-refer-enter",
            "exten": channel.dialed,
            "priority": 3,
            "app_name": application,
            "app_data": data,
        },
        "creationtime": "2026-02-03T04:05:06.789+0000",
        "language": "en",
        **(
            {"channelvars": {name: channel.variables.get(name, "") for name in channel.told}}
            if channel.told
            else {}
        ),
    }


def _info(asterisk: Asterisk, _: Asked) -> Answer:
    return 200, {"system": {"version": asterisk.version, "entity_id": "02:fc:00:00:00:01"}}


def _modules(asterisk: Asterisk, _: Asked) -> Answer:
    return 200, [{"name": f"{name}.so", "status": "Running"} for name in asterisk.modules]


def _endpoints(asterisk: Asterisk, _: Asked) -> Answer:
    if "res_ari_endpoints" not in asterisk.modules:
        return 404, {"message": "Resource not found"}
    return 200, [
        {"technology": "PJSIP", "resource": name, "state": "online", "channel_ids": []}
        for name in asterisk.endpoints
    ]


def _channels(asterisk: Asterisk, _: Asked) -> Answer:
    return 200, [json_of(channel) for channel in asterisk.channels.values()]


def _originate(asterisk: Asterisk, asked: Asked) -> Answer:
    if asked.query["endpoint"].startswith("PJSIP/"):
        asterisk.on_call_out()
    return 200, {"id": "1764000001.1", "name": asked.query["endpoint"], "state": "Down"}


def _create(asterisk: Asterisk, asked: Asked) -> Answer:
    query = asked.query
    if query["endpoint"] in asterisk.unknown_endpoints:
        return 500, {"error": "Allocation failed"}
    sip = query["endpoint"].startswith("PJSIP/")
    channel = Channel(
        query["channelId"],
        query["endpoint"],
        call_id=f"{query['channelId']}@127.0.0.1" if sip else "",
        caller="",
        app=query["app"],
        state="Down",
        told=asterisk.channelvars,
        variables=dict((asked.body or {}).get("variables", {})),
    )
    asterisk.channels[channel.id] = channel
    asterisk.enter(channel, *filter(None, query.get("appArgs", "").split(",")))
    return 200, json_of(channel)


def in_stasis(act: _Command) -> _Command:
    """Let a command have its channel, if that is in ``Stasis()``."""

    def command(asterisk: Asterisk, asked: Asked, channel: str, **rest: str) -> Answer:
        found = asterisk.channels.get(channel)
        if found is None:
            return NO_CHANNEL
        if found.arguments is None:
            return _NOT_IN_STASIS
        return act(asterisk, found, asked, **rest)

    return command


def _answer(asterisk: Asterisk, channel: Channel, _: Asked) -> Answer:
    channel.state = "Up"
    asterisk.happen("ChannelStateChange", channel)
    return DONE


def _ring(_: Asterisk, __: Channel, ___: Asked) -> Answer:
    return DONE


def _continue(asterisk: Asterisk, channel: Channel, _: Asked) -> Answer:
    asterisk.leave(channel)
    return DONE


def _read(asterisk: Asterisk, channel: Channel, asked: Asked) -> Answer:
    function, _parenthesis, arguments = asked.query["variable"].rstrip(")").partition("(")
    if function == "CHANNEL" and arguments in _OF_DIALOG:
        values = (channel.call_id, *channel.dialog)
        return 200, {"value": values[_OF_DIALOG.index(arguments)]}
    if function != "DIALPLAN_EXISTS" or "func_dialplan" not in asterisk.modules:
        return 500, {"message": "Unable to read provided function"}
    return 200, {"value": str(int(arguments.split(",")[0] in asterisk.contexts))}


_OF_DIALOG = ("pjsip,call-id", "pjsip,remote_tag", "pjsip,local_tag")


def _variable(_: Asterisk, channel: Channel, asked: Asked) -> Answer:
    channel.variables[asked.query["variable"]] = asked.query["value"]
    return DONE


def _variables(asterisk: Asterisk, channel: Channel, asked: Asked) -> Answer:
    if not asterisk.has({20: 20, 22: 10, 23: 4}):
        return 404, {"message": "Resource not found"}
    channel.variables |= asked.body["variables"]
    return DONE


def _play(_: Asterisk, channel: Channel, asked: Asked, playback: str) -> Answer:
    return 201, {
        "id": playback,
        "media_uri": asked.query["media"],
        "target_uri": f"channel:{channel.id}",
        "state": "queued",
    }


def _hang_up(asterisk: Asterisk, _: Asked, channel: str) -> Answer:
    found = asterisk.channels.get(channel)
    if found is None:
        return NO_CHANNEL
    asterisk.caller_hangs_up(found)
    return DONE


def _subscribe(asterisk: Asterisk, asked: Asked, app: str) -> Answer:
    kind, _, channel = asked.query["eventSource"].partition(":")
    if kind == "bridge" and not channel:
        return 200, {"name": app, "bridge_ids": ["__AST_BRIDGE_ALL_TOPIC"]}
    if channel not in asterisk.channels:
        return 422, {"message": "Event source does not exist"}
    asterisk.subscriptions.add((app, channel))
    return 200, {"name": app, "channel_ids": [channel]}


def _filter(asterisk: Asterisk, asked: Asked, app: str) -> Answer:
    asterisk.filters[app] = [each["type"] for each in asked.body["allowed"]]
    return 200, {"name": app, "events_allowed": asked.body["allowed"]}


def _stop(_: Asterisk, __: Asked, playback: str) -> Answer:
    return 404, {"message": f"Playback not found: {playback}"}


COMMANDS: tuple[tuple[re.Pattern[str], _Command], ...] = tuple(
    (re.compile(pattern), command)
    for pattern, command in (
        (r"GET asterisk/info", _info),
        (r"GET asterisk/modules", _modules),
        (r"GET endpoints", _endpoints),
        (r"GET channels", _channels),
        (r"POST channels", _originate),
        (r"POST channels/create", _create),
        (r"GET channels/(?P<channel>[^/]+)/variable", in_stasis(_read)),
        (r"POST channels/(?P<channel>[^/]+)/answer", in_stasis(_answer)),
        (r"POST channels/(?P<channel>[^/]+)/ring", in_stasis(_ring)),
        (r"POST channels/(?P<channel>[^/]+)/continue", in_stasis(_continue)),
        (r"POST channels/(?P<channel>[^/]+)/variable", in_stasis(_variable)),
        (r"POST channels/(?P<channel>[^/]+)/variables", in_stasis(_variables)),
        (r"POST channels/(?P<channel>[^/]+)/play/(?P<playback>[^/]+)", in_stasis(_play)),
        (r"DELETE channels/(?P<channel>[^/]+)", _hang_up),
        (r"DELETE playbacks/(?P<playback>[^/]+)", _stop),
        (r"POST applications/(?P<app>[^/]+)/subscription", _subscribe),
        (r"PUT applications/(?P<app>[^/]+)/eventFilter", _filter),
    )
)
