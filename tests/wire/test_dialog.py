import time

import pytest

from stasis_refer.core.events import (
    ChannelHeld,
    ChannelResumed,
    Event,
    InviteAnswered,
    ReferAnswered,
    ReferCaptured,
    ReferNotified,
    ReferRefused,
    ReferSeen,
    SipSeen,
)
from stasis_refer.core.info import Invite
from stasis_refer.wire import dialog, sip
from stasis_refer.wire.caller import Caller
from stasis_refer.wire.kept import kept

PEER, OURS = "tag-of-the-phone", "tag-of-asterisk"
THEY_CALLED, WE_DIALED = Caller(PEER), Caller(OURS, ours=True)
NOBODY_KNOWN = Caller()


def message(start_line: str, *headers: str, of: str = PEER, body: str = "") -> sip.Message:
    """Return a message of the dialog; ``of`` is the tag of From, who sent the request."""
    to = OURS if of == PEER else PEER
    lines = [
        start_line,
        "Via: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1",
        f'From: "Bob" <sip:bob@phone.example.com>;tag={of}',
        f"To: <sip:support@127.0.0.1>;tag={to}",
        "Call-ID: 1-12345@127.0.0.1",
        *headers,
        f"Content-Length: {len(body)}",
        "",
        body,
    ]
    return sip.parse("\r\n".join(lines).encode())


def notify(
    fragment: str, *headers: str, state: str = "active;expires=60", of: str = PEER
) -> sip.Message:
    return message(
        "NOTIFY sip:asterisk@127.0.0.1:5060 SIP/2.0",
        "CSeq: 12 NOTIFY",
        *(headers or ("Event: refer",)),
        f"Subscription-State: {state}",
        "Content-Type: message/sipfrag;version=2.0",
        of=of,
        body=fragment,
    )


def answer(status: str, *headers: str, cseq: str = "7 REFER", of: str = OURS) -> sip.Message:
    return message(f"SIP/2.0 {status}", f"CSeq: {cseq}", *headers, of=of)


def offer(direction: str, method: str = "INVITE", *, of: str = PEER) -> sip.Message:
    sdp = f"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\na={direction}\r\n"
    return message(
        f"{method} sip:asterisk@127.0.0.1:5060 SIP/2.0",
        f"CSeq: 3 {method}",
        "Content-Type: application/sdp",
        of=of,
        body=sdp,
    )


def request(method: str, *, of: str) -> sip.Message:
    return message(f"{method} sip:x@127.0.0.1 SIP/2.0", f"CSeq: 7 {method}", of=of)


def received(*headers: str, of: str = PEER) -> sip.Message:
    """Return a REFER, the far end's if nothing else is said."""
    return message(
        "REFER sip:x@127.0.0.1 SIP/2.0",
        "CSeq: 7 REFER",
        *(headers or ("Refer-To: <sip:a@b>",)),
        of=of,
    )


def seen(captured: sip.Message, *, sent: bool) -> SipSeen:
    """Return the event of a message that means nothing to the call."""
    return SipSeen(kept(captured, 0.0, sent=sent))


ENDED = "terminated;reason=noresource"
TAKEN = answer("202 Accepted", of=PEER)
NOTIFY_OF_OURS = notify("SIP/2.0 200 OK\r\n", state=ENDED, of=OURS)
NOTIFY_TAKEN, NOTIFY_TAKEN_BY_US = (
    answer("200 OK", cseq="12 NOTIFY", of=of) for of in (OURS, PEER)
)
HUNG_UP, BYE_OF_OURS = (request("BYE", of=of) for of in (PEER, OURS))
REFER_OF_OURS = request("REFER", of=OURS)


