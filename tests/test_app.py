import asyncio
import json
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from stasis_refer.app import App
from stasis_refer.errors import StartError
from stasis_refer.lab.asterisk import free_udp_port
from stasis_refer.runtime.journal import Entry, Tap
from stasis_refer.settings import Settings
from stasis_refer.wire import commands
from stasis_refer.wire.hep import Packet, encode
from tests import harvest
from tests.fakes.asterisk import Asterisk, Channel
from tests.fakes.customer import WAIT, Customer, Fault, Reply

HANG_UP = "<Response><Hangup/></Response>"
INVITE = (
    b"INVITE sip:support@voice.example.com SIP/2.0\r\nFrom: <sip:a@b>;tag=1\r\n"
    b"Call-ID: 1-1@a\r\nCSeq: 1 INVITE\r\nX-Account: 17\r\n\r\n"
)
REFER = "<Response><Refer action='/after'><Sip>sip:sales@example.com</Sip></Refer></Response>"


def settings(asterisk: Asterisk, customer: Customer | None = None, **more: Any) -> Settings:  # noqa: ANN401 - sections
    url = customer.url("/voice") if customer else "http://127.0.0.1:9/voice"
    status = {"status_callback": customer.url("/status")} if customer else {}
    sections: dict[str, Any] = {
        "ari": {"url": asterisk.url, "password": asterisk.password},
        "http": {"listen": "127.0.0.1:0"},
        "targets": {"allow": ["sip:*@example.com"]},
        "webhooks": {"allow_networks": ["127.0.0.0/8"]},
        "applications": [{"name": "support", "dialect": "twiml", "url": url, **status}],
    }
    return Settings.model_validate(sections | more)


@asynccontextmanager
async def running(settings: Settings, *taps: Tap) -> AsyncIterator[App]:
    async with App(settings, taps) as app:
        async with asyncio.timeout(5):
            await app.ready()
        yield app


@dataclass
class Wire:
    """What sends copies of SIP messages as res_hep does."""

    port: int
    sending: socket.socket

    @property
    def capture(self) -> dict[str, str]:
        return {"listen": f"127.0.0.1:{self.port}", "password": "hunter2"}

    def copy(self, message: bytes) -> None:
        ends = ("192.0.2.7", 5060), ("127.0.0.1", 5060)
        packet = Packet(message, "1-1@a", b"hunter2", 1, 1.0, *ends)
        self.sending.sendto(encode(packet), ("127.0.0.1", self.port))


async def until(true: Callable[[], bool], within: float = 5.0) -> None:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within, "it never came to be so"
        await asyncio.sleep(0.01)


async def get(app: App, path: str) -> tuple[int, str]:
    async with (
        harvest.client() as session,
        session.get(f"http://127.0.0.1:{app.http_port}{path}") as response,
    ):
        return response.status, await response.text()


async def waiting_call(asterisk: Asterisk, customer: Customer) -> Channel:
    """Let a call come in that is now pausing; its channel."""
    channel = asterisk.call("support", call_id="1-1@127.0.0.1")
    await customer.received("/voice")
    return channel


async def referred_call(
    app: App, asterisk: Asterisk, customer: Customer, document: str = REFER
) -> Channel:
    """Let a call come in that is now in ``Transfer()``; its channel."""
    customer.reply("/voice", document)
    channel = asterisk.call("support")
    await asterisk.received(f"POST channels/{channel.id}/continue")
    await app.ari.request(commands.info())  # answers keep their order: that of the first is here
    return channel


# -- a call from end to end ------------------------------------------------------


