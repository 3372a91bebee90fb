import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stasis_refer.adapters.capture import CaptureListener, CaptureRules, NoCapture, listener
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
from stasis_refer.wire.hep import Packet, encode
from stasis_refer.wire.kept import kept
from stasis_refer.wire.sip import parse
from tests.adapters.capture.copies import (
    ACCEPTED,
    ASTERISK,
    AT,
    BUSY,
    BYE,
    BYE_OF_OURS,
    CALL,
    INVITE,
    PASSWORD,
    PHONE,
    REFER,
    REFER_OF_PHONE,
    RINGING,
    Wire,
    hep,
    notify,
    offer,
    sip,
)

REFERRED = ReferCaptured(12491, "<sip:c@d?X-A=1>", headers=(("X-Call", "7"),))

# -- what the messages of a call mean --------------------------------------------


async def test_an_invite_says_who_calls_and_how(wire: Wire) -> None:
    wire.copy(INVITE)
    assert wire.watch() == Invite(
        dialed="support",
        domain="voice.example.com",
        peer="127.0.0.7",
        source_ip="192.0.2.7",
        headers=(
            ("X-Account", "17"),
            ("x-two", "a, b"),
            ("User-to-User", "56a390f3;encoding=hex"),
        ),
        tag=PHONE,
    )
    assert wire.watch() is None  # an INVITE is of one call only


async def test_the_invite_that_was_let_in_counts(wire: Wire) -> None:
    again = INVITE.replace(b"1 INVITE", b"2 INVITE").replace(b"X-Account: 17", b"X-Account: 18")
    wire.copy(INVITE, sip("SIP/2.0 401 Unauthorized", "1 INVITE"), again)
    invite = wire.watch()
    assert invite is not None
    assert ("X-Account", "18") in invite.headers


async def test_a_transfer_is_told_as_it_goes_on(wire: Wire) -> None:
    wire.copy(INVITE)
    wire.watch()
    assert wire.told(REFER, ACCEPTED, RINGING, BUSY, BYE) == [
        ReferSeen(12491),
        ReferAnswered(202, 12491),
        ReferNotified(180, terminated=False, cseq=2),
        ReferNotified(486, terminated=True, cseq=3),
        seen(BYE),
    ]
    assert wire.statuses == [("refer", 202), ("notify", 180), ("notify", 486)]
    assert wire.results == {"passed_over": 1, "accepted": 5}


async def test_after_a_restart_the_tag_of_the_caller_tells_who_said_what(wire: Wire) -> None:
    wire.listener.watch_again(CALL, wire.events.append, PHONE)
    assert wire.told(REFER, ACCEPTED, RINGING, BYE) == [
        ReferSeen(12491),
        ReferAnswered(202, 12491),
        ReferNotified(180, terminated=False, cseq=2),
        seen(BYE),
    ]
    wire.listener.watch_again(CALL, wire.events.append, "")
    # Who sent a BYE, and by that whether it is worth telling, is not known then.
    assert wire.told(RINGING, BYE) == [ReferNotified(180, terminated=False, cseq=2)]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (sip("SIP/2.0 100 Trying", "12491 REFER", of=ASTERISK), []),
        (
            sip("SIP/2.0 405 Method Not Allowed", "12491 REFER", of=ASTERISK),
            [ReferAnswered(405, 12491)],
        ),
        (sip("SIP/2.0 200 OK", "12491 REFER", of=ASTERISK), [ReferAnswered(200, 12491)]),
        (
            sip("SIP/2.0 202 Accepted", "12491 REFER", "Refer-Sub: false", of=ASTERISK),
            [ReferAnswered(202, 12491, subscribed=False)],
        ),
        (notify(5, "SIP/2.0 100 Trying"), [ReferNotified(100, terminated=False, cseq=5)]),
        (
            notify(5, "SIP/2.0 200 OK", "terminated", "refer;id=12491"),
            [ReferNotified(200, terminated=True, cseq=5, refer_id=12491)],
        ),
        (
            notify(5, "SIP/2.0 183 Progress", "terminated;reason=timeout"),
            [ReferNotified(183, terminated=True, cseq=5)],
        ),
        (notify(5, "no sipfrag at all"), [ReferNotified(None, terminated=False, cseq=5)]),
        (notify(5, "SIP/2.0 200 OK", "terminated", "message-summary"), []),
        (notify(5, "SIP/2.0 200 OK", "terminated", "dialog;id=12491"), []),
        (offer(5, "sendonly"), [ChannelHeld()]),
        (offer(5, "inactive"), [ChannelHeld()]),
        (offer(5, "sendrecv"), [ChannelResumed()]),
        (sip("OPTIONS sip:127.0.0.1 SIP/2.0", "9 OPTIONS"), []),
    ],
)
async def test_what_a_message_of_a_call_tells(
    wire: Wire, message: bytes, told: list[Event]
) -> None:
    wire.copy(INVITE)
    wire.watch()
    assert wire.told(REFER, message)[1:] == told


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(sip("SIP/2.0 202 Accepted", "12491 REFER"), id="202"),
        pytest.param(notify(5, "SIP/2.0 200 OK", "terminated", of=ASTERISK), id="notify"),
        pytest.param(BYE_OF_OURS, id="bye"),
        pytest.param(offer(5, "sendonly", of=ASTERISK), id="hold"),
    ],
)
async def test_what_goes_the_other_way_is_not_of_our_transfer(wire: Wire, message: bytes) -> None:
    wire.copy(INVITE)
    wire.watch()
    assert wire.told(message) == []
    assert wire.statuses == []


