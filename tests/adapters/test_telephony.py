import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from stasis_refer.adapters.ari import Account, AriConnection, Listener
from stasis_refer.adapters.telephony import AriTelephony
from stasis_refer.core.events import (
    Bridged,
    CallEnded,
    ChannelRinging,
    ChannelUp,
    Event,
    RecordingEnded,
    TransferReported,
    TransferRequested,
    Unbridged,
)
from stasis_refer.core.intents import Connect, CreateLeg, ReferReport, SendRefer
from stasis_refer.wire import ari, commands
from stasis_refer.wire.version import Version
from tests.fakes.asterisk import Asterisk

CHANNEL = "1764000000.17"
REFER = SendRefer("<sip:sales@example.com?X-A=1>", "<sip:me@example.net>", number=2)
VARIABLES = {
    "TRANSFERSTATUS": "",
    "TRANSFERSTATUSPROTOCOL": "",
    "STASIS_REFER_NUMBER": "2",
    "STASIS_REFER_APP": "our_app",
    "STASIS_REFER_APPLICATION": "support",
    "SIPREFERREDBYHDR": "<sip:me@example.net>",
    "STASIS_REFER_TO": "<sip:sales@example.com?X-A=1>",
}
SUBSCRIBE = ("POST", "applications/our_app/subscription", {"eventSource": f"channel:{CHANNEL}"})
TRANSFER = (
    "POST",
    f"channels/{CHANNEL}/continue",
    {"context": "stasis-refer-transfer", "extension": "s", "priority": "1"},
)


class Carrier:
    """Takes requests and answers them, those whose path ends so with ``refusals``."""

    def __init__(
        self, refusals: Mapping[str, int] | None = None, *, together: bool = False
    ) -> None:
        self.refusals = dict(refusals or {})
        self.values: dict[str, str] = {}  # of variables
        self.created = '{"id": "leg-1", "name": "PJSIP/x-1", "state": "Down", "protocol_id": "c1"}'
        self.together = together
        self.hangs = False  # it answers nothing
        self.asked: list[commands.Request] = []

    async def send(self, *requests: commands.Request) -> Sequence[ari.Response]:
        answers: list[ari.Response] = []
        for request in requests:
            self.asked.append(request)
            if self.hangs:
                await asyncio.Event().wait()
            status = self.refusals.get(request.path.rpartition("/")[2], 204)
            text = '{"message": "so it is"}' if status >= 300 else self._told(request)
            answers.append(ari.Response(status, text))
            if not self.together and not answers[-1].ok:
                break
        return answers

    def _told(self, request: commands.Request) -> str:
        if request.path.endswith("/create"):
            return self.created
        value = self.values.get(dict(request.query).get("variable", ""))
        return "" if value is None else json.dumps({"value": value})

    def telephony(self, version: Version) -> AriTelephony:
        return AriTelephony(self.send, "our_app", version.has)

    @property
    def told(self) -> list[tuple[str, str, dict[str, str]]]:
        return [(each.method, each.path, dict(each.query)) for each in self.asked]


NEW, OLD = Version(22, 10), Version(22, 9)


