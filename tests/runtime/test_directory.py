import pytest

from stasis_refer.core.events import (
    CallEnded,
    ChannelHeld,
    ChannelUp,
    InviteAnswered,
    OfLeg,
    RecordingEnded,
    SipSeen,
)
from stasis_refer.core.handing_over import HandedOver, Replaced
from stasis_refer.core.info import CallInfo, Invite
from stasis_refer.core.intents import HandOver
from stasis_refer.core.leg import Leg
from stasis_refer.core.message import Message
from stasis_refer.runtime.directory import Directory, addressed
from tests.runtime.parties import Capture, Line, Party

ANSWER = SipSeen(Message(at=1.0, sent=False, first_line="SIP/2.0 200 OK"))


class World:
    """A directory with two live calls: alice talks to bob, carol to dave."""

    def __init__(self) -> None:
        self.capture = Capture()
        self.directory = Directory(self.capture)
        self.alice, self.carol = Line("alice", "bob"), Line("carol", "dave")
        for live in (self.alice, self.carol):
            self.directory.add(live)

    def move(self, line: Line, *legs: str) -> None:
        line.call.has(*legs)
        self.directory.follow(line)


# -- whose an event is -----------------------------------------------------------


def test_an_event_is_plain_where_the_document_runs_and_of_a_leg_elsewhere() -> None:
    call = Party("alice", "bob")
    assert addressed(call, "alice", ChannelUp()) == ChannelUp()
    assert addressed(call, "bob", ChannelUp()) == OfLeg("bob", ChannelUp())
    assert addressed(call, "bob", OfLeg("eve", ChannelUp())) == OfLeg("eve", ChannelUp())


def test_an_event_goes_to_the_call_of_its_channel_alone() -> None:
    world = World()
    for channel in ("alice", "bob", "dave"):
        assert world.directory.happened(channel, ChannelHeld())
    assert not world.directory.happened("eve", ChannelHeld())
    assert world.alice.call.heard == [ChannelHeld(), OfLeg("bob", ChannelHeld())]
    assert world.carol.call.heard == [OfLeg("dave", ChannelHeld())]


def test_calls_are_counted_apart_from_channels() -> None:
    world = World()
    assert set(world.directory.channels) == {"alice", "bob", "carol", "dave"}
    assert list(world.directory.calls) == [world.alice, world.carol]
    assert "bob" in world.directory
    assert "eve" not in world.directory


def test_the_lead_may_be_another_party_by_and_by() -> None:
    world = World()
    world.alice.call.led_by(CallInfo("k", "bob"))
    world.alice.call.channels = frozenset({"bob", "eve"})
    world.directory.follow(world.alice)
    assert world.directory.happened("bob", ChannelUp())
    assert world.directory.happened("eve", ChannelUp())
    assert not world.directory.happened("alice", CallEnded())
    assert world.alice.call.heard == [ChannelUp(), OfLeg("eve", ChannelUp())]


def test_channels_that_come_and_go_are_followed() -> None:
    world = World()
    world.move(world.alice, "bob", "eve")
    assert world.directory.happened("eve", ChannelUp())
    world.move(world.alice, "eve")
    assert not world.directory.happened("bob", CallEnded())
    assert "alice" in world.directory


def test_a_recording_is_told_to_the_call_that_it_is_of_whoever_has_the_channel() -> None:
    world = World()
    ended = RecordingEnded(f"{world.alice.call.key}-1", 2.0)
    world.move(world.alice, "eve")
    assert world.directory.happened("bob", ended)
    assert world.directory.happened("carol", ended)
    assert world.alice.call.heard == [OfLeg("bob", ended), OfLeg("carol", ended)]
    assert world.carol.call.heard == []
    world.directory.remove(world.alice)
    assert not world.directory.happened("bob", ended)


def test_a_call_that_is_over_leaves_no_channel_and_nothing_watched() -> None:
    world = World()
    world.directory.watch("alice", "1@a")
    world.directory.watch("bob", "2@a", dialed=True)
    world.directory.remove(world.alice)
    assert set(world.directory.channels) == {"carol", "dave"}
    assert world.capture.watched == {}
    world.move(world.alice, "eve")
    assert "eve" not in world.directory


# -- what is captured ------------------------------------------------------------


def test_what_is_captured_goes_to_the_call_that_has_the_channel() -> None:
    world = World()
    assert world.directory.watch("bob", "2@a", dialed=True) is None
    world.capture.watched["2@a"](InviteAnswered(200))
    assert world.alice.call.heard == [OfLeg("bob", InviteAnswered(200))]


