"""The connection to Asterisk's REST interface."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from stasis_refer.adapters.metrics.board import OTHER, Board, axis

EVENTS: Final = (  # models of Asterisk's rest-api/api-docs/events.json
    *("ApplicationMoveFailed", "ApplicationReplaced", "ChannelCallerId", "ChannelConnectedLine"),
    *("ChannelCreated", "ChannelDestroyed", "ChannelDialplan", "ChannelDtmfReceived"),
    *("ChannelEnteredBridge", "ChannelHangupRequest", "ChannelHold", "ChannelLeftBridge"),
    *("ChannelStateChange", "ChannelTransfer", "ChannelUnhold", "ChannelUserevent"),
    *("ChannelVarset", "BridgeAttendedTransfer", "BridgeBlindTransfer", "BridgeCreated"),
    *("BridgeDestroyed", "BridgeMerged", "Dial", "MissingParams", "PlaybackContinuing"),
    *("PlaybackFinished", "PlaybackStarted", "RecordingFailed", "RecordingFinished"),
    *("RecordingStarted", "RESTResponse", "StasisEnd", "StasisStart"),
)

# Upper edges of the buckets, in seconds.
_REQUEST: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10)


class Ari:
    """Counts what goes over it; told by the connection itself."""

    def __init__(self, board: Board) -> None:
        self._connected = board(Gauge, "ari_connected", "1 while the ARI WebSocket is up.")
        event = axis("type", EVENTS, OTHER)
        self._events = board(Counter, "ari_events_total", "Events received from ARI.", event)
        text = "ARI requests, from sent to answered."
        self._requests = board(Histogram, "ari_request_duration_seconds", text, buckets=_REQUEST)

    def connected(self, connected: bool) -> None:  # noqa: FBT001 - the state itself
        """Show whether the WebSocket is up."""
        self._connected.at().set(connected)

    def event(self, event: str) -> None:
        """Count an event by its ``type``."""
        self._events.at(event).inc()

    def request(self, seconds: float) -> None:
        """Time one request, whatever its answer."""
        self._requests.at().observe(seconds)