@pytest.mark.parametrize(
    ("command", "expected", "body"),
    [
        (lambda t: t.answer(CHANNEL), ("POST", f"channels/{CHANNEL}/answer", {}), None),
        (lambda t: t.go_on(CHANNEL), ("POST", f"channels/{CHANNEL}/continue", {}), None),
        (
            lambda t: t.play(CHANNEL, "p-1", "sound:http://127.0.0.1:8080/media/a.wav"),
            (
                "POST",
                f"channels/{CHANNEL}/play/p-1",
                {"media": "sound:http://127.0.0.1:8080/media/a.wav"},
            ),
            None,
        ),
        (lambda t: t.ring(CHANNEL), ("POST", f"channels/{CHANNEL}/ring", {}), None),
        (lambda t: t.stop("p-1"), ("DELETE", "playbacks/p-1", {}), None),
        (
            lambda t: t.hang_up(CHANNEL, None),
            ("DELETE", f"channels/{CHANNEL}", {"reason_code": "16"}),
            None,
        ),
        (
            lambda t: t.hang_up(CHANNEL, 486),
            ("DELETE", f"channels/{CHANNEL}", {"reason_code": "17"}),
            None,
        ),
        (
            lambda t: t.hang_up(CHANNEL, 404),
            ("DELETE", f"channels/{CHANNEL}", {"reason_code": "1"}),
            None,
        ),
        (
            lambda t: t.hang_up(CHANNEL, 500),
            ("DELETE", f"channels/{CHANNEL}", {"reason_code": "38"}),
            None,
        ),
        (lambda t: t.separate("b-1"), ("DELETE", "bridges/b-1", {}), None),
        (
            lambda t: t.accept_refers(CHANNEL),
            (
                "POST",
                f"channels/{CHANNEL}/variable",
                {"variable": "PJSIP_TRANSFER_HANDLING()", "value": "ari-only"},
            ),
            None,
        ),
        (lambda t: t.ring_leg(CHANNEL), ("POST", f"channels/{CHANNEL}/dial", {}), None),
        (
            lambda t: t.break_off(CHANNEL),
            (
                "POST",
                "channels",
                {
                    "endpoint": "Local/s@stasis-refer-abort/n",
                    "context": "stasis-refer-abort",
                    "extension": "none",
                    "priority": "1",
                },
            ),
            {"variables": {"STASIS_REFER_CHANNEL": CHANNEL}},
        ),
    ],
)
async def test_each_command_is_one_request(
    command: Callable[[AriTelephony], Awaitable[int]],
    expected: tuple[str, str, dict[str, str]],
    body: Mapping[str, object] | None,
) -> None:
    carrier = Carrier()
    assert await command(carrier.telephony(NEW)) == 204
    assert carrier.told == [expected]
    assert carrier.asked[0].body == body


async def test_a_refer_subscribes_sets_its_variables_and_leaves() -> None:
    carrier = Carrier()
    assert await carrier.telephony(NEW).refer(CHANNEL, REFER, "support") == 204
    assert carrier.told == [
        SUBSCRIBE,
        ("POST", f"channels/{CHANNEL}/variables", {}),
        TRANSFER,
    ]
    body = carrier.asked[1].body
    assert body == {"variables": VARIABLES}
    assert list(body["variables"])[-1] == "STASIS_REFER_TO"


async def test_a_call_joins_a_queue_as_it_is_transferred() -> None:
    carrier = Carrier()
    assert await carrier.telephony(NEW).join_queue(CHANNEL, "sales", "support") == 204
    query = {"context": "stasis-refer-queue", "extension": "s", "priority": "1"}
    assert carrier.told == [
        SUBSCRIBE,
        ("POST", f"channels/{CHANNEL}/variables", {}),
        ("POST", f"channels/{CHANNEL}/continue", query),
    ]
    assert carrier.asked[1].body == {
        "variables": {
            "QUEUESTATUS": "",
            "STASIS_REFER_APP": "our_app",
            "STASIS_REFER_APPLICATION": "support",
            "STASIS_REFER_QUEUE": "sales",
        }
    }


@pytest.mark.parametrize(
    ("referred_by", "variable"),
    [
        ("<sip:me@example.net>", "<sip:me@example.net>\r\nX-A: 1\r\nX-B: two, 3"),
        # There has to be a Referred-By for them to stand behind.
        (None, "<sip:anonymous@anonymous.invalid>\r\nX-A: 1\r\nX-B: two, 3"),
    ],
)
async def test_further_headers_follow_referred_by_on_lines_of_their_own(
    referred_by: str | None, variable: str
) -> None:
    carrier = Carrier()
    refer = SendRefer("sip:a@b", referred_by, headers=(("X-A", "1"), ("X-B", "two, 3")))
    await carrier.telephony(NEW).refer(CHANNEL, refer, "support")
    body = carrier.asked[1].body
    assert body is not None
    assert body["variables"]["SIPREFERREDBYHDR"] == variable


async def test_an_older_asterisk_gets_one_variable_at_a_time() -> None:
    carrier = Carrier()
    assert await carrier.telephony(OLD).refer(CHANNEL, REFER, "support") == 204
    setting = [
        ("POST", f"channels/{CHANNEL}/variable", {"variable": name, "value": value})
        for name, value in VARIABLES.items()
    ]
    assert carrier.told == [SUBSCRIBE, *setting, TRANSFER]