async def test_a_refer_of_the_phone_s_is_told_once_and_as_it_is(wire: Wire) -> None:
    wire.copy(INVITE)
    wire.watch()
    refused = sip("SIP/2.0 603 Decline", "12491 REFER")
    events = wire.told(REFER_OF_PHONE, refused, REFER_OF_PHONE, refused, REFER)
    assert events == [REFERRED, ReferRefused(12491, 603), ReferSeen(12491)]
    assert wire.statuses == []


def seen(message: bytes) -> SipSeen:
    """Return the event of a message, received, that means nothing to the call."""
    return SipSeen(kept(parse(message), AT, sent=False))


# -- a leg that we dialed --------------------------------------------------------

LEG = "leg-1@127.0.0.1"


def of_leg(message: bytes) -> bytes:
    return message.replace(CALL.encode(), LEG.encode())


DIALED = of_leg(sip("INVITE sip:bob@127.0.0.9 SIP/2.0", "1 INVITE", of=ASTERISK))


def answered(status: str, cseq: int = 1) -> bytes:
    return of_leg(sip(f"SIP/2.0 {status}", f"{cseq} INVITE", of=ASTERISK))


async def test_a_leg_is_told_of_by_who_began_it(wire: Wire) -> None:
    assert wire.listener.watch(LEG, wire.events.append, dialed=True) is None
    ringing, up = answered("180 Ringing"), answered("200 OK")
    ended = notify(9, "SIP/2.0 200 OK", "terminated", of=ASTERISK)
    wire.copy_of(LEG, DIALED, ringing, up, up, of_leg(REFER_OF_PHONE), of_leg(ended), of_leg(BYE))
    assert wire.events == [
        InviteAnswered(200),
        REFERRED,
        SipSeen(kept(parse(of_leg(ended)), AT, sent=True)),
        seen(of_leg(BYE)),
    ]
    assert not wire.listener.knows(LEG)


