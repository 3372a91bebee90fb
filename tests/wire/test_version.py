import pytest

from stasis_refer.wire import version
from stasis_refer.wire.version import BadVersion, Version


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("22.10.1", Version(22, 10)),
        ("22.10.1~dfsg+~cs6.15.60671435-1", Version(22, 10)),
        ("20.13.0-rc1", Version(20, 13)),
        ("Asterisk 23.4.0", Version(23, 4)),
    ],
)
def test_versions_are_read(text: str, expected: Version) -> None:
    assert version.read(text) == expected


@pytest.mark.parametrize("text", ["", "22", "GIT-master-1234", "twenty.two"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(BadVersion, match="Asterisk version"):
        version.read(text)


@pytest.mark.parametrize(
    ("found", "rest_over_websocket", "many_variables"),
    [
        (Version(18, 99), False, False),
        (Version(20, 13), False, False),
        (Version(20, 14), True, False),
        (Version(20, 20), True, True),
        (Version(21, 8), False, False),
        (Version(21, 9), True, False),
        (Version(21, 99), True, False),
        (Version(22, 3), False, False),
        (Version(22, 4), True, False),
        (Version(22, 10), True, True),
        (Version(23, 0), True, False),
        (Version(23, 4), True, True),
        (Version(24, 0), True, True),
    ],
)
def test_what_a_version_can_do(
    found: Version, *, rest_over_websocket: bool, many_variables: bool
) -> None:
    assert found.has(version.REST_OVER_WEBSOCKET) is rest_over_websocket
    assert found.has(version.MANY_VARIABLES) is many_variables


def test_a_version_is_written_as_it_is_spoken_of() -> None:
    assert str(Version(22, 10)) == "22.10"