async def test_a_referred_by_of_an_earlier_refer_is_wiped_out() -> None:
    carrier = Carrier()
    await carrier.telephony(NEW).refer(CHANNEL, SendRefer("sip:a@b"), "support")
    body = carrier.asked[1].body
    assert body is not None
    assert body["variables"]["SIPREFERREDBYHDR"] == ""


@pytest.mark.parametrize("status", [0, 400, 404, 409, 500])
@pytest.mark.parametrize(
    ("version", "step", "asked"),
    [
        (NEW, "subscription", 1),
        (NEW, "variables", 2),
        (NEW, "continue", 3),
        (OLD, "subscription", 1),
        (OLD, "variable", 2),
        (OLD, "continue", 9),
    ],
)
async def test_one_at_a_time_a_step_that_is_not_done_ends_the_refer(
    version: Version, step: str, asked: int, status: int
) -> None:
    carrier = Carrier({step: status})
    # Without an answer to the last step alone the REFER may be on its way: that is 0.
    told = 503 if status == 0 and step != "continue" else status
    assert await carrier.telephony(version).refer(CHANNEL, REFER, "support") == told
    assert len(carrier.asked) == asked


@pytest.mark.parametrize("status", [0, 400, 404, 409, 500])
@pytest.mark.parametrize("step", ["subscription", "variables", "continue"])
async def test_together_the_first_step_that_is_not_done_tells(step: str, status: int) -> None:
    carrier = Carrier({step: status}, together=True)
    assert await carrier.telephony(NEW).refer(CHANNEL, REFER, "support") == status
    assert len(carrier.asked) == 3


async def test_of_a_channel_that_is_gone_all_steps_tell_404() -> None:
    # Asterisk refuses to subscribe to what is not there with 422.
    carrier = Carrier({"subscription": 422, "variables": 404, "continue": 404}, together=True)
    with capture_logs() as logs:
        assert await carrier.telephony(NEW).refer(CHANNEL, REFER, "support") == 404
    assert not logs


@pytest.mark.parametrize(("status", "told"), [(409, True), (500, True), (404, False), (204, False)])
async def test_a_refusal_is_in_the_log_unless_the_call_is_just_gone(
    status: int, *, told: bool
) -> None:
    with capture_logs() as logs:
        await Carrier({"answer": status}).telephony(NEW).answer(CHANNEL)
    assert [(each["event"], each["status"], each["why"]) for each in logs] == (
        [("Asterisk refused a command", status, "so it is")] if told else []
    )


# -- legs ------------------------------------------------------------------------

LEG = CreateLeg("leg-1", "trunk/sip:bob@example.com")
HANDLING = {"PJSIP_TRANSFER_HANDLING()": "ari-only"}


@pytest.mark.parametrize(
    ("leg", "variables"),
    [
        pytest.param(LEG, {}, id="nothing known"),
        pytest.param(
            replace(LEG, caller="+4930123", caller_name='Al "Q"'),
            {"CONNECTEDLINE(num)": "+4930123", "CONNECTEDLINE(name)": 'Al "Q"'},
            id="who calls",
        ),
        pytest.param(
            replace(LEG, caller="1\r\nX-Evil: 1", caller_name="a\nb\x00"),
            {"CONNECTEDLINE(num)": "1 X-Evil: 1", "CONNECTEDLINE(name)": "a b "},
            id="a caller who would write headers",
        ),
        pytest.param(
            replace(LEG, headers=(("X-A", "1\r\nX-Evil: 1"),)),
            {"PJSIP_HEADER(add,X-A)": "1 X-Evil: 1"},
            id="a header that would be two",
        ),
        pytest.param(
            replace(LEG, headers=(("X-A", "1,2;3"), ("User-to-User", "00AB;encoding=hex"))),
            {
                "PJSIP_HEADER(add,X-A)": "1,2;3",
                "PJSIP_HEADER(add,User-to-User)": "00AB;encoding=hex",
            },
            id="headers",
        ),
        pytest.param(
            replace(LEG, headers=(("X-A", "1"), ("X-B", "2"), ("X-A", "3"), ("X-A", "4"))),
            {
                "PJSIP_HEADER(add,X-A)": "1",
                "PJSIP_HEADER(add,X-B)": "2",
                "PJSIP_HEADER(add,X-A,2)": "3",
                "PJSIP_HEADER(add,X-A,3)": "4",
            },
            id="one header three times",
        ),
    ],
)
async def test_a_leg_is_created_with_what_its_invite_is_to_say(
    leg: CreateLeg, variables: Mapping[str, str]
) -> None:
    carrier = Carrier()
    assert await carrier.telephony(NEW).create_leg(leg, CHANNEL) == (204, "c1")
    (asked,) = carrier.asked
    assert asked.path == "channels/create"
    assert dict(asked.query)["endpoint"] == "PJSIP/trunk/sip:bob@example.com"
    assert dict(asked.query)["originator"] == CHANNEL
    assert asked.body == {"variables": {**HANDLING, **variables}}


