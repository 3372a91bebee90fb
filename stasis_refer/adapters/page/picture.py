"""The SIP ladder of a transfer as a picture: where each arrow is, and what stands at it.

Nothing in it is markup: what a phone sent is text here, and stays it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from stasis_refer.core.outcome import Direction
from stasis_refer.core.visible import visible
from stasis_refer.runtime.book import Rung, TransferRecord
from stasis_refer.wire import sipfrag

MOST: Final = 200
"""Messages that are drawn."""

WIDTH: Final = 680
LEFT: Final = 84
RIGHT: Final = 664
"""Where the lifelines are, in the picture's own units."""

_TOP: Final = 52
_STEP: Final = 46
_FITS: Final = 72  # characters between the lifelines
_FAR_END: Final = {Direction.SENT: "transferee", Direction.RECEIVED: "transferor"}


@dataclass(frozen=True, slots=True)
class Arrow:
    """One message; ``y`` is where its arrow is.

    ``seconds`` count from the first message. ``line`` and ``detail`` are cut to what fits,
    ``whole`` is the first line. ``kind`` says what the code is that it carries: one of
    ``request``, ``provisional``, ``success`` and ``failure``.
    """

    y: int
    seconds: str
    sent: bool
    line: str
    detail: str
    whole: str
    kind: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The arrows from top to bottom; ``more`` messages are not drawn."""

    far_end: str
    arrows: tuple[Arrow, ...]
    height: int
    more: int

    @property
    def summary(self) -> str:
        """What the picture shows, in a sentence for who cannot see it."""
        shown = (
            f"{'Asterisk' if each.sent else 'the phone'} at {each.seconds}: {each.line}"
            + (f" ({each.detail})" if each.detail else "")
            for each in self.arrows
        )
        return "; ".join(shown)


def picture_of(record: TransferRecord, ladder: Sequence[Rung]) -> Picture:
    """Return the picture of a transfer's messages, which are in the order of time."""
    drawn = ladder[:MOST]
    arrows = tuple(
        _arrow(rung, rung.at - drawn[0].at, _TOP + number * _STEP)
        for number, rung in enumerate(drawn)
    )
    height = _TOP + len(arrows) * _STEP
    return Picture(_FAR_END[record.direction], arrows, height, len(ladder) - len(drawn))


def _arrow(rung: Rung, seconds: float, y: int) -> Arrow:
    line, details = visible(rung.first_line), " · ".join(_details(rung))
    return Arrow(
        y=y,
        seconds=f"{seconds:.3f} s",
        sent=rung.sent,
        line=_cut(line),
        detail=_cut(details),
        whole=line,
        kind=_kind(_code(rung)),
    )


def _cut(text: str) -> str:
    return text if len(text) <= _FITS else f"{text[: _FITS - 1]}\u2026"


def _details(rung: Rung) -> Iterator[str]:
    """Yield what tells how a REFER goes: the status in a NOTIFY, and who is to be called."""
    if status := rung.body.strip().split("\n")[0].strip():
        yield visible(status)
    for name, value in rung.headers:
        if name in {"Refer-To", "Subscription-State"}:
            yield visible(f"{name}: {value}")


def _code(rung: Rung) -> int:
    """Return the status that a message carries, 0 for none."""
    if rung.body:
        return sipfrag.status(rung.body.encode("utf-8", "replace")) or 0
    version, _, rest = rung.first_line.partition(" ")
    code = rest[:3]
    return int(code) if version == "SIP/2.0" and code.isascii() and code.isdecimal() else 0


def _kind(code: int) -> str:
    """Return what a status means (RFC 3261, 7.2)."""
    return {0: "request", 1: "provisional", 2: "success"}.get(code // 100, "failure")
