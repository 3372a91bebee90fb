"""What the legs of a call do, step by step, for tests of calls that dial."""

from stasis_refer.core.application import Callback
from stasis_refer.core.events import (
    CallEnded,
    ChannelRinging,
    ChannelUp,
    InviteAnswered,
    LegCreated,
    OfChannel,
    OfLeg,
    ReferCaptured,
    TransferReported,
    TransferRequested,
    Unbridged,
)
from stasis_refer.core.verbs import Callee, Dial, SipAddress
from tests.core.calls import AFTER, Step, leg

WHERE = Callback("http://127.0.0.1/where")
WATCH = Callback("http://127.0.0.1/watch")


def sip(user: str) -> Callee:
    return Callee(SipAddress(f"sip:{user}@example.com"))


DIAL = Dial((sip("a"),), AFTER, refer=WHERE)
HOLDING = Dial((sip("a"),), AFTER, answer_on_bridge=True, refer=WHERE)
TO_B = Dial((sip("b"),))


def of(number: int, event: OfChannel) -> OfLeg:
    return OfLeg(leg(number), event)


def made(at: float, number: int = 1, *, captured: bool = True) -> Step:
    return at, of(number, LegCreated(f"{number}@asterisk", captured))


def rings(at: float, number: int = 1, *, captured: bool = True) -> tuple[Step, ...]:
    return made(at, number, captured=captured), (at, of(number, ChannelRinging()))


def answers(at: float, number: int = 1, *, captured: bool = True) -> tuple[Step, ...]:
    """The phone rings, and is picked up a second later."""
    then = at + 1.0
    told = ((then, of(number, InviteAnswered(200))),) if captured else ()
    return *rings(at, number, captured=captured), *told, (then, of(number, ChannelUp()))


def refuses(at: float, code: int, number: int = 1) -> tuple[Step, ...]:
    ended = CallEnded(status=code)
    return made(at, number), (at, of(number, InviteAnswered(code))), (at, of(number, ended))


def hangs_up(at: float, number: int = 1) -> Step:
    return at, of(number, CallEnded())


def refers(
    at: float, number: int | None = 1, to: str = "<sip:b@example.com>", cseq: int = 3
) -> tuple[Step, ...]:
    """A party, None for the caller, sends a REFER."""
    user = to.partition(":")[2].partition("@")[0]
    seen, asked = ReferCaptured(cseq, to), TransferRequested(user)
    if number is None:
        return (at, seen), (at, asked)
    return (at, of(number, seen)), (at, of(number, asked))


def told(at: float, number: int = 1) -> Step:
    """The final NOTIFY left."""
    return at, of(number, TransferReported(final=True))


def apart(at: float) -> Step:
    return at, Unbridged()
