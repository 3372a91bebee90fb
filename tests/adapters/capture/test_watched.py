import pytest

from stasis_refer.adapters.capture.watched import Watched
from stasis_refer.core.events import (
    Event,
    ReferAnswered,
    ReferNotified,
    ReferSeen,
    SipSeen,
)
from stasis_refer.wire.caller import Caller
from stasis_refer.wire.sip import parse
from tests.adapters.capture.copies import (
    ACCEPTED,
    ASTERISK,
    BUSY,
    BYE,
    PHONE,
    REFER,
    RINGING,
    notify,
    offer,
    sip,
)


class Dialog:
    """A dialog that the phone began, and what was told of it."""

    def __init__(self, caller: Caller | None = None, *, resumed: bool = False) -> None:
        self.told: list[Event] = []
        self.statuses: list[tuple[str, int]] = []
        self._watched = Watched(
            self.told.append,
            caller or Caller(PHONE, callee=ASTERISK),
            lambda phase, status: self.statuses.append((phase, status)),
            resumed=resumed,
        )

    def hears(self, *messages: bytes) -> list[bool]:
        return [self._watched.hear(parse(message), 1.0) for message in messages]


def of_another(message: bytes, tag: str) -> bytes:
    """Return a message with another tag in the place of one of the dialog's."""
    assert tag.encode() in message
    return message.replace(f"tag={tag}".encode(), b"tag=another")


@pytest.mark.parametrize("tag", [PHONE, ASTERISK])
@pytest.mark.parametrize("message", [ACCEPTED, RINGING, BUSY, BYE, offer(9, "sendonly"), REFER])
def test_a_message_with_another_tag_is_of_another_dialog(message: bytes, tag: str) -> None:
    dialog = Dialog()
    dialog.hears(REFER)
    assert dialog.hears(of_another(message, tag)) == [False]
    assert dialog.told == [ReferSeen(12491)]
    assert dialog.statuses == []


def test_a_tag_that_is_not_known_is_learned_of_our_refer() -> None:
    dialog = Dialog(Caller(PHONE))
    assert dialog.hears(REFER, of_another(RINGING, ASTERISK), RINGING) == [True, False, True]


def test_or_of_our_answer_to_the_call() -> None:
    dialog = Dialog(Caller(PHONE))
    answer = sip("SIP/2.0 200 OK", "1 INVITE").replace(
        b"To: <sip:two@127.0.0.1>", f"To: <sip:two@127.0.0.1>;tag={ASTERISK}".encode()
    )
    assert dialog.hears(answer, of_another(REFER, ASTERISK), REFER) == [True, False, True]


@pytest.mark.parametrize(
    "message",
    [
        ACCEPTED,
        RINGING,
        BUSY,
        notify(9, "SIP/2.0 200 OK", "terminated", "refer;id=12491"),
    ],
)
def test_before_our_refer_nothing_is_told_of_it(message: bytes) -> None:
    dialog = Dialog()
    assert dialog.hears(message) == [False]
    assert dialog.told == []
    assert dialog.hears(REFER, message) == [True, True]
    assert len(dialog.told) == 2


@pytest.mark.parametrize(
    ("message", "of_it"),
    [
        (sip("SIP/2.0 202 Accepted", "12491 REFER", of=ASTERISK), True),
        (sip("SIP/2.0 202 Accepted", "12490 REFER", of=ASTERISK), False),
        (sip("SIP/2.0 603 Decline", "12492 REFER", of=ASTERISK), False),
        (notify(9, "SIP/2.0 200 OK"), True),
        (notify(9, "SIP/2.0 200 OK", event="refer;id=12491"), True),
        (notify(9, "SIP/2.0 200 OK", event="refer;id=12490"), False),
        (notify(9, "SIP/2.0 486 Busy", event="refer;id=12492"), False),
    ],
)
def test_what_follows_a_refer_has_its_cseq(message: bytes, *, of_it: bool) -> None:
    dialog = Dialog()
    dialog.hears(REFER)
    assert dialog.hears(message) == [of_it]
    assert len(dialog.told) == 1 + of_it


def test_a_notify_may_come_before_the_answer() -> None:
    dialog = Dialog()
    assert dialog.hears(REFER, RINGING, ACCEPTED) == [True] * 3
    notified = ReferNotified(180, terminated=False, cseq=2)
    assert dialog.told == [ReferSeen(12491), notified, ReferAnswered(202, 12491)]


def test_behind_a_restart_the_refer_may_have_gone_out_unseen() -> None:
    dialog = Dialog(Caller(PHONE), resumed=True)
    assert dialog.hears(ACCEPTED, RINGING) == [True, True]
    assert dialog.hears(of_another(BUSY, PHONE)) == [False]


def test_a_bye_tells_of_no_end() -> None:
    dialog = Dialog()
    assert dialog.hears(REFER, BYE, BYE) == [True] * 3
    assert [type(event) for event in dialog.told] == [ReferSeen, SipSeen]


def test_what_was_told_is_not_remembered_for_ever() -> None:
    dialog = Dialog()
    dialog.hears(REFER, RINGING, *(notify(10 + n, "SIP/2.0 180 Ringing") for n in range(1000)))
    told = len(dialog.told)
    dialog.hears(notify(1009, "SIP/2.0 180 Ringing"))
    assert len(dialog.told) == told
    dialog.hears(RINGING)
    assert len(dialog.told) == told + 1