async def test_what_belongs_to_a_refer_is_told_with_its_message(wire: Wire) -> None:
    wire.copy(INVITE)
    wire.watch()
    answer = sip("SIP/2.0 200 OK", "2 NOTIFY")
    told = wire.told(BYE_OF_OURS, REFER, ACCEPTED, RINGING, answer, answer, BYE_OF_OURS, BYE)
    captured = [getattr(each, "message") for each in told]  # noqa: B009 - all of these have one
    assert [(each.at, each.sent, each.first_line) for each in captured] == [
        (AT, True, "REFER sip:caller@127.0.0.7:17001 SIP/2.0"),
        (AT, False, "SIP/2.0 202 Accepted"),
        (AT, False, "NOTIFY sip:127.0.0.1:5060 SIP/2.0"),
        (AT, True, "SIP/2.0 200 OK"),
        (AT, True, "BYE sip:127.0.0.7 SIP/2.0"),
        (AT, False, "BYE sip:127.0.0.1:5060 SIP/2.0"),
    ]
    assert captured[0].headers[-1] == ("Refer-To", "<sip:bob@example.com?X-A=1,2;3>")
    assert captured[2].body == "SIP/2.0 180 Ringing"


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([answered("486 Busy Here")], [InviteAnswered(486)]),
        ([answered("401 Who"), answered("486 Busy Here", 2)], [InviteAnswered(486)]),
        ([answered("407 Who"), answered("200 OK", 2)], [InviteAnswered(200)]),
        ([answered("407 Who")], []),
        ([answered("200 OK"), answered("488 No", 2)], [InviteAnswered(200)]),
        ([answered("183 Progress"), answered("487 Canceled")], [InviteAnswered(487)]),
    ],
)
async def test_what_a_leg_s_invite_is_answered_with(
    wire: Wire, answers: list[bytes], told: list[Event]
) -> None:
    wire.listener.watch(LEG, wire.events.append, dialed=True)
    wire.copy_of(LEG, DIALED, *answers)
    assert wire.events == told


async def test_a_leg_whose_invite_was_sent_before_is_told_of_all_the_same(wire: Wire) -> None:
    wire.copy_of(LEG, DIALED)
    invite = wire.listener.watch(LEG, wire.events.append, dialed=True)
    assert invite is not None
    assert invite.dialed == "bob"
    wire.copy_of(LEG, answered("603 Decline"), of_leg(BYE))
    assert wire.events == [InviteAnswered(603)]


async def test_without_its_invite_a_transfer_is_told_all_the_same(wire: Wire) -> None:
    assert wire.watch() is None
    assert wire.told(REFER, ACCEPTED, BUSY) == [
        ReferSeen(12491),
        ReferAnswered(202, 12491),
        ReferNotified(486, terminated=True, cseq=3),
    ]


async def test_an_invite_whose_copy_is_late_still_tells_who_is_who(wire: Wire) -> None:
    assert not wire.listener.knows(CALL)
    assert wire.watch() is None
    assert wire.told(INVITE, REFER_OF_PHONE) == [REFERRED]
    assert wire.told(BYE) == [seen(BYE)]


async def test_an_invite_that_has_arrived_is_known(wire: Wire) -> None:
    wire.copy(INVITE)
    wire.listener.drain()
    assert wire.listener.knows(CALL)


