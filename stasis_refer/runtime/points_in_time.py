"""Points in time as people write and read them."""

import re
from datetime import UTC, datetime
from typing import Final

_AGO: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def parse_time(text: str, now: float) -> float:
    """Return a point in time as seconds since 1970, as is ``now``.

    Written as ISO 8601, in UTC where it names no zone, or as how long ago it was: ``90s``,
    ``5m``, ``1h``, ``2d``, ``1w``. Raises ValueError that says so.
    """
    if ago := _AGO.fullmatch(text):
        return now - float(ago[1]) * _SECONDS[ago[2]]
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is no time: write it as 2026-03-01T12:00:00, or as 1h for an hour ago"
        ) from None


def iso_time(at: float) -> str:
    """Return a point in time as ISO 8601, in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def short_time(at: float) -> str:
    """Return a point in time for a table, in UTC, to the second."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