@pytest.mark.parametrize("created", ["", "[]", "{}", '{"id": "leg-1"}'])
async def test_a_leg_may_have_no_call_id(created: str) -> None:
    carrier = Carrier()
    carrier.created = created
    assert await carrier.telephony(NEW).create_leg(LEG, CHANNEL) == (204, "")


@pytest.mark.parametrize("status", [0, 400, 500])
async def test_a_leg_that_cannot_be_created(status: int) -> None:
    carrier = Carrier({"create": status})
    assert await carrier.telephony(NEW).create_leg(LEG, CHANNEL) == (status, "")


async def test_a_leg_that_is_not_in_stasis_yet_is_rung_a_moment_later() -> None:
    carrier = Carrier({"dial": 409})

    async def send(*requests: commands.Request) -> Sequence[ari.Response]:
        answers = await carrier.send(*requests)
        if len(carrier.asked) == 2:
            carrier.refusals.clear()
        return answers

    with capture_logs() as logs:
        assert await AriTelephony(send, "our_app", NEW.has).ring_leg("leg-1") == 204
    assert carrier.told == [("POST", "channels/leg-1/dial", {})] * 3
    assert not logs


@pytest.mark.parametrize(("status", "tries"), [(409, 6), (404, 1), (500, 1), (0, 1)])
async def test_a_leg_that_cannot_be_rung(status: int, tries: int) -> None:
    carrier = Carrier({"dial": status})
    assert await carrier.telephony(NEW).ring_leg("leg-1") == status
    assert len(carrier.asked) == tries


# -- connections -----------------------------------------------------------------

WANTED = Connect("b-1", (CHANNEL, "leg-1"))
BRIDGE = ("POST", "bridges", {"type": "mixing", "bridgeId": "b-1"})
ADD = ("POST", "bridges/b-1/addChannel", {"channel": f"{CHANNEL},leg-1"})
RECORD = ("POST", "bridges/b-1/record", {"name": "r-1", "format": "wav", "ifExists": "overwrite"})
DESTROY: tuple[str, str, dict[str, str]] = ("DELETE", "bridges/b-1", {})


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        (WANTED, [BRIDGE, ADD]),
        (replace(WANTED, recording="r-1"), [BRIDGE, ADD, RECORD]),
        (
            replace(WANTED, keys=True),
            [("POST", "bridges", {"type": "mixing,dtmf_events", "bridgeId": "b-1"}), ADD],
        ),
    ],
)
async def test_two_are_connected_in_a_bridge_of_their_own(
    wanted: Connect, asked: Sequence[tuple[str, str, Mapping[str, str]]]
) -> None:
    carrier = Carrier()
    assert await carrier.telephony(NEW).connect(wanted) == 204
    assert carrier.told == asked


@pytest.mark.parametrize(
    ("refusals", "together", "status", "asked"),
    [
        ({"bridges": 500}, False, 500, [BRIDGE, DESTROY]),
        ({"bridges": 409}, True, 409, [BRIDGE, ADD, DESTROY]),
        ({"addChannel": 409}, False, 409, [BRIDGE, ADD, DESTROY]),
        ({"addChannel": 0}, False, 0, [BRIDGE, ADD, DESTROY]),
        ({"addChannel": 409}, True, 409, [BRIDGE, ADD, DESTROY]),
        ({"record": 500}, False, 204, [BRIDGE, ADD, RECORD]),
    ],
)
async def test_of_a_connection_that_fails_nothing_is_left(
    refusals: Mapping[str, int],
    status: int,
    asked: Sequence[tuple[str, str, Mapping[str, str]]],
    *,
    together: bool,
) -> None:
    carrier = Carrier(refusals, together=together)
    wanted = replace(WANTED, recording="r-1")
    assert await carrier.telephony(NEW).connect(wanted) == status
    assert carrier.told == asked


