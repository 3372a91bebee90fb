"""How Asterisk has the channels of a call that was taken up again."""

import json
from collections.abc import Mapping

import pytest

from stasis_refer.core.events import (
    ChannelReturned,
    OfLeg,
    QueueLeft,
    QueueStatus,
    Restarted,
    TransferStatus,
)
from stasis_refer.core.found import Found
from stasis_refer.finding import Look, found_of, look_around
from stasis_refer.wire import ari, commands
from tests.core.calls import CHANNEL, FIRST_SOUND, REFER, SAY, Line, document
from tests.runtime.parties import Party

LEG = f"{'0' * 32}-leg-1"
APP = "app"


def channel(
    channel_id: str = CHANNEL, app: str = "Stasis", data: str = "app,support", **more: object
) -> ari.Channel:
    return ari.read_channel(
        {
            "id": channel_id,
            "name": "PJSIP/x-1",
            "state": "Up",
            "dialplan": {"app_name": app, "app_data": data},
            **more,
        }
    )


BACK = ChannelReturned(TransferStatus.FAILURE, 486, 2)
ENDED = {"TRANSFERSTATUS": "FAILURE", "TRANSFERSTATUSPROTOCOL": "486", "STASIS_REFER_NUMBER": "2"}
REFERRING = ("Transfer", "PJSIP/sip:alice@example.com")


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ((), Restarted(Found.GONE)),
        ((channel("1.9"),), Restarted(Found.GONE)),
        ((channel(),), Restarted(Found.HERE, up=True)),
        ((channel(state="Ring"),), Restarted(Found.HERE)),
        ((channel(data="other,support"),), Restarted(Found.AWAY, up=True)),
        ((channel(CHANNEL, *REFERRING),), Restarted(Found.AWAY, up=True)),
        ((channel(CHANNEL, *REFERRING, channelvars={}),), Restarted(Found.AWAY, up=True)),
        (
            (channel(CHANNEL, *REFERRING, channelvars=ENDED),),
            Restarted(Found.GONE, back=BACK),
        ),
        (
            (channel(CHANNEL, "Wait", "0.5", channelvars=ENDED),),
            Restarted(Found.AWAY, up=True),
        ),
        (
            (channel(data="app,support,returned,FAILURE,486,2", channelvars=ENDED),),
            Restarted(Found.HERE, up=True, back=BACK),
        ),
        (
            (channel(data="app,support,queued,FULL"),),
            Restarted(Found.HERE, up=True, back=QueueLeft(QueueStatus.FULL)),
        ),
    ],
    ids=[
        "gone",
        "another one is there",
        "in our hands",
        "still ringing",
        "in the hands of another application",
        "in Transfer()",
        "in Transfer(), and nothing is told",
        "hung up in Transfer()",
        "waiting for us in the dialplan",
        "back from Transfer()",
        "back from Queue()",
    ],
)
def test_how_a_lead_is_found(listed: tuple[ari.Channel, ...], found: Restarted) -> None:
    line = Line()
    line.happens((0.0, document(REFER)))
    assert found_of(line.call, listed, Look(), APP) == [found]


def test_the_lead_comes_first_and_legs_are_in_no_dialplan() -> None:
    call = Party(CHANNEL, LEG)
    bridged = Look(bridges={CHANNEL: "b1", LEG: "b1"})
    listed = (channel(LEG, "", "", state="Ringing"), channel())
    assert found_of(call, listed, bridged, APP) == [
        Restarted(Found.HERE, up=True, bridge="b1"),
        OfLeg(LEG, Restarted(Found.HERE, bridge="b1")),
    ]
    assert found_of(call, (channel(),), Look(), APP)[1] == OfLeg(LEG, Restarted(Found.GONE))


class Asterisk:
    """Answers what it has; 404 to the rest."""

    def __init__(self, **answers: object) -> None:
        self._answers: Mapping[str, object] = answers
        self.asked: list[str] = []

    async def ask(self, request: commands.Request) -> ari.Response:
        self.asked.append(request.path)
        name = request.path.partition("/")[0]
        if request.path.startswith("playbacks") and request.path not in self._answers:
            return ari.Response(404)
        return ari.Response(200, json.dumps(self._answers.get(name)))


def speaking() -> Line:
    line = Line()
    line.happens((0.0, document(SAY)))
    return line


async def test_sounds_and_bridges_are_asked_for_once() -> None:
    bridges = [{"id": "b1", "channels": ["a", "b"]}, {"id": "b2"}]
    asterisk = Asterisk(bridges=bridges)
    look = await look_around(asterisk.ask, [speaking().call, Line().call])
    assert look == Look({"a": "b1", "b": "b1"}, frozenset())
    assert asterisk.asked == ["bridges", f"playbacks/{FIRST_SOUND}"]


async def test_a_sound_that_is_on_is_told() -> None:
    asterisk = Asterisk(**{f"playbacks/{FIRST_SOUND}": {}})
    call = speaking().call
    look = await look_around(asterisk.ask, [call])
    assert look.sounds == {FIRST_SOUND}
    assert found_of(call, (channel(),), look, APP) == [Restarted(Found.HERE, up=True, plays=True)]


async def test_nothing_is_asked_where_no_call_goes_on() -> None:
    asterisk = Asterisk()
    assert await look_around(asterisk.ask, []) == Look()
    assert asterisk.asked == []


@pytest.mark.parametrize(
    ("context", "found"),
    [
        ("stasis-refer-transfer", Found.AWAY),
        ("stasis-refer-queue", Found.AWAY),
        ("stasis-refer-enter", Found.AWAY),
        ("default", Found.HERE),
        ("", Found.HERE),
    ],
)
def test_a_leg_with_a_call_of_its_own_may_be_in_the_dialplan(context: str, found: Found) -> None:
    dialplan = {"context": context, "app_name": "Transfer", "app_data": "PJSIP/sip:a@example.com"}
    (told,) = found_of(Party(LEG), (channel(LEG, dialplan=dialplan),), Look(), APP)
    assert told == Restarted(found, up=True)
