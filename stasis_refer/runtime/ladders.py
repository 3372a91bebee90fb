"""Which transfer of a call a captured message belongs to."""

from typing import Final

from stasis_refer.core.message import Message
from stasis_refer.runtime.stories import TransferStory

_MOST_WAITING: Final = 20
"""Messages of a REFER that are kept until the call says what becomes of it."""


class Ladders:
    """The SIP ladders of the transfers of one call, by the channel whose dialog they are of.

    What is captured while a transfer is open belongs to it. Behind its end only answers and
    NOTIFYs that came late do, until there is another REFER. The REFER of a phone is there before
    the call has taken it, and waits. ``hide`` as of ``TransferStory.add``.
    """

    def __init__(self, *, hide: bool) -> None:
        self._hide = hide
        self._latest: dict[str, TransferStory] = {}
        self._waiting: dict[str, list[Message]] = {}

    def hear(self, channel: str, message: Message, *, begins: bool) -> TransferStory | None:
        """Take a message in; ``begins`` tells that it is a phone's REFER.

        Returns the transfer whose ladder has grown by it.
        """
        story, waiting = self._latest.get(channel), self._waiting.get(channel)
        if (story is None or not story.open) and (begins or waiting):
            waiting = self._waiting.setdefault(channel, [])
            if len(waiting) < _MOST_WAITING:
                waiting.append(message)
            return None
        if story is None or not (story.open or _may_be_late(message)):
            return None
        return story if story.add(message, hide=self._hide) else None

    def begin(self, channel: str, story: TransferStory) -> None:
        """Take in that a transfer has begun; what waited is of it."""
        open_one = self._latest.get(channel)
        if open_one is None or not open_one.open:
            self._latest[channel] = story
        for message in self._waiting.pop(channel, ()):
            story.add(message, hide=self._hide)


def _may_be_late(message: Message) -> bool:
    return not message.first_line.startswith("BYE ")