async def test_that_one_party_is_gone_is_no_fault() -> None:
    async def send(*requests: commands.Request) -> Sequence[ari.Response]:
        gone = ari.Response(400, '{"message": "Channel not found"}')
        return [
            gone if each.path.endswith("addChannel") else ari.Response(204) for each in requests
        ]

    with capture_logs() as logs:
        assert await AriTelephony(send, "our_app", NEW.has).connect(WANTED) == 404
    assert not logs


@pytest.mark.parametrize("report", ReferReport)
async def test_the_end_of_a_refer_is_reported_in_asterisk_s_words(report: ReferReport) -> None:
    carrier = Carrier()
    assert await carrier.telephony(NEW).report("leg-1", report) == 204
    assert carrier.told == [
        ("GET", "channels/leg-1/variable", {"variable": "CHANNEL(pjsip,call-id)"}),
        ("POST", "channels/leg-1/transfer_progress", {"states": report.value}),
    ]


async def test_that_a_refer_s_sender_is_gone_is_told() -> None:
    carrier = Carrier({"variable": 404, "transfer_progress": 404})
    assert await carrier.telephony(NEW).report("leg-1", ReferReport.ANSWERED) == 404


NAMES = {
    "CHANNEL(pjsip,call-id)": "1-2@192.0.2.1",
    "CHANNEL(pjsip,remote_tag)": "theirs",
    "CHANNEL(pjsip,local_tag)": "ours",
}


async def test_a_dialog_is_named_as_its_far_end_sees_it() -> None:
    carrier = Carrier()
    carrier.values = dict(NAMES)
    told = await carrier.telephony(NEW).dialog("leg-1")
    assert told == "1-2@192.0.2.1;to-tag=theirs;from-tag=ours"
    assert carrier.told == [
        ("GET", "channels/leg-1/variable", {"variable": name}) for name in NAMES
    ]


@pytest.mark.parametrize("missing", NAMES)
@pytest.mark.parametrize("value", [None, ""])
async def test_a_dialog_without_all_of_its_names_has_none(missing: str, value: str | None) -> None:
    carrier = Carrier()
    carrier.values = dict(NAMES)
    del carrier.values[missing]
    if value is not None:
        carrier.values[missing] = value
    assert await carrier.telephony(NEW).dialog("leg-1") == ""


@pytest.mark.parametrize("together", [True, False])
async def test_a_channel_that_is_gone_has_no_dialog(*, together: bool) -> None:
    assert await Carrier({"variable": 404}, together=together).telephony(NEW).dialog("x") == ""


# -- with an Asterisk ------------------------------------------------------------