async def test_whether_copies_arrive_is_known(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not wire.listener.hears()
    wire.told(BYE)
    assert wire.listener.hears()
    monkeypatch.setattr(listener, "_ALIVE_FOR", 0.0)
    assert not wire.listener.hears()
    assert not NoCapture().hears()


async def test_what_is_sent_again_is_told_once(wire: Wire) -> None:
    wire.copy(INVITE)
    wire.watch()
    flow = (REFER, ACCEPTED, RINGING, offer(6, "sendonly"), BUSY, BYE)
    assert len(wire.told(*flow)) == 6
    assert wire.told(*flow, *flow) == []
    assert len(wire.statuses) == 3
    assert wire.told(offer(7, "sendrecv")) == [ChannelResumed()]


def second_call(wire: Wire, call_id: str, told: list[Event]) -> bytes:
    """Watch another call, send a REFER in both; a NOTIFY of the other one."""
    wire.listener.watch(call_id, told.append)
    wire.told(REFER)
    wire.copy_of(call_id, REFER)
    told.clear()
    return RINGING.replace(CALL.encode(), call_id.encode())


async def test_what_tcp_joins_is_told_message_by_message(wire: Wire) -> None:
    other = "2-2@127.0.0.7"
    others: list[Event] = []
    wire.copy(INVITE)
    wire.watch()
    of_other = second_call(wire, other, others)
    assert wire.told(ACCEPTED + RINGING + of_other) == [
        ReferAnswered(202, 12491),
        ReferNotified(180, terminated=False, cseq=2),
    ]
    assert others == [ReferNotified(180, terminated=False, cseq=2)]


async def test_what_tcp_joins_is_told_to_the_call_that_each_message_is_of(wire: Wire) -> None:
    other = "2-2@127.0.0.7"
    others: list[Event] = []
    wire.watch()
    of_other = second_call(wire, other, others)
    # The copy bears the Call-ID of the last message.
    assert wire.told(of_other + BUSY) == [ReferNotified(486, terminated=True, cseq=3)]
    assert others == [ReferNotified(180, terminated=False, cseq=2)]


async def test_calls_do_not_hear_of_one_another(wire: Wire) -> None:
    wire.watch("another call")
    assert wire.told(REFER, ACCEPTED) == []
    wire.watch()
    assert wire.told(REFER) == [ReferSeen(12491)]
    wire.listener.forget(CALL)
    wire.listener.forget(CALL)
    assert wire.told(ACCEPTED) == []


async def test_a_packet_without_correlation_id_is_of_the_call_id_in_its_message(
    wire: Wire,
) -> None:
    wire.watch()
    wire.send(hep(REFER, call_id=""))
    wire.listener.drain()
    assert wire.events == [ReferSeen(12491)]


# -- order -----------------------------------------------------------------------


async def test_drain_reads_what_arrived_before_the_loop_has_its_turn(wire: Wire) -> None:
    wire.watch()
    wire.copy(REFER, ACCEPTED)
    assert wire.events == []
    wire.listener.drain()
    assert wire.events == [ReferSeen(12491), ReferAnswered(202, 12491)]


async def test_the_loop_reads_by_itself(wire: Wire) -> None:
    told: asyncio.Queue[Event] = asyncio.Queue()
    wire.listener.watch(CALL, told.put_nowait)
    wire.copy(REFER)
    async with asyncio.timeout(2):
        assert await told.get() == ReferSeen(12491)


async def test_a_flood_is_read_whole_without_holding_the_loop_up(wire: Wire) -> None:
    wire.copy(*[RINGING] * 1000)
    turns = 0
    async with asyncio.timeout(5):
        while wire.results["passed_over"] < 1000:
            await asyncio.sleep(0)
            turns += 1
    assert turns >= 5


async def test_invites_that_nobody_asks_for_are_not_kept_for_ever(wire: Wire) -> None:
    first = INVITE
    wire.copy(first)
    wire.listener.drain()
    for number in range(4096):
        wire.send(hep(INVITE, call_id=f"stray-{number}"))
        if number % 100 == 0:
            wire.listener.drain()
    for _ in range(100):
        wire.listener.drain()
    assert wire.results == {"passed_over": 4097}
    assert wire.watch() is None
    assert wire.watch("stray-4095") is not None


# -- what is not believed --------------------------------------------------------

GOOD = hep(REFER)
MALFORMED = {
    "empty": b"",
    "garbage": b"\x00\xff" * 40,
    "sip without hep": REFER,
    "hep version 1": b"\x01" + GOOD[1:],
    "truncated": GOOD[:-1],
    "head only": GOOD[:6],
    "too long": GOOD + b"\x00",
    "no payload": hep(b""),
    "no sip": hep(b'{"ssrc": 17}'),
    "sip cut off": hep(b"REFER sip:a@b SIP/2.0"),
    "a refer without cseq": hep(REFER.replace(b"CSeq", b"CQes")),
    "a notify with a cseq that is none": hep(RINGING.replace(b"2 NOTIFY", b"two NOTIFY")),
}


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in MALFORMED.items()])
async def test_what_is_no_copy_of_sip_is_malformed(wire: Wire, data: bytes) -> None:
    wire.watch()
    wire.send(data)
    wire.listener.drain()
    assert wire.results == {"malformed": 1}
    assert wire.told(REFER) == [ReferSeen(12491)]