@pytest.mark.parametrize("version", ["22.3.0", "22.9.0", "22.10.1+dfsg"])
async def test_a_call_runs_its_documents(customer: Customer, version: str) -> None:
    customer.reply("/after", HANG_UP)
    async with Asterisk(version) as asterisk, running(settings(asterisk, customer)) as app:
        channel = await referred_call(app, asterisk, customer)
        assert channel.state == "Up"
        assert channel.variables["STASIS_REFER_TO"] == "sip:sales@example.com"
        assert channel.variables["STASIS_REFER_APPLICATION"] == "support"
        assert ("stasis_refer", channel.id) in asterisk.subscriptions
        assert asterisk.come_back(channel, "FAILURE", "486")
        action = await customer.received("/after")
        assert action.form["ReferCallStatus"] == "busy"
        await asterisk.received(f"DELETE channels/{channel.id}")
        status = await customer.received("/status")
        assert status.form["CallStatus"] == "completed"
        await until(lambda: not app.switchboard.channels)
        _, page = await get(app, "/metrics")
    assert 'outcome="busy"} 1.0' in page
    assert "stasis_refer_ari_connected 1.0" in page


@pytest.fixture
def hep() -> Iterator[Wire]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
        yield Wire(free_udp_port(), sending)


async def test_what_the_wire_said_first_is_known_first(
    asterisk: Asterisk, customer: Customer, hep: Wire
) -> None:
    customer.reply("/voice", HANG_UP)
    async with running(settings(asterisk, customer, capture=hep.capture)):
        hep.copy(INVITE)
        asterisk.call("support", call_id="1-1@a")
        asked = await customer.received("/voice")
    assert asked.form["SipHeader_X-Account"] == "17"


async def test_a_call_waits_a_moment_for_the_copy_of_its_invite(
    asterisk: Asterisk, customer: Customer, hep: Wire
) -> None:
    customer.reply("/voice", HANG_UP)
    async with running(settings(asterisk, customer, capture=hep.capture)):
        asterisk.call("support", call_id="1-1@a")
        await asyncio.sleep(0.02)
        hep.copy(INVITE)
        asked = await customer.received("/voice")
    assert asked.form["SipHeader_X-Account"] == "17"


async def test_a_call_whose_invite_is_never_copied_is_taken_all_the_same(
    asterisk: Asterisk, customer: Customer, hep: Wire
) -> None:
    customer.reply("/voice", HANG_UP)
    async with running(settings(asterisk, customer, capture=hep.capture)):
        asterisk.call("support", call_id="1-1@a")
        asked = await customer.received("/voice")
        assert "SipHeader_X-Account" not in asked.form


async def test_a_caller_who_hangs_up_while_the_copy_is_waited_for_leaves_no_call(
    asterisk: Asterisk, customer: Customer, hep: Wire
) -> None:
    async with running(settings(asterisk, customer, capture=hep.capture)) as app:
        asterisk.caller_hangs_up(asterisk.call("support", call_id="1-1@a"))
        status = await customer.received("/status")
        assert status.form["CallStatus"] == "completed"
        await until(lambda: not app.switchboard.channels)


async def test_who_stops_while_a_copy_is_waited_for_takes_no_call(
    asterisk: Asterisk, customer: Customer, hep: Wire
) -> None:
    async with running(settings(asterisk, customer, capture=hep.capture)):
        asterisk.call("support", call_id="1-1@a")
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert not customer.requests


async def test_a_call_for_nobody_is_rejected(asterisk: Asterisk, customer: Customer) -> None:
    with capture_logs() as logs:
        async with running(settings(asterisk, customer)):
            channel = asterisk.call("sales")
            asked = await asterisk.received(f"DELETE channels/{channel.id}")
    assert asked.query["reason_code"] == "1"
    assert "sales" in [each.get("dialed") for each in logs]


async def test_an_asterisk_that_is_often_late_is_waited_for(asterisk: Asterisk) -> None:
    patient = {"url": asterisk.url, "password": asterisk.password, "patience": 60}
    async with running(settings(asterisk, ari=patient)):
        asterisk.beats = False
        await asyncio.sleep(2.5)  # after which it is given up elsewhere
        assert asterisk.connections == 1


