"""What is kept of a captured SIP message, to be shown with the transfer it belongs to."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Message:
    """One captured message; ``at`` is in seconds since 1970, as Asterisk stamped it.

    ``sent`` tells that Asterisk sent it. ``headers`` are those that concern a REFER, in wire
    order; ``body`` is that of a NOTIFY, '' for any other. No text is longer than its sender may
    make it without harm, and none holds a NUL.
    """

    at: float
    sent: bool
    first_line: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: str = field(default="", repr=False)
