"""Where a channel was found after a restart of the program."""

from enum import StrEnum


class Found(StrEnum):
    """Where a channel is."""

    GONE = "gone"  # nowhere
    HERE = "here"  # in our hands
    AWAY = "away"  # in the dialplan, as in ``Transfer()`` and ``Queue()``