@pytest.mark.parametrize(
    ("captured", "event"),
    [
        pytest.param(REFER_OF_OURS, ReferSeen(7), id="our REFER"),
        pytest.param(received(), ReferCaptured(7, "<sip:a@b>"), id="a REFER of the phone's"),
        pytest.param(
            answer("603 Decline", of=PEER), ReferRefused(7, 603), id="refused by Asterisk"
        ),
        pytest.param(answer("486 Busy Here", cseq="2 INVITE"), None, id="of a re-INVITE of ours"),
        pytest.param(answer("200 OK", cseq="1 INVITE", of=PEER), None, id="our answer to the call"),
        pytest.param(answer("202 Accepted"), ReferAnswered(202, 7), id="202"),
        pytest.param(answer("200 OK"), ReferAnswered(200, 7), id="200 instead"),
        pytest.param(answer("405 Method Not Allowed"), ReferAnswered(405, 7), id="405"),
        pytest.param(answer("401 Unauthorized"), ReferAnswered(401, 7), id="401"),
        pytest.param(answer("100 Trying"), None, id="a provisional response"),
        pytest.param(answer("200 OK", cseq="7 BYE"), None, id="the response to something else"),
        pytest.param(TAKEN, seen(TAKEN, sent=True), id="our response to a REFER of the phone's"),
        pytest.param(
            answer("100 Trying", of=PEER), None, id="a provisional response to one of the phone's"
        ),
        pytest.param(
            NOTIFY_TAKEN_BY_US, seen(NOTIFY_TAKEN_BY_US, sent=True), id="our response to a NOTIFY"
        ),
        pytest.param(
            NOTIFY_TAKEN, seen(NOTIFY_TAKEN, sent=False), id="the response to a NOTIFY of ours"
        ),
        pytest.param(
            answer("202 Accepted", "Refer-Sub: false"),
            ReferAnswered(202, 7, subscribed=False),
            id="Refer-Sub: false",
        ),
        pytest.param(
            answer("202 Accepted", "refer-sub:  FALSE "),
            ReferAnswered(202, 7, subscribed=False),
            id="Refer-Sub: FALSE",
        ),
        pytest.param(
            answer("202 Accepted", "Refer-Sub: true"), ReferAnswered(202, 7), id="Refer-Sub: true"
        ),
        pytest.param(
            answer("202 Accepted", "Refer-Sub: false;x=1"),
            ReferAnswered(202, 7, subscribed=False),
            id="Refer-Sub with a parameter (RFC 4488, 4)",
        ),
        pytest.param(
            notify("SIP/2.0 100 Trying\r\n"),
            ReferNotified(100, terminated=False, cseq=12),
            id="100",
        ),
        pytest.param(
            notify("SIP/2.0 200 OK\r\n", state=ENDED),
            ReferNotified(200, terminated=True, cseq=12),
            id="the final NOTIFY",
        ),
        pytest.param(
            notify("SIP/2.0 180 Ringing\r\n", state="Terminated"),
            ReferNotified(180, terminated=True, cseq=12),
            id="terminated with a 180",
        ),
        pytest.param(
            notify("garbage"), ReferNotified(None, terminated=False, cseq=12), id="garbage"
        ),
        pytest.param(
            notify("", state=ENDED), ReferNotified(None, terminated=True, cseq=12), id="no body"
        ),
        pytest.param(
            notify("SIP/2.0 200 OK\r\n", "o: refer;id=7"),
            ReferNotified(200, terminated=False, cseq=12, refer_id=7),
            id="with an id, compact form",
        ),
        pytest.param(
            notify("SIP/2.0 200 OK\r\n", "Event: REFER ; id=93809823"),
            ReferNotified(200, terminated=False, cseq=12, refer_id=93809823),
            id="with an id and blanks",
        ),
        pytest.param(
            notify("SIP/2.0 200 OK\r\n", "Event: refer;id=x7"),
            ReferNotified(200, terminated=False, cseq=12),
            id="an id that is no number",
        ),
        pytest.param(
            notify("SIP/2.0 200 OK\r\n", "Event: refer;id=" + 5000 * "9"),
            ReferNotified(200, terminated=False, cseq=12),
            id="an id that is no CSeq",
        ),
        pytest.param(notify("", "Event: message-summary"), None, id="another event package"),
        pytest.param(NOTIFY_OF_OURS, seen(NOTIFY_OF_OURS, sent=True), id="a NOTIFY of ours"),
        pytest.param(
            notify("", "Event: message-summary", of=OURS), None, id="one of another package"
        ),
        pytest.param(HUNG_UP, seen(HUNG_UP, sent=False), id="BYE"),
        pytest.param(BYE_OF_OURS, seen(BYE_OF_OURS, sent=True), id="a BYE of ours"),
        pytest.param(offer("sendonly"), ChannelHeld(), id="hold"),
        pytest.param(offer("inactive", "UPDATE"), ChannelHeld(), id="hold by UPDATE"),
        pytest.param(offer("sendrecv"), ChannelResumed(), id="resume"),
        pytest.param(offer("sendonly", of=OURS), None, id="a re-INVITE of ours"),
        pytest.param(request("INVITE", of=PEER), None, id="a re-INVITE without an offer"),
        pytest.param(request("INFO", of=PEER), None, id="of no concern"),
    ],
)
def test_what_a_message_means_for_its_call(captured: sip.Message, event: Event | None) -> None:
    said = dialog.read(captured, THEY_CALLED)
    assert (said and said.event) == event


