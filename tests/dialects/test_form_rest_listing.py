import pytest

from stasis_refer.dialects.form_rest_listing import day, key_of, moment

NOON = 1_782_993_600.0  # 2026-07-02 12:00:00 UTC


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-07-02T12:00:00Z", NOON),
        ("2026-07-02T14:00:00+02:00", NOON),
        ("2026-07-02T12:00:00.500Z", NOON + 0.5),
        ("2026-07-02 12:00", NOON),
        ("2026-07-02", NOON - 43_200),
    ],
)
def test_dates_and_times_are_in_utc_if_they_say_nothing(text: str, seconds: float) -> None:
    assert moment(text) == seconds
    assert day(text) == (NOON - 43_200, NOON + 43_200)


@pytest.mark.parametrize("text", ["", "today", "2026-13-01", "0001-01-01T00:00+12:00", "12:00"])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM-DD"):
        day(text)


def test_the_last_day_that_can_be_written_has_an_end() -> None:
    begins, ends = day("9999-12-31")
    assert ends - begins == 86_400


@pytest.mark.parametrize(
    ("sid", "key"),
    [
        ("CA" + "0A" * 16, "0a" * 16),
        ("ca" + "0a" * 16, "0a" * 16),
        ("CA" + "0g" * 16, ""),
        ("CA" + "0a" * 17, ""),
        ("XX" + "0a" * 16, ""),
        ("", ""),
    ],
)
def test_a_sid_is_read_in_any_case(sid: str, key: str) -> None:
    assert key_of(sid) == key
