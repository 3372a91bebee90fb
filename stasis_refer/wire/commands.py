"""The requests that are made of ARI (Asterisk REST Interface); only what the program uses."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from stasis_refer.wire.ari import EVENT_TYPES, LEG, Json

QUEUE_CONTEXT: Final = "stasis-refer-queue"
TRANSFER_CONTEXT: Final = "stasis-refer-transfer"
ABORT_CONTEXT: Final = "stasis-refer-abort"
CONTEXTS: Final = frozenset({QUEUE_CONTEXT, TRANSFER_CONTEXT, "stasis-refer-enter"})
"""Where a channel may be that was sent into the dialplan."""


@dataclass(frozen=True, slots=True)
class Request:
    """One ARI request. ``query`` values travel as they are; ``body`` is sent as JSON.

    One that ``lists`` has an answer that may be long, and take its time.
    """

    method: str
    path: str  # without a leading slash
    query: tuple[tuple[str, str], ...] = ()
    body: Json | None = field(default=None)
    lists: bool = False

    def over_websocket(self, request_id: str) -> str:
        """Return the message that carries this request over the event WebSocket."""
        message: dict[str, object] = {
            "type": "RESTRequest",
            "transaction_id": request_id,
            "request_id": request_id,
            "method": self.method,
            "uri": self.path,
        }
        if self.query:
            message["query_strings"] = [{"name": n, "value": v} for n, v in self.query]
        if self.body is not None:
            message["content_type"] = "application/json"
            message["message_body"] = json.dumps(self.body)
        return json.dumps(message)


def answer(channel: str) -> Request:
    """Answer a ringing channel."""
    return Request("POST", f"channels/{channel}/answer")


def hang_up(channel: str, cause: int) -> Request:
    """End a channel with a Q.850 cause, which chan_pjsip turns into a SIP status."""
    return Request("DELETE", f"channels/{channel}", (("reason_code", str(cause)),))


def subscribe(app: str, channel: str) -> Request:
    """Keep a channel's events coming while it is outside ``Stasis()``."""
    return Request(
        "POST", f"applications/{app}/subscription", (("eventSource", f"channel:{channel}"),)
    )


def subscribe_to_bridges(app: str) -> Request:
    """Ask for the events of all bridges, those of the dialplan too (app_subscribe_bridge).

    Without it our word on a bridge ends with the last channel in it, and the end of its recording
    comes behind that; and nobody tells that a queue's member took a call.
    """
    return Request("POST", f"applications/{app}/subscription", (("eventSource", "bridge:"),))


def set_variable(channel: str, name: str, value: str) -> Request:
    """Set one channel variable."""
    return Request("POST", f"channels/{channel}/variable", (("variable", name), ("value", value)))


def set_variables(channel: str, variables: Mapping[str, str]) -> Request:
    """Set several channel variables at once (Asterisk 20.20, 22.10, 23.4)."""
    return Request("POST", f"channels/{channel}/variables", body={"variables": dict(variables)})


def get_variable(channel: str, name: str) -> Request:
    """Read one channel variable or dialplan function; the answer is ``{"value": …}``."""
    return Request("GET", f"channels/{channel}/variable", (("variable", name),))


def go_on(channel: str) -> Request:
    """Let a channel go on in the dialplan, behind ``Stasis()``."""
    return Request("POST", f"channels/{channel}/continue")


def transfer(channel: str) -> Request:
    """Send a channel into the dialplan context that runs ``Transfer()``."""
    return _into(channel, TRANSFER_CONTEXT)


def queue(channel: str) -> Request:
    """Send a channel into the dialplan context that runs ``Queue()``."""
    return _into(channel, QUEUE_CONTEXT)


def _into(channel: str, context: str) -> Request:
    return Request(
        "POST",
        f"channels/{channel}/continue",
        (("context", context), ("extension", "s"), ("priority", "1")),
    )


def break_off(channel: str) -> Request:
    """Take a channel out of ``Transfer()``: it goes on behind it, and back into ``Stasis()``.

    ARI itself cannot move a channel that is not in Stasis; the short-lived Local channel
    runs ``ChannelRedirect()`` for us.
    """
    return Request(
        "POST",
        "channels",
        (
            ("endpoint", f"Local/s@{ABORT_CONTEXT}/n"),
            ("context", ABORT_CONTEXT),
            ("extension", "none"),
            ("priority", "1"),
        ),
        body={"variables": {"STASIS_REFER_CHANNEL": channel}},
    )


def play(channel: str, playback: str, media: str) -> Request:
    """Play a media URI (``sound:http://…``) under an id of our choice."""
    return Request("POST", f"channels/{channel}/play/{playback}", (("media", media),))


