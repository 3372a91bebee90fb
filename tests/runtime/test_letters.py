from collections.abc import Mapping
from dataclasses import replace

from stasis_refer.core.abouts import Standing
from stasis_refer.core.application import Application, Callback, Method
from stasis_refer.core.info import CallInfo, CallStatus
from stasis_refer.core.intents import Fetch, FetchKind, HangUp, Tell, TellKind
from stasis_refer.dialects.dialect import Letter, Reading, WebhookLimits, WebhookRequest
from stasis_refer.runtime.journal import Entry
from stasis_refer.runtime.letters import Letters
from tests.runtime.parties import Party

VOICE = Callback("http://127.0.0.1/voice")
NOW = 1_764_000_000.0  # seconds since 1970
STANDING = Standing(CallStatus.COMPLETED)
TELL = Tell(TellKind.STATUS, VOICE, STANDING)
FETCH = Fetch(FetchKind.ACTION, VOICE, STANDING, number=3)
OTHER = Application("other", "plain", VOICE)


class PlainDialect:
    """Writes what it is given."""

    name = "plain"
    media_type = "text/plain"
    time_limits = (30.0, 60.0)

    def fields(
        self, intent: Fetch | Tell, info: CallInfo, application: Application, now: float
    ) -> Mapping[str, object]:
        return {"kind": intent.kind, "call": info.key, "of": application.name, "now": now}

    def request(self, letter: Letter, application: Application) -> WebhookRequest:
        del application
        url = letter.callback.url
        return WebhookRequest(Method.POST, url, {}, b"", lambda *_: {}, WebhookLimits())

    def read(self, body: bytes, content_type: str, url: str, application: Application) -> Reading:
        raise NotImplementedError


def letters() -> Letters:
    return Letters({"plain": PlainDialect()}, lambda: NOW)


def call(key: str = "k") -> Party:
    return Party("alice", "bob", key=key)


def test_a_parcel_has_all_that_it_takes_to_be_sent() -> None:
    (parcel,) = letters().parcels(Entry(call(), 7, 0.0, None, (HangUp(), TELL)))
    assert (parcel.call, parcel.application, parcel.dialect) == ("k", "support", "plain")
    assert (parcel.kind, parcel.made_at, parcel.letter.callback) == (TellKind.STATUS, NOW, VOICE)
    told = {"kind": TellKind.STATUS, "call": "k", "of": "support", "now": NOW}
    assert parcel.letter.fields == told


def test_what_is_told_of_another_party_to_another_application_keeps_the_order_of_the_call() -> None:
    eve = CallInfo("key of eve", "eve")
    tells = (TELL, replace(TELL, kind=TellKind.LEG, of=eve, by=OTHER))
    parcels = letters().parcels(Entry(call(), 7, 0.0, None, tells))
    assert [(each.call, each.application) for each in parcels] == [("k", "support"), ("k", "other")]
    assert [each.letter.fields["call"] for each in parcels] == ["k", "key of eve"]


def test_each_parcel_has_an_id_of_its_own_that_is_the_same_when_it_is_written_again() -> None:
    def ids(key: str, step: int) -> list[str]:
        entry = Entry(call(key), step, 0.0, None, (TELL, TELL))
        return [each.id for each in letters().parcels(entry)]

    written = [*ids("k", 1), *ids("k", 2), *ids("l", 1)]
    assert len(set(written)) == len(written)
    assert [*ids("k", 1), *ids("k", 2), *ids("l", 1)] == written
    assert all(len(each) == 32 and int(each, 16) for each in written)


def test_a_request_that_is_made_again_has_the_token_of_the_first() -> None:
    alice = call()
    first = letters().request(alice, alice.info, FETCH)
    again = letters().request(alice, alice.info, FETCH)
    other = letters().request(alice, alice.info, replace(FETCH, number=4))
    assert first.token == again.token != other.token
    assert first.fields["kind"] is FetchKind.ACTION
