import pytest

from stasis_refer.runtime.points_in_time import iso_time, parse_time, short_time

NOW = 1_764_000_000.5  # 2025-11-24T16:00:00.5Z


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("90s", NOW - 90),
        ("5m", NOW - 300),
        ("1.5h", NOW - 5400),
        ("2d", NOW - 172_800),
        ("1w", NOW - 604_800),
        ("2025-11-24T16:00:00", 1_764_000_000.0),
        ("2025-11-24T16:00:00Z", 1_764_000_000.0),
        ("2025-11-24T17:00:00.250+01:00", 1_764_000_000.25),
        ("2025-11-24", 1_763_942_400.0),
    ],
)
def test_a_time_is_written_as_iso_8601_or_as_how_long_ago(text: str, at: float) -> None:
    assert parse_time(text, NOW) == at


@pytest.mark.parametrize("text", ["", "now", "1y", "-1h", "h", "1 h", "²h", "2025-13-01", "25:00"])
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is no time: write it as"):
        parse_time(text, NOW)


def test_how_times_are_shown() -> None:
    assert iso_time(NOW) == "2025-11-24T16:00:00.500+00:00"
    assert short_time(NOW) == "2025-11-24 16:00:00"