class Heard:
    """What is heard of channels, in order."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[tuple[str, Event]] = asyncio.Queue()

    def occurred(self, occurrence: ari.Occurrence) -> None:
        if isinstance(occurrence, ari.Happened):
            self._queue.put_nowait((occurrence.channel, occurrence.event))

    async def next(self, times: int = 1) -> list[tuple[str, Event]]:
        async with asyncio.timeout(5):
            return [await self._queue.get() for _ in range(times)]


@asynccontextmanager
async def connected(asterisk: Asterisk) -> AsyncIterator[tuple[AriTelephony, Heard]]:
    ready = asyncio.Event()

    async def tell() -> None:
        ready.set()

    heard = Heard()
    account = Account(asterisk.url, "stasis_refer", asterisk.username, asterisk.password)
    ari_connection = AriConnection(account, Listener(heard.occurred, tell))
    running = asyncio.create_task(ari_connection.run())
    try:
        async with asyncio.timeout(5):
            await ready.wait()
        yield AriTelephony(ari_connection.in_turn, "stasis_refer", ari_connection.has), heard
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@pytest.mark.parametrize("version", ["22.10.1", "22.3.0"])
async def test_a_leg_from_its_making_to_its_transfer(version: str) -> None:
    async with Asterisk(version) as asterisk, connected(asterisk) as (telephony, heard):
        caller = asterisk.call("support")
        assert await telephony.answer(caller.id) == 204
        assert await telephony.create_leg(LEG, caller.id) == (200, "leg-1@127.0.0.1")
        assert await telephony.ring_leg("leg-1") == 204
        leg = asterisk.channels["leg-1"]
        asterisk.leg_rings(leg)
        asterisk.leg_answers(leg)
        bridge = f"{caller.id}-bridge-1"
        wanted = Connect(bridge, (caller.id, "leg-1"), keys=True, recording="r-1")
        assert await telephony.connect(wanted) == 204
        asterisk.sends_refer(leg, "bob", replaces="1-2@192.0.2.1")
        assert await telephony.dialog("leg-1") == "leg-1@127.0.0.1;to-tag=theirs;from-tag=ours"
        assert await telephony.report("leg-1", ReferReport.ANSWERED) == 204
        assert await telephony.separate(bridge) == 204
        asterisk.leg_ends(leg, 16)
        assert await telephony.hang_up("leg-1", None) == 404
        assert await heard.next(10) == [
            (caller.id, ChannelUp()),
            ("leg-1", ChannelRinging()),
            ("leg-1", ChannelUp()),
            (caller.id, Bridged()),
            ("leg-1", Bridged()),
            ("leg-1", TransferRequested("bob", attended=True)),
            ("leg-1", TransferReported(final=True)),
            (caller.id, Unbridged()),
            ("leg-1", Unbridged()),
            (caller.id, RecordingEnded("r-1", 2.0)),
        ]
        assert asterisk.bridges == {}


async def test_a_leg_that_is_refused_tells_with_what() -> None:
    async with Asterisk() as asterisk, connected(asterisk) as (telephony, heard):
        await telephony.create_leg(LEG, CHANNEL)
        asterisk.leg_ends(asterisk.channels["leg-1"], 17, 486)
        assert await heard.next() == [("leg-1", CallEnded(status=486))]


async def test_an_endpoint_that_is_not_there_has_no_channel() -> None:
    async with Asterisk() as asterisk, connected(asterisk) as (telephony, _):
        asterisk.unknown_endpoints.add(f"PJSIP/{LEG.endpoint}")
        assert await telephony.create_leg(LEG, CHANNEL) == (500, "")


async def test_the_refer_of_a_phone_that_has_gone_is_told_once_more_behind_its_end() -> None:
    async with Asterisk() as asterisk, connected(asterisk) as (telephony, heard):
        await telephony.create_leg(LEG, CHANNEL)
        leg = asterisk.channels["leg-1"]
        leg.state = "Up"
        asterisk.sends_refer(leg)
        asterisk.leg_ends(leg)
        asked = ("leg-1", TransferRequested("bob"))
        assert await heard.next(3) == [asked, ("leg-1", CallEnded()), asked]


async def test_a_hang_up_without_an_answer_is_asked_for_again() -> None:
    carrier = Carrier({CHANNEL: 0, "b-1": 0})
    telephony = carrier.telephony(Version(22, 10))
    assert await telephony.hang_up(CHANNEL, 486) == 0
    assert await telephony.separate("b-1") == 0
    assert await telephony.hang_up("leg-1", None) == 204
    await telephony.ask_again()  # still not
    carrier.refusals = {CHANNEL: 404}
    asked = len(carrier.asked)
    await telephony.ask_again()
    await telephony.ask_again()
    assert carrier.asked[asked:] == carrier.asked[:2]


async def test_what_is_broken_off_while_it_is_asked_for_again_is_not_lost() -> None:
    carrier = Carrier({CHANNEL: 0})
    telephony = carrier.telephony(Version(22, 10))
    await telephony.hang_up(CHANNEL, 486)
    carrier.hangs = True
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):  # as where the connection is lost once more
            await telephony.ask_again()
    carrier.hangs, carrier.refusals = False, {}
    await telephony.ask_again()
    assert carrier.asked == [carrier.asked[0]] * 3
    await telephony.ask_again()
    assert len(carrier.asked) == 3


async def test_what_is_asked_for_again_is_not_without_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stasis_refer.adapters.telephony._MOST_UNANSWERED", 2)
    carrier = Carrier(dict.fromkeys("abc", 0))
    telephony = carrier.telephony(Version(22, 10))
    for channel in "abc":
        await telephony.hang_up(channel, None)
    await telephony.ask_again()
    assert [each.path for each in carrier.asked[3:]] == ["channels/b", "channels/c"]