async def test_a_message_that_cannot_be_read_is_told_of_once(wire: Wire) -> None:
    wire.watch()
    cut_off = RINGING.replace(b"2 NOTIFY", b"two NOTIFY")
    assert wire.told(cut_off) == []  # there is no REFER that it could belong to
    wire.told(REFER)
    wire.copy(cut_off, cut_off)
    wire.listener.drain()
    (event,) = wire.events
    assert isinstance(event, SipSeen)
    assert event.message is not None
    assert event.message.first_line == (
        "NOTIFY sip:127.0.0.1:5060 SIP/2.0 (cannot be read: bad_cseq)"
    )
    assert wire.results["malformed"] == 3


@pytest.mark.parametrize(
    "password", [b"", b"S3cret", b"s3cret ", b"s3cre", "s3cret\u00e9".encode()]
)
async def test_a_wrong_password_is_not_believed(wire: Wire, password: bytes) -> None:
    wire.watch()
    wrong = Packet(
        REFER, CALL, password, 1, 1_764_000_000.0, ("192.0.2.7", 17001), ("127.0.0.1", 5060)
    )
    wire.send(encode(wrong))
    wire.send(encode(replace(wrong, payload=INVITE)))
    wire.listener.drain()
    assert wire.results == {"bad_password": 2}
    assert not wire.listener.hears()
    assert wire.events == []
    assert wire.watch() is None


@pytest.mark.parametrize(
    ("sources", "results"),
    [
        ((), {"accepted": 1, "malformed": 1}),
        (("127.0.0.1",), {"accepted": 1, "malformed": 1}),
        (("192.0.2.7", "127.0.0.1"), {"accepted": 1, "malformed": 1}),
        (("127.0.0.2",), {"unknown_source": 2}),
        (("192.0.2.7",), {"unknown_source": 2}),  # the phone's address is not the sender's
    ],
)
async def test_only_known_sources_are_believed(
    sources: tuple[str, ...], results: dict[str, int]
) -> None:
    with closing(Wire(CaptureRules(PASSWORD, sources))) as wire:
        wire.watch()
        wire.copy(REFER)
        wire.send(b"garbage")
        wire.listener.drain()
        assert wire.results == results
        assert wire.events == ([ReferSeen(12491)] if "accepted" in results else [])


Mutation = tuple[str, float, int]
MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["set", "flip", "cut", "drop", "double", "insert"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 255),
    ),
    min_size=1,
    max_size=5,
)


def mutated(data: bytes, mutations: list[Mutation]) -> bytes:
    for kind, place, byte in mutations:
        at = int(place * len(data))
        head, this, tail = data[:at], data[at : at + 1], data[at + 1 :]
        match kind:
            case "set":
                data = head + bytes([byte]) + tail
            case "flip":
                data = head + bytes([this[0] ^ (1 << byte % 8)] if this else []) + tail
            case "cut":
                data = head
            case "drop":
                data = head + data[at + byte :]
            case "double":
                data = head + data[at : at + byte] + data[at:]
            case _:
                data = head + bytes([byte]) * 3 + data[at:]
    return data[:65000]


def says_what_is_missing(event: Event) -> bool:
    message = event.message if isinstance(event, SipSeen) else None
    return message is not None and "(cannot be read: " in message.first_line


async def test_mutated_packets_are_counted_and_change_nothing(wire: Wire) -> None:
    aftermath = "3-3@127.0.0.7"
    wire.copy(INVITE)
    wire.watch()
    wire.results.clear()
    packets = [hep(each) for each in (INVITE, REFER, ACCEPTED, RINGING, BUSY, BYE)]
    sent = 0

    @settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(packets), MUTATIONS)
    def strike(packet: bytes, mutations: list[Mutation]) -> None:
        nonlocal sent
        before, accepted = len(wire.events), wire.results["accepted"]
        data = mutated(packet, mutations)
        wire.send(data)
        wire.listener.drain()
        sent += 1
        assert wire.results.total() == sent
        # Some are still good copies, of which only those of the watched call tell anything.
        told = [each for each in wire.events[before:] if not says_what_is_missing(each)]
        assert len(told) <= wire.results["accepted"] - accepted

    strike()
    assert sent >= 5000
    assert set(wire.results) <= {
        *("accepted", "passed_over", "malformed", "bad_password", "unmatched")
    }
    assert wire.results["malformed"] > sent / 4
    wire.events.clear()
    wire.listener.watch(aftermath, wire.events.append)
    for message in (REFER, ACCEPTED, BUSY):
        wire.send(hep(message, call_id=aftermath))
    wire.listener.drain()
    assert len(wire.events) == 3