async def test_a_bug_ends_its_own_call_only(asterisk: Asterisk, customer: Customer) -> None:
    def tap(entry: Entry) -> None:
        if entry.call.info.caller == "666" and entry.seq > 1:
            raise ZeroDivisionError

    with capture_logs() as logs:
        async with running(settings(asterisk, customer), tap) as app:
            good = await waiting_call(asterisk, customer)
            bad = Channel("666.1", "PJSIP/lab-1", caller="666")
            asterisk.channels[bad.id] = bad
            asterisk.enter(bad, "support")
            await asterisk.received(f"DELETE channels/{bad.id}")
            await until(lambda: list(app.switchboard.channels) == [good.id])
            assert (await get(app, "/readyz"))[0] == 200
            asterisk.caller_hangs_up(good)
            await customer.received("/status")
    assert "call ended by a bug" in [each["event"] for each in logs]


# -- ready or not ----------------------------------------------------------------


async def test_it_is_ready_while_asterisk_is_there(asterisk: Asterisk) -> None:
    await asterisk.crash()
    reason = '{"ready": false, "reasons": ["ari: not connected to Asterisk"]}'
    async with App(settings(asterisk)) as app:
        assert await get(app, "/healthz") == (200, '{"status": "ok"}')
        assert await get(app, "/readyz") == (503, reason)
        await asterisk.start()
        async with asyncio.timeout(7):
            await app.ready()
        assert await get(app, "/readyz") == (200, '{"ready": true, "reasons": []}')
        await asterisk.crash()
        await until(lambda: bool(app.not_ready()))
        assert await get(app, "/readyz") == (503, reason)
        assert "stasis_refer_ari_connected 0.0" in (await get(app, "/metrics"))[1]


async def test_whoever_is_replaced_is_not_ready(asterisk: Asterisk) -> None:
    with capture_logs() as logs:
        async with running(settings(asterisk)) as first, running(settings(asterisk)) as second:
            await until(lambda: not first.ari.connected)
            status, text = await get(first, "/readyz")
            assert status == 503
            assert "ari: another connection took the application over" in text
            assert (await get(second, "/readyz"))[0] == 200
    assert "another connection took our application over: standing down" in [
        each["event"] for each in logs
    ]


async def test_a_port_that_is_taken_is_told(asterisk: Asterisk) -> None:
    taken = {"listen": f"127.0.0.1:{asterisk.port}"}
    with pytest.raises(StartError, match=str(asterisk.port)):
        async with App(settings(asterisk, http=taken)):
            pass


