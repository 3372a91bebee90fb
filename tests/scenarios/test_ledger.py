"""What the ledger knows behind a transfer on a real Asterisk: the row, and its SIP ladder."""

import asyncio
import json
from itertools import pairwise

import pytest

from stasis_refer.core.info import CallStatus
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason
from stasis_refer.lab.phone import bye, call, hear_bye, pause
from stasis_refer.runtime.book import CallFilter, Rung, TransferFilter, TransferRecord
from stasis_refer.wire import sipfrag
from tests.fakes.customer import Reply
from tests.scenarios.cast import ANSWERS, TALK, TARGET, Cast
from tests.scenarios.situations import SITUATIONS
from tests.scenarios.theatre import Theatre
from tests.scenarios.voices import TWIML

A_CLOCK_S_TICK = 0.05
"""Seconds by which Asterisk's stamps and our own clock may differ on one machine."""


async def kept(cast: Cast, messages: int = 0) -> tuple[TransferRecord, tuple[Rung, ...]]:
    """Return the one transfer of a scenario, once it has so many messages."""
    book, found = cast.theatre.running.app.ledger.book, None
    for _ in range(100):
        page = await book.transfers(TransferFilter(application=cast.name))
        found = await book.transfer(page.items[0].id) if page.items else None
        if found is not None and found[0].outcome and len(found[1]) >= messages:
            assert len(page.items) == 1
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"not {messages} messages: {found and (found[0], in_short(found[1]))}")


def in_short(ladder: tuple[Rung, ...]) -> list[str]:
    """Return who sent what: of requests the method, and of a NOTIFY the status in it."""
    words = []
    for rung in ladder:
        first, second, *_ = rung.first_line.split()
        code = sipfrag.status(rung.body.encode())
        what = second if first == "SIP/2.0" else first
        words.append(f"{'->' if rung.sent else '<-'} {what}{f' {code}' if code else ''}")
    return words


def transfers(cast: Cast) -> None:
    """Let the application transfer its callers."""
    document = TWIML.transfer("sip:alice@example.com", "after")
    cast.theatre.reply(cast.name, "voice", document)
    cast.theatre.reply(cast.name, "after", TWIML.nothing)


async def test_a_completed_transfer_has_its_row_and_its_ladder(
    theatre: Theatre, cast: Cast
) -> None:
    (answers,) = (each for each in SITUATIONS if each.name == "target-answers")
    transfers(cast)
    assert await theatre.phone(cast.name, *answers.steps) == ""
    record, ladder = await kept(cast, messages=8)
    assert (record.outcome, record.reason, record.evidence) == (
        Outcome.COMPLETED,
        Reason.FINAL_NOTIFY,
        Evidence.SIP,
    )
    assert (record.refer_code, record.notify_code) == (202, 200)
    assert (record.direction, record.target) == (Direction.SENT, "sip:alice@example.com")
    assert (record.application, record.dialect, record.dialed) == (cast.name, "twiml", cast.name)
    words = in_short(ladder)
    assert words[:2] == ["-> REFER", "<- 202"]
    assert [word for word in words if word.startswith("<- NOTIFY")][-1] == "<- NOTIFY 200"
    assert words.count("-> 200") == sum(word.startswith("<- NOTIFY") for word in words)
    check_times(record, ladder)
    (refer_to,) = (value for name, value in ladder[0].headers if name == "Refer-To")
    assert "sip:alice@example.com" in refer_to


def check_times(record: TransferRecord, ladder: tuple[Rung, ...]) -> None:
    assert all(one.at <= other.at for one, other in pairwise(ladder))
    assert abs(ladder[0].at - record.began_at) < A_CLOCK_S_TICK
    times = (record.began_at, record.accepted_at, record.ringing_at, record.ended_at)
    happened = [at for at in times if at is not None]
    assert happened == sorted(happened)
    assert record.ended_at is not None


async def test_a_received_refer_has_its_row_and_its_ladder(cast: Cast) -> None:
    await cast.have_a_transfer_the_caller_to_b()
    record, ladder = await kept(cast, messages=6)
    assert (record.outcome, record.reason) == (Outcome.COMPLETED, Reason.BRIDGED)
    assert (record.direction, record.target) == (Direction.RECEIVED, f"<{TARGET}>")
    assert (record.refer_code, record.notify_code) == (202, 200)
    assert record.ringing_at is not None
    assert in_short(ladder)[:6] == [
        "<- REFER",
        "-> 202",
        "-> NOTIFY 100",
        "<- 200",
        "-> NOTIFY 200",
        "<- 200",
    ]
    check_times(record, ladder)


async def test_the_calls_and_legs_are_kept_too(theatre: Theatre, cast: Cast) -> None:
    theatre.reply(cast.name, "voice", cast.dial("a"))
    await cast.play((call(), hear_bye()), a=(*ANSWERS, pause(TALK), bye()))
    book = theatre.running.app.ledger.book
    wanted = CallFilter(applications=(cast.name,), live=False)
    async with asyncio.timeout(5):
        while len(found := (await book.calls(wanted)).items) < 2:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.05)
    leg, caller = found
    assert (caller.parent, leg.parent) == ("", caller.key)
    assert (caller.dialed, leg.dialed) == (cast.name, "a")
    assert {leg.status, caller.status} == {CallStatus.COMPLETED}
    assert leg.answered_at is not None
    assert leg.started_at <= leg.answered_at


@pytest.mark.parametrize("name", ["refer-not-allowed", "target-busy"])
async def test_a_transfer_that_failed_says_what_was_said(
    theatre: Theatre, cast: Cast, name: str
) -> None:
    (played,) = (each for each in SITUATIONS if each.name == name)
    transfers(cast)
    assert await theatre.phone(cast.name, *played.steps) == ""
    record, ladder = await kept(cast, messages=2)
    assert record.outcome is played.outcome
    assert in_short(ladder)[1] == f"<- {record.refer_code}"
    check_times(record, ladder)


async def test_a_refer_with_very_many_headers_is_on_its_ladder(theatre: Theatre) -> None:
    name = theatre.free_application("jambonz")
    headers = {f"x{number:03}": "" for number in range(250)}  # 2000 of 2048 bytes
    refer = {"verb": "sip:refer", "referTo": "sip:alice@example.com", "headers": headers}
    theatre.reply(name, "voice", Reply(json.dumps([refer]), content_type="application/json"))
    (answers,) = (each for each in SITUATIONS if each.name == "target-answers")
    assert await theatre.phone(name, *answers.steps) == ""
    record, ladder = await kept(Cast(theatre, name), messages=8)
    assert record.refer_code == 202
    assert in_short(ladder)[:2] == ["-> REFER", "<- 202"]
