from stasis_refer.core.application import Callback
from stasis_refer.core.orders import EndCall, FetchDocument, Origination, RunDocument
from stasis_refer.core.urls import urls_in
from stasis_refer.core.verbs import (
    Callee,
    Gather,
    LegWatch,
    Number,
    Pause,
    Play,
    Recording,
    Redirect,
    Refer,
    Speech,
)

ONE, TWO, THREE = "https://a.example.com/1", "http://b.example.com/2", "https://c.example.com/3"


def test_a_fallback_is_named_too() -> None:
    assert list(urls_in(FetchDocument(Callback(ONE, fallback=Callback(TWO))))) == [ONE, TWO]


def test_so_is_what_stands_inside_of_verbs() -> None:
    prompts = (Play(Recording(ONE)), Play(Speech("Hello")), Pause(1.0))
    document = (
        Gather(prompts=prompts, action=Callback(TWO)),
        Refer("sip:a@b", action=Callback(THREE)),
    )
    assert list(urls_in(RunDocument(document))) == [ONE, TWO, THREE]


def test_so_is_who_is_told_of_a_call_that_is_made() -> None:
    callee = Callee(Number("+1"), LegWatch(Callback(ONE)))
    wanted = Origination(callee, (Redirect(Callback(TWO)),))
    assert list(urls_in(wanted)) == [ONE, TWO]


def test_a_target_is_no_such_url() -> None:
    assert list(urls_in(RunDocument((Refer("https://a.example.com"),)))) == []
    assert list(urls_in(EndCall())) == []
