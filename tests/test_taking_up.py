"""What becomes of transfers that were under way when the program ended, and starts again."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import TypeAlias

import pytest

from stasis_refer.adapters.ledger.owed import OwedTable
from stasis_refer.app import App
from stasis_refer.dialects.registry import DIALECTS
from stasis_refer.runtime.call_log import CallLog
from stasis_refer.settings import Settings
from stasis_refer.wire import commands
from tests.fakes.asterisk import Asterisk
from tests.fakes.customer import Customer, Fault, Received, Reply
from tests.test_app import get, running, settings, until

Spoil: TypeAlias = Callable[[], None]

LEDGER = "stasis_refer.db"
SIP = "sip:sales@example.com"
XML = f"<Response><Refer action='/after'><Sip>{SIP}</Sip></Refer></Response>"
BXML = f"<Response><Refer referCompleteUrl='/after'><SipUri>{SIP}</SipUri></Refer></Response>"
JSON = json.dumps([{"verb": "sip:refer", "referTo": SIP, "actionHook": "/after"}])
DOCUMENTS = {"twiml": XML, "rcml": XML, "bxml": BXML, "jambonz": JSON}


def execute(statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(LEDGER, isolation_level=None)) as opened:
        return opened.execute(statement).fetchall()


def unreadable() -> None:
    execute("UPDATE call_log SET steps = replace(steps, '{', '[') WHERE number = 2")


def of_another_version() -> None:
    execute("UPDATE call_log SET steps = replace(steps, 'TransferBegan', 'HangUp')")


def too_long() -> None:
    """Do what ``CallLog`` does from step 10,001 on, and where a step could not be written."""
    execute("DELETE FROM call_log")


def asked(customer: Customer, path: str) -> list[Received]:
    return [each for each in customer.requests if each.path == path]


def of(customer: Customer, asterisk: Asterisk, dialect: str = "twiml") -> Settings:
    url = customer.url("/voice")
    return settings(asterisk, applications=[{"name": "support", "dialect": dialect, "url": url}])


async def lose(asterisk: Asterisk, customer: Customer, dialect: str, spoil: Spoil) -> None:
    """Let the program end in the midst of a transfer, and its call not be built again."""
    media_type = DIALECTS[dialect].media_type
    customer.reply("/voice", Reply(DOCUMENTS[dialect], content_type=media_type))
    async with running(of(customer, asterisk, dialect)) as app:
        channel = asterisk.call("support")
        await asterisk.received(f"POST channels/{channel.id}/continue")
        await app.ari.request(commands.info())
    spoil()


def transfers() -> list[tuple[object, ...]]:
    return execute("SELECT outcome, reason FROM transfers")


def pending() -> list[tuple[object, ...]]:
    return execute("SELECT id FROM outbox")


@pytest.mark.parametrize("spoil", [unreadable, of_another_version, too_long])
async def test_the_action_url_of_a_transfer_that_is_lost_is_told_once(
    asterisk: Asterisk, customer: Customer, spoil: Spoil
) -> None:
    await lose(asterisk, customer, "twiml", spoil)
    customer.reply("/after", "<Response/>")
    for _ in range(3):
        async with running(of(customer, asterisk)):
            await until(lambda: bool(asked(customer, "/after")) and not pending())
    (told,) = asked(customer, "/after")
    assert told.form["ReferCallStatus"] == "failed"
    assert transfers() == [("error", "restarted")]


async def test_a_transfer_that_is_lost_is_counted_once(
    asterisk: Asterisk, customer: Customer
) -> None:
    await lose(asterisk, customer, "twiml", too_long)
    customer.reply("/after", "<Response/>")
    counted = []
    for _ in range(2):
        async with running(of(customer, asterisk)) as app:
            await until(lambda: not pending())
            _, metrics = await get(app, "/metrics")
        restarted = 'transfer_reasons_total{reason="restarted"}'
        counted.append(metrics.partition(restarted)[2].split()[0])
        assert 'stasis_refer_transfers_in_progress{direction="sent"} 0.0' in metrics
    assert counted == ["1.0", "0.0"]


async def test_who_has_the_ledger_locked_at_the_start_is_waited_for(
    asterisk: Asterisk, customer: Customer
) -> None:
    await lose(asterisk, customer, "twiml", too_long)
    customer.reply("/after", "<Response/>")
    app = App(of(customer, asterisk))
    with closing(sqlite3.connect(LEDGER, isolation_level=None)) as writer:

        async def opened_and_locked() -> None:
            app.ledger.open()
            writer.execute("BEGIN IMMEDIATE")
            asyncio.get_running_loop().call_later(0.3, writer.execute, "COMMIT")

        app.ledger.open_when_free = opened_and_locked  # type: ignore[method-assign]
        async with app:
            await until(lambda: bool(asked(customer, "/after")))
    assert transfers() == [("error", "restarted")]


async def test_it_is_told_until_it_is_heard_however_often_the_start_is_killed(
    asterisk: Asterisk, customer: Customer
) -> None:
    await lose(asterisk, customer, "twiml", too_long)
    customer.reply("/after", Fault.SERVER_ERROR, Fault.SERVER_ERROR, Reply())
    for _ in range(3):
        await asyncio.sleep(1.1)  # until the outbox tries again
        async with running(of(customer, asterisk)):
            await customer.received("/after")
            await asyncio.sleep(0.1)
    keys = [each.headers["I-Twilio-Idempotency-Token"] for each in asked(customer, "/after")]
    assert (len(keys), len(set(keys)), pending()) == (3, 1, [])


@pytest.mark.parametrize(
    ("dialect", "told"),
    [
        ("twiml", {"CallStatus": "in-progress", "ReferCallStatus": "failed"}),
        ("rcml", {"CallStatus": "in-progress"}),
        ("bxml", {"eventType": "referComplete", "referCallStatus": "failure"}),
        ("jambonz", {"call_status": "in-progress", "refer_status": 500}),
    ],
)
async def test_it_is_told_in_the_words_of_its_dialect(
    asterisk: Asterisk, customer: Customer, dialect: str, told: dict[str, object]
) -> None:
    await lose(asterisk, customer, dialect, unreadable)
    customer.reply("/after", Reply())
    async with running(of(customer, asterisk, dialect)):
        request = await customer.received("/after")
    fields = request.json if dialect in {"bxml", "jambonz"} else request.form
    assert {name: fields[name] for name in told} == told


async def test_a_call_that_goes_on_tells_it_alone(asterisk: Asterisk, customer: Customer) -> None:
    await lose(asterisk, customer, "twiml", lambda: None)
    customer.reply("/after", "<Response><Pause length='60'/></Response>")
    async with running(of(customer, asterisk)):
        asterisk.come_back(next(iter(asterisk.channels.values())))
        await customer.received("/after")
        await until(lambda: not execute("SELECT * FROM owed"))
    too_long()
    async with running(of(customer, asterisk)):
        await asyncio.sleep(0.2)
    assert len(asked(customer, "/after")) == 1
    assert transfers() == [("completed", "transfer_status")]


async def test_a_call_that_was_over_and_not_forgotten_yet_tells_nothing_again(
    asterisk: Asterisk, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer.reply("/voice", Reply(XML, content_type="text/xml"))
    customer.reply("/after", "<Response/>")
    with monkeypatch.context() as killed:
        killed.setattr(CallLog, "forget", lambda *_: None)
        killed.setattr(OwedTable, "settle", lambda *_: None)
        async with running(of(customer, asterisk)) as app:
            channel = asterisk.call("support")
            await asterisk.received(f"POST channels/{channel.id}/continue")
            asterisk.come_back(channel)
            await customer.received("/after")
            await until(lambda: not app.switchboard.channels)
    assert execute("SELECT count(*) FROM owed") == [(1,)]
    assert execute("SELECT count(*) FROM call_log") != [(0,)]
    for _ in range(2):
        async with running(of(customer, asterisk)):
            await until(lambda: not execute("SELECT * FROM call_log"))
            await asyncio.sleep(0.1)
        assert execute("SELECT * FROM owed") == []
    assert len(asked(customer, "/after")) == 1


async def test_a_call_that_ended_with_the_program_is_over_in_the_book(
    asterisk: Asterisk, customer: Customer
) -> None:
    customer.reply("/voice", "<Response><Pause length='60'/></Response>")
    customer.reply("/status", "")
    told = {"url": customer.url("/voice"), "status_callback": customer.url("/status")}
    chosen = settings(asterisk, applications=[{"name": "support", "dialect": "twiml", **told}])
    async with running(chosen):
        channel = asterisk.call("support")
        await until(lambda: execute("SELECT ended_at FROM calls") == [(None,)])
        execute("CREATE TRIGGER x BEFORE UPDATE ON calls BEGIN SELECT RAISE(IGNORE); END")
        execute("CREATE TRIGGER y BEFORE DELETE ON call_log BEGIN SELECT RAISE(IGNORE); END")
        asterisk.caller_hangs_up(channel)
        await asyncio.sleep(0.5)
    execute("DROP TRIGGER x")
    execute("DROP TRIGGER y")
    assert execute("SELECT ended_at FROM calls") == [(None,)]
    async with running(chosen):
        await until(lambda: not execute("SELECT * FROM call_log"))
    ((status, ended),) = execute("SELECT status, ended_at FROM calls")
    assert status not in {"initiated", "ringing", "in_progress"}
    assert ended is not None