# -- forwarding, and the socket itself -------------------------------------------


@pytest.fixture
def homer() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as homer:
        homer.bind(("127.0.0.1", 0))
        homer.settimeout(2)
        yield homer


async def test_what_is_believed_is_forwarded_as_it_came(homer: socket.socket) -> None:
    rules = CaptureRules(PASSWORD, forward=[("127.0.0.1", 9), homer.getsockname()])
    with closing(Wire(rules)) as wire:
        wire.send(b"garbage")
        wire.send(hep(REFER).replace(PASSWORD, b"HUNTER2"))
        wire.copy(REFER, OTHER)
        wire.listener.drain()
        assert [homer.recv(65535) for _ in range(2)] == [hep(REFER), hep(OTHER)]


OTHER = sip("OPTIONS sip:a@b SIP/2.0", "1 OPTIONS")


async def test_a_forward_that_cannot_be_reached_holds_nothing_up() -> None:
    with closing(Wire(CaptureRules(PASSWORD, forward=[("255.255.255.255", 9)]))) as wire:
        wire.watch()
        assert wire.told(REFER) == [ReferSeen(12491)]


async def test_an_address_in_use_is_told_and_left_alone(wire: Wire) -> None:
    second = CaptureListener(CaptureRules(PASSWORD))
    with pytest.raises(OSError, match="in use"):
        second.start("127.0.0.1", wire.port)
    second.close()
    second.drain()
    wire.watch()
    assert wire.told(REFER) == [ReferSeen(12491)]


async def test_it_listens_on_ipv6() -> None:
    listener = CaptureListener(CaptureRules(PASSWORD))
    port = listener.start("::1", 0)
    events: list[Event] = []
    listener.watch(CALL, events.append)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sending:
        sending.sendto(hep(REFER), ("::1", port))
    listener.drain()
    listener.close()
    assert events == [ReferSeen(12491)]


def test_where_nothing_is_captured_nothing_is_told() -> None:
    told: list[Event] = []
    deaf = NoCapture()
    deliver: Callable[[Event], None] = told.append
    assert deaf.watch(CALL, deliver) is None
    deaf.drain()
    deaf.forget(CALL)
    assert told == []


async def test_what_was_lost_is_counted(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "_LOOK_FOR_LOSSES", 0.0)
    sent = 0
    while not wire.results["lost"]:
        wire.copy(*[RINGING] * 10_000)  # more than the socket has room for
        sent += 10_000
        while wire.results["passed_over"] + wire.results["lost"] < sent:
            wire.listener.drain()
    assert wire.results.total() == sent


async def test_more_than_the_rate_is_not_looked_into() -> None:
    with closing(Wire(CaptureRules(PASSWORD, rate=5.0))) as wire:
        wire.watch()
        wire.send(hep(REFER))  # a stranger's, until it is read
        wire.listener.drain()
        wire.copy(*[RINGING] * 20)
        wire.listener.drain()
        assert wire.results == {"accepted": 6, "rate_limited": 15}


async def test_what_is_of_a_live_call_by_its_call_id_alone_is_unmatched(wire: Wire) -> None:
    wire.copy(INVITE)
    wire.watch()
    wire.told(REFER)
    other_phone = BUSY.replace(f"tag={PHONE}".encode(), b"tag=x")
    other_call = hep(BUSY.replace(CALL.encode(), b"another"))  # its copy says that it is of this
    wire.copy(other_phone)
    wire.send(other_call)
    assert wire.told() == []
    assert wire.results["unmatched"] == 2
