from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from twilio.request_validator import RequestValidator

from stasis_refer.adapters.addresses import AllowedNetworks
from stasis_refer.adapters.ledger import Ledger
from stasis_refer.adapters.webhooks import Webhooks
from stasis_refer.core.abouts import Progress, Standing, Transferred
from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.core.events import FetchFailed, FetchFailure
from stasis_refer.core.info import CallInfo, CallStatus
from stasis_refer.core.intents import Tell, TellKind
from stasis_refer.core.outcome import Evidence, Outcome, Reason, Result
from stasis_refer.dialects.dialect import Letter
from stasis_refer.dialects.registry import DIALECTS
from stasis_refer.runtime.courier import Courier, Failed
from stasis_refer.runtime.ports import Parcel
from tests.fakes.customer import Customer, Fault, Reply

# The time limits are in the fragment: half a second, and no second connection.
IN_A_HURRY = "#ct=200&rt=500&tt=500&rc=0"


def application(key: str = "secret") -> Application:
    return Application("support", "twiml", Callback("http://a/"), auth_token=key)


class World:
    """A courier with real connections, and what it counted."""

    def __init__(self) -> None:
        self.webhooks = Webhooks(AllowedNetworks(["127.0.0.0/8"]).open_socket)
        self.applications = {"support": application()}
        self.counted: list[tuple[str, str, str]] = []
        self.courier = Courier(self.webhooks, self.applications, DIALECTS, self._count, lambda: 0.0)

    def _count(self, of: Application, kind: str, result: str, seconds: float) -> None:
        assert seconds == 0.0
        self.counted.append((of.name, kind, result))

    async def deliver(
        self,
        url: str,
        fields: Mapping[str, object] | None = None,
        *,
        to: str = "support",
        dialect: str = "twiml",
    ) -> Failed | None:
        letter = Letter(Callback(url), "t0k3n", fields or {"CallSid": "CA1"})
        parcel = Parcel("c1", to, dialect, TellKind.STATUS, letter, 0.0)
        return await self.courier.deliver(parcel)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    await world.webhooks.close()


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    async with Customer() as customer:
        yield customer


async def test_a_letter_is_sent_in_the_words_of_its_dialect(
    world: World, customer: Customer
) -> None:
    url = customer.reply("/status", Reply("whatever", 204))
    assert await world.deliver(url, {"CallSid": "CA1", "CallDuration": "3"}) is None
    received = await customer.received("/status")
    assert dict(received.form) == {"CallSid": "CA1", "CallDuration": "3"}
    assert received.headers["I-Twilio-Idempotency-Token"] == "t0k3n"
    assert world.counted == [("support", "status", "ok")]


async def test_each_try_is_signed_with_the_secret_there_is_now(
    world: World, customer: Customer
) -> None:
    url = customer.reply("/status", Fault.SERVER_ERROR, Reply())
    assert await world.deliver(url) is not None
    world.applications["support"] = application("another")
    assert await world.deliver(url) is None
    for secret in ("secret", "another"):
        received = await customer.received("/status")
        signature = received.headers["X-Twilio-Signature"]
        assert RequestValidator(secret).validate(url, dict(received.form), signature)


STANDING = Standing(CallStatus.IN_PROGRESS, 1.5, tag='{"t": [1, "ü"]}')
BUSY = Result(Outcome.BUSY, Reason.FINAL_NOTIFY, Evidence.SIP, 202, 486)
HOOK = Callback("https://user:pass@example.com/hook?a=1", Method.GET)
TELLS = [
    Tell(TellKind.STATUS, HOOK, STANDING, duration=4.2),
    Tell(TellKind.STATUS, HOOK, STANDING, FetchFailed(FetchFailure.TLS, "http://a/", "no"), 0.0),
    Tell(TellKind.EVENT, replace(HOOK, method=Method.POST), STANDING, Progress(180)),
    Tell(TellKind.ACTION, replace(HOOK, method=Method.POST), STANDING, Transferred(BUSY, "v")),
    Tell(TellKind.ACTION, HOOK, STANDING, Transferred(BUSY)),
]


