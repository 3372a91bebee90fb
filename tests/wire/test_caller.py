import pytest

from stasis_refer.wire import sip
from stasis_refer.wire.caller import Caller, opens

PHONE, ASTERISK = "tag-of-the-phone", "tag-of-asterisk"
THEY_CALLED = Caller(PHONE, callee=ASTERISK)
WE_DIALED = Caller(ASTERISK, ours=True, callee=PHONE)


def message(start_line: str, cseq: str, sender: str | None, receiver: str | None) -> sip.Message:
    """Return a message with these tags in From and To."""
    tags = [f";tag={tag}" if tag else "" for tag in (sender, receiver)]
    lines = [start_line, f"From: <sip:a@b>{tags[0]}", f"To: <sip:c@d>{tags[1]}", f"CSeq: {cseq}"]
    return sip.parse("\r\n".join([*lines, "", ""]).encode())


def request(method: str, sender: str | None, receiver: str | None) -> sip.Message:
    return message(f"{method} sip:x@127.0.0.1 SIP/2.0", f"7 {method}", sender, receiver)


def answer(status: str, method: str, sender: str | None, receiver: str | None) -> sip.Message:
    return message(f"SIP/2.0 {status}", f"7 {method}", sender, receiver)


@pytest.mark.parametrize("caller", [THEY_CALLED, WE_DIALED], ids=["they called", "we dialed"])
@pytest.mark.parametrize(
    ("sender", "receiver", "of_it"),
    [
        (PHONE, ASTERISK, True),
        (ASTERISK, PHONE, True),
        (PHONE, "x", False),
        ("x", PHONE, False),
        (ASTERISK, "x", False),
        ("x", ASTERISK, False),
        ("x", "y", False),
        (PHONE, None, False),
        (None, PHONE, False),
        (ASTERISK, None, False),
        (None, None, False),
        (PHONE, PHONE, False),
    ],
)
def test_both_tags_have_to_fit(
    caller: Caller, sender: str | None, receiver: str | None, *, of_it: bool
) -> None:
    assert caller.is_of(request("NOTIFY", sender, receiver)) is of_it
    assert caller.is_of(answer("202 Accepted", "REFER", sender, receiver)) is of_it


@pytest.mark.parametrize(
    ("caller", "captured", "of_it"),
    [
        (Caller(), request("NOTIFY", "x", "y"), True),
        (Caller(PHONE), request("NOTIFY", PHONE, "x"), True),
        (Caller(PHONE), request("REFER", "x", PHONE), True),
        (Caller(PHONE), request("NOTIFY", "x", ASTERISK), False),
        # Each phone that a call is forked to answers with a tag of its own.
        (WE_DIALED, answer("486 Busy Here", "INVITE", ASTERISK, "x"), True),
        (WE_DIALED, answer("486 Busy Here", "INVITE", "x", PHONE), False),
        (THEY_CALLED, request("INVITE", PHONE, None), True),
        (THEY_CALLED, request("INVITE", "x", None), False),
    ],
)
def test_what_is_not_known_yet_fits(caller: Caller, captured: sip.Message, *, of_it: bool) -> None:
    assert caller.is_of(captured) is of_it


@pytest.mark.parametrize(
    ("before", "captured", "after"),
    [
        (Caller(), request("INVITE", PHONE, None), Caller(PHONE)),
        (Caller(), request("REFER", ASTERISK, PHONE), THEY_CALLED),
        (Caller(ours=True), request("REFER", ASTERISK, PHONE), WE_DIALED),
        (Caller(), request("NOTIFY", PHONE, ASTERISK), Caller()),
        (Caller(PHONE), request("REFER", ASTERISK, PHONE), THEY_CALLED),
        (Caller(PHONE), request("REFER", PHONE, ASTERISK), THEY_CALLED),
        (Caller(PHONE), answer("200 OK", "INVITE", PHONE, ASTERISK), THEY_CALLED),
        (Caller(ASTERISK, ours=True), answer("200 OK", "INVITE", ASTERISK, PHONE), WE_DIALED),
        (Caller(PHONE), answer("180 Ringing", "INVITE", PHONE, ASTERISK), Caller(PHONE)),
        (Caller(PHONE), answer("401 Unauthorized", "INVITE", PHONE, "x"), Caller(PHONE)),
        (Caller(PHONE), request("NOTIFY", PHONE, "x"), Caller(PHONE)),
        (THEY_CALLED, request("REFER", "x", PHONE), THEY_CALLED),
    ],
)
def test_the_other_tag_is_learned_of_what_a_dialog_goes_on_with(
    before: Caller, captured: sip.Message, after: Caller
) -> None:
    assert before.with_tags_of(captured) == after


@pytest.mark.parametrize(
    ("captured", "does"),
    [
        (request("INVITE", PHONE, None), True),
        (request("INVITE", PHONE, ASTERISK), False),
        (request("REFER", PHONE, None), False),
        (answer("200 OK", "INVITE", PHONE, None), False),
    ],
)
def test_what_opens_a_dialog(captured: sip.Message, *, does: bool) -> None:
    assert opens(captured) is does