@pytest.mark.parametrize(
    ("captured", "event"),
    [
        pytest.param(answer("486 Busy", cseq="1 INVITE"), InviteAnswered(486), id="refused"),
        pytest.param(answer("200 OK", cseq="1 INVITE"), InviteAnswered(200), id="answered"),
        pytest.param(answer("603 No", cseq="1 invite"), InviteAnswered(603), id="declined"),
        pytest.param(answer("180 Ringing", cseq="1 INVITE"), None, id="provisional"),
        pytest.param(answer("401 Who", cseq="1 INVITE"), None, id="challenged"),
        pytest.param(answer("407 Who", cseq="1 INVITE"), None, id="challenged by a proxy"),
        pytest.param(answer("422 Longer", cseq="1 INVITE"), None, id="Session-Expires (RFC 4028)"),
        pytest.param(answer("200 OK", cseq="3 BYE"), None, id="the response to something else"),
        pytest.param(
            answer("200 OK", cseq="3 INVITE", of=PEER), None, id="our answer to a re-INVITE"
        ),
        pytest.param(received(), ReferCaptured(7, "<sip:a@b>"), id="a REFER of the phone's"),
        pytest.param(TAKEN, seen(TAKEN, sent=True), id="which Asterisk took"),
        pytest.param(answer("603 No", of=PEER), ReferRefused(7, 603), id="which Asterisk refused"),
        pytest.param(NOTIFY_OF_OURS, seen(NOTIFY_OF_OURS, sent=True), id="our NOTIFY of it"),
        pytest.param(NOTIFY_TAKEN, seen(NOTIFY_TAKEN, sent=False), id="which the phone took"),
        pytest.param(received(of=OURS), ReferSeen(7), id="our REFER"),
        pytest.param(answer("202 Accepted"), ReferAnswered(202, 7), id="which the phone took"),
        pytest.param(
            notify("SIP/2.0 200 OK\r\n", state=ENDED),
            ReferNotified(200, terminated=True, cseq=12),
            id="the phone's NOTIFY of it",
        ),
        pytest.param(HUNG_UP, seen(HUNG_UP, sent=False), id="BYE"),
        pytest.param(BYE_OF_OURS, seen(BYE_OF_OURS, sent=True), id="a BYE of ours"),
        pytest.param(request("CANCEL", of=OURS), None, id="we cancel"),
        pytest.param(offer("sendonly"), ChannelHeld(), id="hold"),
        pytest.param(offer("sendrecv", of=OURS), None, id="a re-INVITE of ours"),
    ],
)
def test_what_a_message_means_for_a_leg_that_we_dialed(
    captured: sip.Message, event: Event | None
) -> None:
    said = dialog.read(captured, WE_DIALED)
    assert (said and said.event) == event


LONG = "a" * 300


