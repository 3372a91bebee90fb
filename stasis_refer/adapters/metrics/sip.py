"""What the captured SIP messages tell."""

from typing import Final, Literal

from prometheus_client import Counter

from stasis_refer.adapters.metrics.board import OTHER, Board, axis

PHASES: Final = ("refer", "notify")
CODES: Final = tuple(
    str(code)
    for code in (
        *(100, 180, 181, 182, 183, 200, 202, 300, 301, 302, 400, 401, 403, 404, 405, 406, 407),
        *(408, 410, 415, 420, 423, 429, 480, 481, 482, 483, 484, 486, 487, 488, 489, 491, 493),
        *(500, 501, 502, 503, 504, 513, 600, 603, 604, 606, 607, 608),
    )
)
PACKET_RESULTS: Final = (
    "accepted",
    "passed_over",  # of no live call
    "unmatched",  # of one by its Call-ID, not by tags, CSeq or what goes on in it
    "bad_password",
    "unknown_source",
    "malformed",
    "wrong_capture_id",
    "rate_limited",
    "lost",  # by the kernel: they came faster than they were read
)


class Sip:
    """Counts packets and statuses; told by the capture."""

    def __init__(self, board: Board) -> None:
        result = axis("result", PACKET_RESULTS, OTHER)
        text = "HEP packets received."
        self._packets = board(Counter, "capture_packets_total", text, result)
        status = axis("phase", PHASES) | axis("code", CODES, OTHER)
        text = "SIP statuses, in responses to a REFER and in NOTIFY bodies."
        self._statuses = board(Counter, "sip_responses_total", text, status)

    def packet(self, result: str, number: int = 1) -> None:
        """Count captured packets; ``result`` is one of PACKET_RESULTS."""
        self._packets.at(result).inc(number)

    def response(self, phase: Literal["refer", "notify"], code: int | None) -> None:
        """Count a status told in answer to a REFER or by a NOTIFY; None: it was not readable."""
        self._statuses.at(phase, str(code)).inc()