async def test_it_is_not_ready_when_the_ledger_cannot_be_written(
    asterisk: Asterisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stasis_refer.adapters.ledger.file._PROBED_FOR", 0.0)
    reason = '{"ready": false, "reasons": ["ledger: cannot be written"]}'
    async with running(settings(asterisk)) as app:
        path = tmp_path / "stasis_refer.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert await get(app, "/readyz") == (503, reason)
            other.execute("COMMIT")
        assert await get(app, "/readyz") == (200, '{"ready": true, "reasons": []}')


async def test_a_ledger_that_is_locked_at_the_start_is_waited_for(
    asterisk: Asterisk, tmp_path: Path
) -> None:
    path = tmp_path / "locked.db"
    ledger = {"url": f"sqlite:///{path}"}
    with closing(sqlite3.connect(path, isolation_level=None)) as somebody, capture_logs() as logs:
        somebody.execute("BEGIN EXCLUSIVE")
        asyncio.get_running_loop().call_later(0.2, somebody.execute, "COMMIT")
        async with App(settings(asterisk, ledger=ledger)) as app:
            assert app.ledger.writable()
    waits = [line for line in logs if line["event"] == "waiting for the ledger"]
    assert [line["log_level"] for line in waits] == ["warning"]
    assert str(path) in waits[0]["why"]


async def test_a_ledger_that_stays_locked_is_told(
    asterisk: Asterisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stasis_refer.adapters.ledger.ledger.PATIENCE", 0.0)
    path = tmp_path / "locked.db"
    ledger = {"url": f"sqlite:///{path}"}
    with closing(sqlite3.connect(path, isolation_level=None)) as somebody:
        somebody.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StartError, match=r"ledger\.url: .* is locked: end what else writes it"):
            async with App(settings(asterisk, ledger=ledger)):
                pass


async def test_a_ledger_that_cannot_be_used_is_told(asterisk: Asterisk, tmp_path: Path) -> None:
    ledger = {"url": f"sqlite:///{tmp_path}/none/stasis_refer.db"}
    with pytest.raises(StartError) as told:
        async with App(settings(asterisk, ledger=ledger)):
            pass
    assert str(told.value).startswith(f"ledger.url: {tmp_path}/none/stasis_refer.db cannot be used")
    async with running(settings(asterisk)):
        pass


async def test_the_events_that_nobody_reads_are_filtered(asterisk: Asterisk) -> None:
    async with running(settings(asterisk)):
        await asterisk.received("PUT applications/stasis_refer/eventFilter")
        await asterisk.received("GET channels")  # so the filter's own answer came through
    asked = next(each for each in asterisk.asked if each.method == "PUT")
    kinds = {each["type"] for each in asked.body["allowed"]}
    assert kinds >= {"StasisStart", "ChannelHangupRequest", "ApplicationReplaced", "RESTResponse"}
    assert "ChannelVarset" not in kinds


# -- after a gap -----------------------------------------------------------------


async def test_a_call_whose_channel_is_gone_ends(asterisk: Asterisk, customer: Customer) -> None:
    async with running(settings(asterisk, customer)) as app:
        gone, here = [await waiting_call(asterisk, customer) for _ in range(2)]
        asterisk.drop()
        del asterisk.channels[gone.id]
        await asterisk.connected(2)
        assert (await customer.received("/status")).form["CallStatus"] == "completed"
        await until(lambda: list(app.switchboard.channels) == [here.id])
        await asyncio.sleep(0.2)
        lines = [each.line for each in asterisk.asked]
    assert f"POST channels/{here.id}/continue" not in lines
    assert list(asterisk.channels) == [here.id]


async def test_a_channel_that_is_back_is_noticed(asterisk: Asterisk, customer: Customer) -> None:
    async with running(settings(asterisk, customer)) as app:
        channel = await referred_call(app, asterisk, customer)
        asterisk.drop()
        channel.arguments = ("support", "returned", "FAILURE", "603")
        action = await customer.received("/after")
        assert action.form["ReferCallStatus"] == "failed"
        assert action.form["NotifySipResponseCode"] == "603"


async def test_a_call_whose_playback_ended_in_the_gap_goes_on(
    asterisk: Asterisk, customer: Customer
) -> None:
    gather = "<Gather timeout='1'><Say>1</Say></Gather>"
    customer.reply("/voice", f"<Response>{gather}<Redirect>/next</Redirect></Response>")
    customer.reply("/next", WAIT)
    async with running(settings(asterisk, customer)) as app:
        channel = asterisk.call("support")
        await asterisk.received(f"POST channels/{channel.id}/play/{channel.id}-1")
        await app.ari.request(commands.info())  # answers keep their order: that of it is here
        asterisk.drop()
        await asterisk.connected(2)
        await asterisk.received(f"DELETE playbacks/{channel.id}-1")
        await customer.received("/next", within=8)


async def test_a_channel_that_is_still_in_transfer_is_waited_for(
    asterisk: Asterisk, customer: Customer
) -> None:
    async with running(settings(asterisk, customer)) as app:
        channel = await referred_call(app, asterisk, customer)
        asterisk.drop()
        await asterisk.connected(2)
        await asyncio.sleep(0.2)
        assert list(app.switchboard.channels) == [channel.id]
        asterisk.come_back(channel)
        action = await customer.received("/after")
        assert action.form["ReferCallStatus"] == "in-progress"


async def test_who_was_to_be_hung_up_in_a_gap_is_behind_it(
    asterisk: Asterisk, customer: Customer
) -> None:
    customer.reply("/voice", "<Response><Pause length='1'/></Response>")
    async with running(settings(asterisk, customer)) as app:
        channel = await waiting_call(asterisk, customer)
        asterisk.silent.add(f"DELETE channels/{channel.id}")
        asterisk.refuse(f"DELETE channels/{channel.id}", 503)
        await asterisk.received(f"DELETE channels/{channel.id}")
        assert channel.id in asterisk.channels
        asterisk.drop()
        asterisk.silent.clear()
        asterisk.refusals.clear()
        await asterisk.connected(2)
        await until(lambda: channel.id not in asterisk.channels)
        assert not app.switchboard.channels
        lines = [each.line for each in asterisk.asked]
    assert f"POST channels/{channel.id}/continue" not in lines


async def test_a_channel_of_no_call_goes_on_in_the_dialplan(asterisk: Asterisk) -> None:
    left, other = (
        Channel("1.1", "PJSIP/lab-1", arguments=("support",)),
        Channel("1.2", "PJSIP/lab-2", arguments=("support",), app="another_app"),
    )
    outside = Channel("1.3", "PJSIP/lab-3")
    asterisk.channels = {each.id: each for each in (left, other, outside)}
    async with running(settings(asterisk)):
        await asterisk.received(f"POST channels/{left.id}/continue")
        await asyncio.sleep(0.2)
    continued = [each.line for each in asterisk.asked if each.line.endswith("/continue")]
    assert continued == [f"POST channels/{left.id}/continue"]


async def test_a_channel_back_from_a_transfer_before_our_time_goes_on_in_the_dialplan(
    asterisk: Asterisk,
) -> None:
    async with running(settings(asterisk)):
        await asterisk.received("GET channels")
        channel = Channel("1.4", "PJSIP/lab-4", variables={"STASIS_REFER_APPLICATION": "support"})
        asterisk.channels[channel.id] = channel
        asterisk.come_back(channel, "FAILURE", "486")
        await asterisk.received(f"POST channels/{channel.id}/continue")


async def test_calls_come_in_again_after_a_gap(asterisk: Asterisk, customer: Customer) -> None:
    async with running(settings(asterisk, customer)):
        for times in range(2, 4):
            asterisk.drop()
            await asterisk.connected(times)
            channel = await waiting_call(asterisk, customer)
            asterisk.caller_hangs_up(channel)
            await customer.received("/status")


async def test_a_listing_that_is_refused_ends_no_call(
    asterisk: Asterisk, customer: Customer
) -> None:
    with capture_logs() as logs:
        async with running(settings(asterisk, customer)) as app:
            channel = await waiting_call(asterisk, customer)
            asterisk.refuse("GET channels", 500)
            asterisk.drop()
            await asterisk.connected(2)
            await until(
                lambda: "Asterisk does not list its channels" in [each["event"] for each in logs]
            )
            assert list(app.switchboard.channels) == [channel.id]


# -- recordings ------------------------------------------------------------------


async def test_recordings_are_fetched_from_asterisk(asterisk: Asterisk) -> None:
    there, elsewhere = (f"{'a' * 32}-{number}" for number in (1, 2))
    asterisk.refuse(f"GET recordings/stored/{there}/file", 200, "RIFF")
    asterisk.refuse(f"GET recordings/stored/{elsewhere}/file", 404, "Recording not found")
    async with running(settings(asterisk)) as app:
        status, sound = await get(app, f"/recordings/{there}.wav")
        assert (status, json.loads(sound)) == (200, {"message": "RIFF"})
        assert (await get(app, f"/recordings/{elsewhere}.wav"))[0] == 404


# -- what the application is told ------------------------------------------------


async def ended_call(asterisk: Asterisk, customer: Customer) -> None:
    asterisk.caller_hangs_up(await waiting_call(asterisk, customer))


async def test_what_could_not_be_told_is_told_after_a_restart(
    asterisk: Asterisk, customer: Customer
) -> None:
    customer.reply("/status", Fault.SERVER_ERROR, Reply())
    async with running(settings(asterisk, customer)) as app:
        await ended_call(asterisk, customer)
        first = await customer.received("/status")
        await until(lambda: not app.switchboard.channels)
        assert "stasis_refer_outbox_pending 1.0" in (await get(app, "/metrics"))[1]
    await asyncio.sleep(1.1)
    assert len([each for each in customer.requests if each.path == "/status"]) == 1
    async with running(settings(asterisk, customer)) as app:
        second = await customer.received("/status")
        _, page = await get(app, "/metrics")
    assert second.form == first.form
    token = "I-Twilio-Idempotency-Token"
    assert second.headers[token] == first.headers[token]
    assert "stasis_refer_outbox_pending 0.0" in page
    assert 'kind="status",result="ok"} 1.0' in page


async def test_what_is_told_is_told_once(asterisk: Asterisk, customer: Customer) -> None:
    customer.reply("/status", Reply(status=204))
    for _ in range(2):
        async with running(settings(asterisk, customer)):
            await ended_call(asterisk, customer)
            await customer.received("/status")
            await asyncio.sleep(0.1)
    assert len([each for each in customer.requests if each.path == "/status"]) == 2


async def test_nothing_is_told_before_all_ports_are_had(
    asterisk: Asterisk, customer: Customer
) -> None:
    customer.reply("/status", Fault.SERVER_ERROR)
    async with running(settings(asterisk, customer)):
        await ended_call(asterisk, customer)
        await customer.received("/status")
    with pytest.raises(StartError):
        async with App(settings(asterisk, customer, http={"listen": asterisk.url[7:]})):
            pass
    await asyncio.sleep(0.1)
    assert len([each for each in customer.requests if each.path == "/status"]) == 1


# -- the end ---------------------------------------------------------------------


async def test_while_it_drains_new_calls_go_back_to_the_dialplan(
    asterisk: Asterisk, customer: Customer
) -> None:
    async with running(settings(asterisk, customer)) as app:
        live = await waiting_call(asterisk, customer)
        draining = asyncio.create_task(app.drain(10))
        await until(lambda: bool(app.not_ready()))
        assert "draining: no new calls are taken" in (await get(app, "/readyz"))[1]
        assert "stasis_refer_draining 1.0" in (await get(app, "/metrics"))[1]
        new = asterisk.call("support")
        await asterisk.received(f"POST channels/{new.id}/continue")
        assert not draining.done()
        asterisk.caller_hangs_up(live)
        async with asyncio.timeout(2):
            await draining
    assert len([each for each in customer.requests if each.path == "/voice"]) == 1


async def test_metrics_show_whether_it_is_ready(asterisk: Asterisk, customer: Customer) -> None:
    async with running(settings(asterisk, customer)) as app:
        await shows(app, "stasis_refer_ready 1.0")
        await app.drain(0)
        await shows(app, "stasis_refer_ready 0.0")


async def shows(app: App, line: str) -> None:
    async with asyncio.timeout(5):  # it looks each second
        while line not in (await get(app, "/metrics"))[1]:  # noqa: ASYNC110 - over HTTP
            await asyncio.sleep(0.1)


async def test_a_drain_lets_the_application_be_told(asterisk: Asterisk, customer: Customer) -> None:
    customer.reply("/status", Reply(delay=0.3))
    async with running(settings(asterisk, customer)) as app:
        live = await waiting_call(asterisk, customer)
        draining = asyncio.create_task(app.drain(10))
        asterisk.caller_hangs_up(live)
        await customer.received("/status")
        async with asyncio.timeout(2):
            await draining
        assert "stasis_refer_outbox_pending 0.0" in (await get(app, "/metrics"))[1]


async def test_a_drain_has_its_end_also_when_the_application_is_silent(
    asterisk: Asterisk, customer: Customer
) -> None:
    customer.reply("/status", Fault.BLACK_HOLE)
    async with running(settings(asterisk, customer)) as app:
        await ended_call(asterisk, customer)
        await customer.received("/status")
        async with asyncio.timeout(3):
            await app.drain(0.5)


async def test_calls_that_outlive_the_drain_go_back_to_the_dialplan(
    asterisk: Asterisk, customer: Customer
) -> None:
    async with running(settings(asterisk, customer)) as app:
        live = await waiting_call(asterisk, customer)
        async with asyncio.timeout(3):
            await app.drain(0.2)
        assert live.arguments is None
        assert live.id in asterisk.channels
        assert f"POST channels/{live.id}/continue" in [each.line for each in asterisk.asked]