@pytest.mark.parametrize("caller", [THEY_CALLED, WE_DIALED])
@pytest.mark.parametrize(
    ("headers", "event"),
    [
        (
            (
                "Refer-To: <sip:bob@example.com:5080;transport=tcp?X-A=1&User-to-User=0A%3Bx>",
                'Referred-By: "Agent" <sip:agent@example.com>;x=1',
                "User-Agent: Phone 1.0",
                "X-Call: a, b",
                "x-two:2",
                "User-to-User: 00AB;encoding=hex",
                "Supported: replaces",
            ),
            ReferCaptured(
                7,
                "<sip:bob@example.com:5080;transport=tcp?X-A=1&User-to-User=0A%3Bx>",
                '"Agent" <sip:agent@example.com>;x=1',
                "Phone 1.0",
                (("X-Call", "a, b"), ("x-two", "2"), ("User-to-User", "00AB;encoding=hex")),
            ),
        ),
        (
            ("r: sip:bob@example.com", "b: <sip:agent@example.com>"),
            ReferCaptured(7, "sip:bob@example.com", "<sip:agent@example.com>"),
        ),
        (
            ('Refer-To: "Bob, B"', " <sip:bob@example.com>"),  # folded
            ReferCaptured(7, '"Bob, B" <sip:bob@example.com>'),
        ),
        (("Refer-To: <tel:+4930123>",), ReferCaptured(7, "<tel:+4930123>")),
        ((f"Refer-To: <sip:a@b?X-A={LONG}>",), ReferCaptured(7, f"<sip:a@b?X-A={LONG}>")),
        (("X-Nothing: else",), ReferCaptured(7, "", headers=(("X-Nothing", "else"),))),
    ],
)
def test_what_a_phone_s_refer_says_is_told_as_it_is(
    caller: Caller, headers: tuple[str, ...], event: Event
) -> None:
    said = dialog.read(received(*headers), caller)
    assert said is not None
    assert said.event == event
    assert (said.phase, said.status) == (None, None)


@pytest.mark.parametrize(
    ("captured", "event"),
    [
        (REFER_OF_OURS, ReferSeen(7)),
        (answer("200 OK", cseq="1 INVITE"), None),
        (NOTIFY_TAKEN, seen(NOTIFY_TAKEN, sent=True)),
        (answer("202 Accepted"), ReferAnswered(202, 7)),
        (notify("SIP/2.0 180 Ringing\r\n"), ReferNotified(180, terminated=False, cseq=12)),
        # Whose it is cannot be told, and a call must not end by our own BYE.
        (request("BYE", of=PEER), None),
    ],
)
def test_a_dialog_whose_invite_was_not_captured(captured: sip.Message, event: Event | None) -> None:
    said = dialog.read(captured, NOBODY_KNOWN)
    assert (said and said.event) == event


@pytest.mark.parametrize(
    "captured",
    [
        message("SIP/2.0 202 Accepted", "CSeq: REFER", of=OURS),
        message("REFER sip:x@127.0.0.1 SIP/2.0", of=OURS),
        message("REFER sip:x@127.0.0.1 SIP/2.0", "Refer-To: <sip:a@b>", of=PEER),
        message("NOTIFY sip:x@127.0.0.1 SIP/2.0", "Event: refer", "CSeq: x NOTIFY"),
    ],
)
def test_a_message_without_its_cseq_is_refused(captured: sip.Message) -> None:
    with pytest.raises(sip.BadMessage):
        dialog.read(captured, THEY_CALLED)


def test_what_opens_a_dialog_is_no_hold() -> None:
    opening = sip.parse(
        b"INVITE sip:support@127.0.0.1 SIP/2.0\r\nFrom: <sip:bob@x>;tag=" + PEER.encode() + b"\r\n"
        b"To: <sip:support@127.0.0.1>\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n\r\n"
        b"v=0\r\nm=audio 4000 RTP/AVP 0\r\na=sendonly\r\n"
    )
    assert dialog.read(opening, THEY_CALLED) is None