@pytest.mark.parametrize("tell", TELLS, ids=lambda tell: f"{tell.kind} {tell.callback.method}")
@pytest.mark.parametrize("name", DIALECTS)
def test_a_letter_of_any_dialect_is_the_same_after_it_was_kept(
    tmp_path: Path, name: str, tell: Tell
) -> None:
    to, dialect = replace(application(), dialect=name), DIALECTS[name]
    info = CallInfo("0" * 32, "1.1", "1@a", "PJSIP/a", "Jörg", headers=(("X-A", "1"),))
    letter = Letter(tell.callback, "t0k3n", dialect.fields(tell, info, to, 1_764_000_000.0))
    ledger = Ledger(tmp_path / "stasis_refer.db")
    ledger.open()
    kept = ledger.outbox.read(
        ledger.outbox.add(Parcel("c1", "support", name, tell.kind, letter, 0.0))
    )
    ledger.close()
    assert kept is not None
    before, after = (dialect.request(each, to) for each in (letter, kept.letter))
    assert replace(after, sign=before.sign) == before


@pytest.mark.parametrize(
    ("fault", "result", "silent"),
    [
        (Fault.REFUSED, "connection", True),
        (Fault.UNREACHABLE, "connection", True),
        (Fault.RESET, "connection", True),
        (Fault.BLACK_HOLE, "timeout", True),
        (Fault.DRIP, "timeout", True),
        (Fault.BAD_TLS, "tls", False),
        (Fault.SERVER_ERROR, "status", False),
        (Fault.NOT_FOUND, "status", False),
        (Fault.REDIRECT_LOOP, "redirects", False),
    ],
)
async def test_what_was_not_accepted_failed(
    world: World, customer: Customer, fault: Fault, result: str, *, silent: bool
) -> None:
    failed = await world.deliver(await customer.fault(fault) + IN_A_HURRY)
    assert failed is not None
    assert (failed.silent, failed.for_good) == (silent, False)
    assert "127.0.0.1" in failed.why
    assert world.counted == [("support", "status", result)]


@pytest.mark.parametrize("status", [400, 408, 410, 429, 503])
async def test_no_status_is_the_last_word(world: World, customer: Customer, status: int) -> None:
    failed = await world.deliver(customer.reply("/status", Reply(status=status)))
    assert failed is not None
    assert not failed.for_good
    assert str(status) in failed.why


@pytest.mark.parametrize(
    "fault", [Fault.TOO_LARGE, Fault.BOMB, Fault.BAD_ENCODING, Fault.WRONG_TYPE]
)
async def test_what_the_reply_says_does_not_matter(
    world: World, customer: Customer, fault: Fault
) -> None:
    assert await world.deliver(await customer.fault(fault)) is None
    assert world.counted == [("support", "status", "ok")]


@pytest.mark.parametrize(
    ("to", "dialect", "gone"), [("sales", "twiml", "application"), ("support", "morse", "dialect")]
)
async def test_what_is_not_configured_any_more_is_given_up(
    world: World, to: str, dialect: str, gone: str
) -> None:
    failed = await world.deliver("http://127.0.0.1/", to=to, dialect=dialect)
    assert failed == Failed(f"the {gone} is not configured any more", for_good=True)
    assert world.counted == []


async def test_a_bug_is_a_failure_and_in_the_log(world: World) -> None:
    with capture_logs() as logs:
        failed = await world.deliver("no URL at all")
    assert failed == Failed("a bug, see the log: ValueError")
    (line,) = logs
    assert (line["log_level"], line["exc_info"], line["id"]) == ("error", True, "t0k3n")
    assert world.counted == [("support", "status", "bug")]


async def test_nothing_secret_is_told(world: World, customer: Customer) -> None:
    url = (await customer.fault(Fault.SERVER_ERROR)).replace("//", "//user:pass@") + "?key=k3y"
    failed = await world.deliver(url)
    assert failed is not None
    assert not {"pass", "k3y"} & set(failed.why.replace(":", " ").replace("=", " ").split())
