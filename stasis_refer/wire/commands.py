"""The requests that are made of ARI (Asterisk REST Interface); only what the program uses."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from stasis_refer.wire.ari import EVENT_TYPES, Json

QUEUE_CONTEXT: Final = "stasis-refer-queue"
TRANSFER_CONTEXT: Final = "stasis-refer-transfer"
ABORT_CONTEXT: Final = "stasis-refer-abort"


@dataclass(frozen=True, slots=True)
class Request:
    """One ARI request. ``query`` values travel as they are; ``body`` is sent as JSON."""

    method: str
    path: str  # without a leading slash
    query: tuple[tuple[str, str], ...] = ()
    body: Json | None = field(default=None)

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


def stop(playback: str) -> Request:
    """Stop a playback."""
    return Request("DELETE", f"playbacks/{playback}")


def channels() -> Request:
    """Ask for every channel there is."""
    return Request("GET", "channels")


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