def test_what_the_invite_of_a_caller_said_is_told() -> None:
    world = World()
    world.capture.invites["1@a"] = Invite("support")
    assert world.directory.watch("alice", "1@a") == Invite("support")
    assert world.directory.watch("alice", "9@a") is None


def test_what_is_captured_behind_a_leg_s_end_belongs_to_the_call_that_goes_on() -> None:
    world = World()
    world.directory.watch("bob", "2@a", dialed=True)
    world.move(world.alice)
    assert "bob" not in world.directory
    world.capture.watched["2@a"](ANSWER)
    assert world.alice.call.heard == [OfLeg("bob", ANSWER)]


def test_a_leg_that_is_gone_decides_nothing_any_more() -> None:
    world = World()
    world.directory.watch("bob", "2@a", dialed=True)
    world.move(world.alice)
    world.capture.watched["2@a"](InviteAnswered(200))
    assert world.alice.call.heard == []


def test_the_dialog_of_a_leg_that_is_gone_is_forgotten_with_the_call() -> None:
    world = World()
    world.directory.watch("bob", "2@a", dialed=True)
    world.directory.watch("dave", "4@a", dialed=True)
    world.move(world.alice)
    world.directory.remove(world.alice)
    assert list(world.capture.watched) == ["4@a"]


def test_a_leg_that_is_gone_and_taken_elsewhere_is_heard_there() -> None:
    world = World()
    world.directory.watch("bob", "2@a", dialed=True)
    world.move(world.alice)
    world.move(world.carol, "dave", "bob")
    world.directory.remove(world.alice)
    world.capture.watched["2@a"](ANSWER)
    assert world.carol.call.heard == [OfLeg("bob", ANSWER)]


# -- parties by their keys -------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "channel"),
    [("key of alice", "alice"), ("key of dave", "dave"), ("key of eve", ""), ("", "")],
)
def test_a_party_is_found_by_its_key_in_its_application_alone(key: str, channel: str) -> None:
    assert World().directory.channel_of(key, "support") == channel
    assert World().directory.channel_of(key, "sales") == ""


# -- from one call to another ----------------------------------------------------


def test_a_call_is_asked_for_a_party_in_the_name_of_another() -> None:
    world = World()
    assert world.directory.take_over("dave", by="alice")
    assert world.carol.call.heard == [Replaced("dave", by="alice")]


@pytest.mark.parametrize("channel", ["eve", "bob", "alice"])
def test_there_is_nobody_to_ask_for_a_party_of_no_other_call(channel: str) -> None:
    world = World()
    assert not world.directory.take_over(channel, by="alice")
    assert world.alice.call.heard == []


def test_a_call_that_is_over_is_neither_asked_nor_answered() -> None:
    world = World()
    world.carol.over = True
    assert not world.directory.take_over("dave", by="alice")
    assert not world.directory.hand_over(HandOver("carol", None))
    assert world.carol.call.heard == []


LEG = Leg(CallInfo("key of dave", "dave"), 0.0)


@pytest.mark.parametrize("leg", [LEG, None])
def test_a_party_is_handed_to_the_call_that_asked_for_it(leg: Leg | None) -> None:
    world = World()
    assert world.directory.hand_over(HandOver("alice", leg))
    assert not world.directory.hand_over(HandOver("eve", leg))
    assert world.alice.call.heard == [HandedOver(leg)]


def test_a_channel_that_is_handed_over_is_its_new_call_s_and_watched_on() -> None:
    world = World()
    world.directory.watch("dave", "4@a", dialed=True)
    world.move(world.alice, "bob", "dave")
    world.move(world.carol)
    world.capture.watched["4@a"](InviteAnswered(200))
    assert world.directory.happened("dave", ChannelUp())
    assert world.alice.call.heard == [
        OfLeg("dave", InviteAnswered(200)),
        OfLeg("dave", ChannelUp()),
    ]
    world.directory.remove(world.carol)
    assert set(world.directory.channels) == {"alice", "bob", "dave"}
    world.directory.remove(world.alice)
    assert world.capture.watched == {}


def test_a_channel_that_was_let_go_before_is_its_new_call_s_too() -> None:
    world = World()
    world.move(world.carol)
    world.move(world.alice, "bob", "dave")
    assert world.directory.happened("dave", ChannelUp())
    assert world.alice.call.heard == [OfLeg("dave", ChannelUp())]