def ring(channel: str) -> Request:
    """Send 180 on a ringing channel."""
    return Request("POST", f"channels/{channel}/ring")


def create_leg(
    app: str, channel: str, endpoint: str, originator: str, variables: Mapping[str, str]
) -> Request:
    """Make a channel that calls an endpoint when it is told to; the answer is the channel."""
    return Request(
        "POST",
        "channels/create",
        (
            ("endpoint", endpoint),
            ("app", app),
            ("appArgs", LEG),
            ("channelId", channel),
            ("originator", originator),
        ),
        body={"variables": dict(variables)},
    )


def dial(channel: str) -> Request:
    """Let a channel that was made call its endpoint.

    It is not in ``Stasis()`` yet when it has just been made: then the answer is 409.
    """
    return Request("POST", f"channels/{channel}/dial")


def create_bridge(bridge: str, *, keys: bool) -> Request:
    """Make a bridge under an id of our choice; ``keys``: keys pressed in it are to be told."""
    kind = "mixing,dtmf_events" if keys else "mixing"
    return Request("POST", "bridges", (("type", kind), ("bridgeId", bridge)))


def add_channels(bridge: str, channels: Sequence[str]) -> Request:
    """Put channels into a bridge; one that is in another leaves that.

    Asterisk answers when the last of them is in: while one plays a sound neither this nor
    any later request on the same connection is answered. Of a channel that is gone it is 400.
    """
    return Request("POST", f"bridges/{bridge}/addChannel", (("channel", ",".join(channels)),))


def destroy_bridge(bridge: str) -> Request:
    """Take a bridge away; who is in it stays in ``Stasis()``."""
    return Request("DELETE", f"bridges/{bridge}")


def record(bridge: str, name: str) -> Request:
    """Record what is said in a bridge, until nobody is in it any more; a WAV of this name."""
    return Request(
        "POST",
        f"bridges/{bridge}/record",
        (("name", name), ("format", "wav"), ("ifExists", "overwrite")),
    )


def stop_recording(name: str) -> Request:
    """End a recording and keep it."""
    return Request("POST", f"recordings/live/{name}/stop")


def live_recording(name: str) -> Request:
    """Ask for a recording that is being made; refused (404) once it is finished."""
    return Request("GET", f"recordings/live/{name}")


def stored_recording(name: str) -> Request:
    """Ask for the WAV of a recording; over HTTP only, as it is no JSON."""
    return Request("GET", f"recordings/stored/{name}/file")


def transfer_progress(channel: str, state: str) -> Request:
    """Tell the sender of a REFER how the transfer goes, by a NOTIFY of Asterisk's."""
    return Request("POST", f"channels/{channel}/transfer_progress", (("states", state),))


def stop(playback: str) -> Request:
    """Stop a playback."""
    return Request("DELETE", f"playbacks/{playback}")


def channels() -> Request:
    """Ask for every channel there is."""
    return Request("GET", "channels", lists=True)


def playback(name: str) -> Request:
    """Ask for a sound; 404 when it is not on, or not any more."""
    return Request("GET", f"playbacks/{name}")


def application(app: str) -> Request:
    """Ask for an application; ``channel_ids`` of the answer are the channels it has."""
    return Request("GET", f"applications/{app}", lists=True)


def bridges() -> Request:
    """Ask for every bridge there is."""
    return Request("GET", "bridges", lists=True)


def happen(app: str, name: str) -> Request:
    """Ask for an event of this name to our application: a ``BEAT`` of ``wire.ari``."""
    return Request("POST", f"events/user/{name}", (("application", app),))


def filter_events(app: str) -> Request:
    """Ask to be sent only the event types that the program reads."""
    # The filter holds back the answers to requests too, unless they are named.
    allowed = [{"type": kind} for kind in (*EVENT_TYPES, "RESTResponse")]
    return Request("PUT", f"applications/{app}/eventFilter", body={"allowed": allowed})


def info() -> Request:
    """Ask for Asterisk's version."""
    return Request("GET", "asterisk/info")


def modules() -> Request:
    """Ask for the loaded modules."""
    return Request("GET", "asterisk/modules")


def endpoints() -> Request:
    """Ask for the configured endpoints."""
    return Request("GET", "endpoints")


def call_out(endpoint: str) -> Request:
    """Call an endpoint for one second at most, into a context that does nothing."""
    return Request(
        "POST",
        "channels",
        (("endpoint", endpoint), ("context", ABORT_CONTEXT), ("extension", "s"), ("timeout", "1")),
    )
