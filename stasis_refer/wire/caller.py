"""Whose a captured SIP message is: of this dialog at all, and of which side of it.

Both are told by tags, not by addresses: the tag of who sent the INVITE is its From tag, and
stays its own in whatever either side sends (RFC 3261, 12).
"""

from dataclasses import dataclass, replace
from typing import Final

from stasis_refer.wire import sip


@dataclass(frozen=True, slots=True)
class Caller:
    """Who began a dialog: ``tag`` is the From tag of the INVITE, None when that was not captured.

    ``ours``: it was we, who dialed. ``callee`` is the tag of the other side, None where it is not
    known yet.
    """

    tag: str | None = None
    ours: bool = False
    callee: str | None = None

    def sent(self, message: sip.Message) -> bool:
        """Tell whether a request, or the request that a response is to, is the caller's."""
        return sip.from_tag(message) == self.tag

    def is_of(self, message: sip.Message) -> bool:
        """Tell whether the tags of a message are those of this dialog, as far as they are known."""
        if self.tag is None:
            return True
        sender, receiver = sip.from_tag(message), sip.to_tag(message)
        if receiver == self.tag:
            return self.callee in (None, sender)
        # What opens a dialog has no tag of the callee's yet, and each answer may have another.
        known = self.callee in (None, receiver) or opens(message) or _answers_invite(message)
        return sender == self.tag and known

    def with_tags_of(self, message: sip.Message) -> "Caller":
        """Return what is known of the two sides behind a message of this dialog."""
        sender, receiver = sip.from_tag(message), sip.to_tag(message)
        if self.tag is None:
            if opens(message):
                return replace(self, tag=sender)
            if sender and receiver and _is_refer(message):  # taken for ours, as `read` does
                tag, callee = (sender, receiver) if self.ours else (receiver, sender)
                return replace(self, tag=tag, callee=callee)
        elif self.callee is None and _has_both_tags(message):
            return replace(self, callee=receiver if sender == self.tag else sender)
        return self


def is_request(request: sip.Request, method: str) -> bool:
    """Tell whether a request has this method, whose name is written in capitals."""
    return request.method.upper() == method


def opens(message: sip.Message) -> bool:
    """Tell whether a message is the INVITE that a dialog began with."""
    return (
        isinstance(message, sip.Request)
        and is_request(message, "INVITE")
        and sip.to_tag(message) is None
    )


def _is_refer(message: sip.Message) -> bool:
    return isinstance(message, sip.Request) and is_request(message, "REFER")


def _answers_invite(message: sip.Message) -> bool:
    return isinstance(message, sip.Response) and sip.cseq(message)[1].upper() == "INVITE"


def _has_both_tags(message: sip.Message) -> bool:
    """Tell whether a message has the two tags that its dialog goes on with.

    A refusal of the INVITE has one that nothing else will have, as has a ringing branch of a call
    that was forked.
    """
    if isinstance(message, sip.Response):
        success = message.status in _SUCCESS
        return success and _answers_invite(message) and sip.to_tag(message) is not None
    return _is_refer(message) and sip.to_tag(message) is not None


_SUCCESS: Final = range(200, 300)