# -- sent again, or another ------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (REFER_OF_OURS, REFER_OF_OURS, True),
        (answer("202 Accepted"), answer("202 Accepted", "Refer-Sub: true"), True),
        (answer("401 Unauthorized"), answer("401 Unauthorized", cseq="8 REFER"), False),
        (received(), received(), True),
        (NOTIFY_OF_OURS, NOTIFY_OF_OURS, True),
        (NOTIFY_OF_OURS, notify("SIP/2.0 200 OK\r\n"), False),
        (NOTIFY_TAKEN, NOTIFY_TAKEN, True),
        (NOTIFY_TAKEN, NOTIFY_TAKEN_BY_US, False),
        (TAKEN, TAKEN, True),
        (TAKEN, answer("202 Accepted"), False),
        (BYE_OF_OURS, request("BYE", of=PEER), False),
        (received(), REFER_OF_OURS, False),  # each side counts for itself
        (received(), answer("603 Decline", of=PEER), False),
        (answer("603 Decline"), answer("603 Decline", of=PEER), False),
        (answer("202 Accepted"), REFER_OF_OURS, False),
        (notify("SIP/2.0 180 Ringing\r\n"), notify("SIP/2.0 180 Ringing\r\n"), True),
        (offer("sendonly"), offer("sendonly"), True),
        (offer("sendonly"), request("BYE", of=PEER), False),
    ],
)
def test_what_is_sent_again_has_the_same_identity(
    one: sip.Message, other: sip.Message, *, same: bool
) -> None:
    first, second = dialog.read(one, THEY_CALLED), dialog.read(other, THEY_CALLED)
    assert first is not None
    assert second is not None
    assert (first.identity == second.identity) is same


@pytest.mark.parametrize(
    ("captured", "phase", "status"),
    [
        (answer("405 Not Allowed"), "refer", 405),
        (notify("SIP/2.0 180 Ringing\r\n"), "notify", 180),
        (notify("garbage"), "notify", None),
        (REFER_OF_OURS, None, None),
        (request("BYE", of=PEER), None, None),
    ],
)
def test_which_statuses_are_counted(
    captured: sip.Message, phase: dialog.Phase | None, status: int | None
) -> None:
    said = dialog.read(captured, THEY_CALLED)
    assert said is not None
    assert (said.phase, said.status) == (phase, status)


def test_only_the_first_answer_of_a_leg_counts() -> None:
    first = dialog.read(answer("200 OK", cseq="1 INVITE"), WE_DIALED)
    later = dialog.read(answer("488 No", cseq="2 INVITE"), WE_DIALED)  # to a re-INVITE
    assert first is not None
    assert later is not None
    assert first.identity == later.identity


# -- the INVITE ------------------------------------------------------------------


def invite(uri: str, caller: str, *headers: str) -> sip.Request:
    lines = (f"INVITE {uri} SIP/2.0", f"From: {caller};tag=1", "CSeq: 1 INVITE", *headers, "", "")
    parsed = sip.parse("\r\n".join(lines).encode())
    assert isinstance(parsed, sip.Request)
    return parsed


@pytest.mark.parametrize(
    ("uri", "dialed", "domain"),
    [
        ("sip:support@pbx.example.com", "support", "pbx.example.com"),
        ("sip:support@pbx.example.com:5060;transport=tcp", "support", "pbx.example.com"),
        ("sips:support@pbx.example.com", "support", "pbx.example.com"),
        ("sip:pbx.example.com", "", "pbx.example.com"),
        ("sip:support@[::1]:5060", "support", "::1"),
        ("sips:pbx.example.com", "", "pbx.example.com"),
    ],
)
def test_user_and_host_that_were_dialed(uri: str, dialed: str, domain: str) -> None:
    read = dialog.read_invite(invite(uri, "<sip:a@b>"), "127.0.0.1")
    assert (read.dialed, read.domain) == (dialed, domain)


@pytest.mark.parametrize(
    ("caller", "peer"),
    [
        ("<sip:bob@phone.example.com>", "phone.example.com"),
        ("sip:bob@phone.example.com", "phone.example.com"),
        ('"Bob" <sip:bob@phone.example.com:5062;user=phone>', "phone.example.com"),
        ("<sip:phone.example.com>", "phone.example.com"),
        ('"Bob; the \\"second\\"" <sip:bob@phone.example.com>', "phone.example.com"),
        ('"<sip:x@a>" <sip:bob@phone.example.com>', "phone.example.com"),
        ("<tel:+49123>", ""),
        ("<sip:a;b@phone.example.com;c=d@e>", "phone.example.com"),
    ],
)
def test_the_peer_is_the_host_of_the_caller(caller: str, peer: str) -> None:
    assert dialog.read_invite(invite("sip:x@y", caller), "127.0.0.1").peer == peer


