"""One dialog of a live call: which captured messages are of it, and what they tell."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, TypeAlias

from stasis_refer.core.events import (
    Event,
    ReferAnswered,
    ReferCaptured,
    ReferNotified,
    ReferSeen,
    SipSeen,
)
from stasis_refer.wire import dialog, sip
from stasis_refer.wire.caller import Caller

CountResponse: TypeAlias = Callable[[dialog.Phase, int], None]

_MOST_REMEMBERED: Final = 1000
"""Messages of one dialog that are known again; what is sent again comes within 32 s."""


class Watched:
    """Who hears of a dialog, and what was told already.

    Of REFERs of ours only what follows one that was seen to go out is told: the responses to it
    by its CSeq, its NOTIFYs by the ``id`` of their Event, where they have one. ``resumed``: one
    may have gone out before the program was there.
    """

    def __init__(
        self,
        deliver: Callable[[Event], None],
        caller: Caller,
        count_response: CountResponse,
        *,
        resumed: bool = False,
    ) -> None:
        self._deliver = deliver
        self._caller = caller
        self._count_response = count_response
        self._resumed = resumed
        self._told: OrderedDict[tuple[object, ...], None] = OrderedDict()
        self._refers: set[int] = set()  # CSeqs of ours
        self._referred = False  # a REFER was sent in it, by either side

    def may_matter(self, payload: bytes) -> bool:
        """Tell cheaply whether a packet is worth reading."""
        # What answers the INVITE has the tag of who was called.
        answers = self._caller.ours or self._caller.callee is None
        return dialog.may_matter(payload, answers=answers)

    def hear(self, message: sip.Message, at: float) -> bool:
        """Tell what a message means; whether it is of this dialog and of what goes on in it.

        Raises sip.BadMessage when a message that matters lacks what it must have.
        """
        if not self._caller.is_of(message):
            return False
        said = dialog.read(message, self._caller, at)
        # A response to no REFER of ours says nothing of the tags either.
        if said is not None and not self._follows(said.event):
            return False
        self._caller = self._caller.with_tags_of(message)
        if said is not None:
            self.tell(said)
        return True

    def tell(self, said: dialog.Said) -> None:
        """Tell what a message means, once (RFC 3261, 17)."""
        if said.identity in self._told:
            return
        event = said.event
        self._referred |= isinstance(event, ReferSeen | ReferCaptured)
        if isinstance(event, SipSeen) and not self._referred:
            return  # of no transfer
        if isinstance(event, ReferSeen):
            self._refers.add(event.cseq)
        self._remember(said.identity)
        if said.phase is not None and said.status is not None:
            self._count_response(said.phase, said.status)
        self._deliver(event)

    def _follows(self, event: Event) -> bool:
        match event:
            case ReferAnswered(cseq=cseq):
                return self._resumed or cseq in self._refers
            case ReferNotified(refer_id=None):
                return self._resumed or bool(self._refers)
            case ReferNotified(refer_id=int(cseq)):
                return self._resumed or cseq in self._refers
            case _:
                return True

    def _remember(self, identity: tuple[object, ...]) -> None:
        self._told[identity] = None
        if len(self._told) > _MOST_REMEMBERED:
            self._told.popitem(last=False)
