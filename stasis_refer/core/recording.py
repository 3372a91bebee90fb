"""Names of bridges and recordings: each says of which channel or call it is."""

from typing import Final

_BRIDGE: Final = "-bridge-"


def bridge_of(channel: str, number: int) -> str:
    """Return the id of the bridge of this number that the call of a channel makes."""
    return f"{channel}{_BRIDGE}{number}"


def channel_of(bridge: str) -> str | None:
    """Return the channel whose call made a bridge, None when the bridge is none of ours."""
    return bridge.rpartition(_BRIDGE)[0] or None


def name_of(key: str, number: int) -> str:
    """Return the name of the recording of this number that the call of a key makes."""
    return f"{key}-{number}"


def call_of(name: str) -> str:
    """Return the key of the call that a recording is of."""
    return name.rpartition("-")[0]