def test_a_hostile_party_is_looked_at_once() -> None:
    # A millisecond, and five seconds where the user is looked for at each character again.
    start = time.process_time()
    assert dialog.parties("<sip:" + "a" * 60_000) == ("", "a" * 60_000)
    assert time.process_time() - start < 0.5


def test_an_invite_tells_where_it_came_from_and_what_was_added() -> None:
    captured = invite(
        "sip:support@pbx.example.com",
        "<sip:bob@phone.example.com>",
        "X-Account: 7",
        "User-Agent: SIPp",
        "x-b: two",
        "User-to-User: 123;encoding=hex",
        "Diversion: <sip:old@example.com>;reason=unconditional",
        "Allow: INVITE, ACK,BYE",
        "allow: REFER",
    )
    assert dialog.read_invite(captured, "192.0.2.7") == Invite(
        dialed="support",
        domain="pbx.example.com",
        peer="phone.example.com",
        source_ip="192.0.2.7",
        headers=(
            ("X-Account", "7"),
            ("x-b", "two"),
            ("User-to-User", "123;encoding=hex"),
            ("Diversion", "<sip:old@example.com>;reason=unconditional"),
        ),
        allow="INVITE, ACK,BYE, REFER",
        tag="1",
    )


OK = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1\r\nCSeq: 7 {}\r\nAllow: REFER, NOTIFY\r\n\r\n"
RINGING = OK.replace("200 OK", "180 Ringing")
ACK = "ACK sip:a@127.0.0.1 SIP/2.0\r\nCSeq: 1 ACK\r\n\r\n"
NOTIFY = "NOTIFY sip:a@127.0.0.1 SIP/2.0\r\nCSeq: 8 NOTIFY\r\n\r\nSIP/2.0 200 OK"
BYE = "BYE sip:a@127.0.0.1 SIP/2.0\r\nCSeq: 9 BYE\r\n\r\n"
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-"


@pytest.mark.parametrize(
    ("payload", "worth"),
    [
        (NOTIFY, True),
        (OK.format("REFER"), True),
        (OK.format("NOTIFY"), True),
        (OK.format("BYE"), False),
        (RINGING.format("NOTIFY"), False),
        (ACK, False),
        (ACK + NOTIFY, True),
        (OK.format("INVITE") + NOTIFY, True),
        (OK.format("INVITE") + SDP, False),
        (OK.format("INVITE") + SDP + BYE, True),
        (OK.format("INVITE") + BYE, True),
        (ACK + BYE, True),
        (ACK + OK.format("REFER"), True),
        ("\r\n\r\n" + BYE, True),
        ("\r\n\r\n" + OK.format("REFER").replace("7 REFER", "7\r\n REFER"), True),
        (NOTIFY.replace("NOTIFY", "Notify"), True),
        (OK.format("refer"), True),
        ("\r" + NOTIFY, True),
        ("\r\n" + OK.format("BYE"), False),
        ("no SIP at all", True),
        ("1 " * 30_000, True),
        (OK.format("INVITE") + "1" + " " * 60_000, False),
    ],
)
def test_what_is_not_worth_reading_is_told_by_its_bytes(payload: str, *, worth: bool) -> None:
    assert dialog.may_matter(payload.encode()) is worth


@pytest.mark.parametrize(
    ("payload", "worth"),
    [
        (OK.format("INVITE"), True),
        (OK.format("INVITE") + SDP, True),
        (RINGING.format("INVITE"), False),
        (RINGING.format("INVITE") + SDP, False),
        (RINGING.format("INVITE") + SDP + OK.format("INVITE"), True),
        (RINGING.format("INVITE") + BYE, True),
        (OK.format("REFER"), True),
        (OK.format("NOTIFY"), True),
        (OK.format("CANCEL"), False),
        (ACK, False),
        (BYE, True),
    ],
)
def test_of_a_leg_that_we_dialed_the_answers_are_worth_reading(
    payload: str, *, worth: bool
) -> None:
    assert dialog.may_matter(payload.encode(), answers=True) is worth
