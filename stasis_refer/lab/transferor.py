"""What a phone does that transfers its call: it sends a REFER and hears what became of it."""

from typing import Final

from stasis_refer.lab.scenario import (
    OK,
    Step,
    check,
    checks,
    keep,
    literally,
    receive,
    request,
    response,
)
from stasis_refer.lab.steps import pause

_SELF: Final = "<sip:phone@[local_ip]:[local_port]>"

TOLD: Final = "[$told]"
"""Stands in a step for what ``hear_word`` heard."""

WORD_METHOD: Final = "MESSAGE"
WORD_HEADER: Final = "X-Word"
"""How a word reaches a phone that plays: SIPp reads nothing from anybody but SIP messages."""

_TRYING: Final = 100


def send_refer(
    refer_to: str, *, referred_by: str | None = _SELF, headers: str = "", answer: int = 202
) -> Step:
    """Send a REFER in the dialog of the call, and wait for its ``answer``.

    ``refer_to`` and ``referred_by`` are the headers' values, None leaves Referred-By out. SIPp's
    keywords in them are filled in; ``TOLD`` stands for what ``hear_word`` heard.
    """
    by = f"Referred-By: {referred_by}\n" if referred_by else ""
    return request("REFER", headers=f"Refer-To: {refer_to}\n{by}{headers}", answer=answer)


def hear_word() -> Step:
    """Wait until the test says a word to this phone with ``Playing.tell``; see ``TOLD``.

    For what is known only once other phones have talked: the dialog that is to be replaced.
    """
    return receive(WORD_METHOD, keep(WORD_HEADER, "told", "[^ ].*"))


def hear_notify(code: int, state: str = "", *, header: str = "", absent: str = "") -> Step:
    """Wait for a NOTIFY of this status, after any number of 100s that are active.

    ``state`` is how its Subscription-State begins: unless given, active up to 199 and terminated
    from 200 on. Any other NOTIFY fails the phone; ``header`` and ``absent`` are checked on each.
    """
    wanted = _notified(code, state or ("active" if code < OK else "terminated"))
    if code == _TRYING:
        return Step(receive("NOTIFY", check(wanted), *checks(header, absent)) + response(OK))
    actions = (
        check(f"({_notified(_TRYING, 'active')}|{wanted})"),
        *checks(header, absent),
        '<ereg regexp="[0-9]{3}" search_in="body" assign_to="code"/>',
        f'<strcmp assign_to="differs" variable="code" value="{_TRYING}"/>',
        '<test assign_to="again" variable="differs" compare="equal" value="0"/>',
    )
    # The answer itself jumps: SIPp takes a message that comes while it is at a nop for unexpected.
    return Step(
        '  <label id="@step@"/>\n'
        + receive("NOTIFY", *actions)
        + response(OK, attributes=' next="@step@" test="again"')
    )


def _notified(code: int, state: str) -> str:
    """Return the regular expression of a NOTIFY; the body is behind all headers."""
    return (
        f"Subscription-State:[[:space:]]*{literally(state)}[^[:cntrl:]]*[[:cntrl:]].*"
        f"[[:cntrl:]][[:cntrl:]][[:cntrl:]]SIP/2[.]0 {code}[^0-9]"
    )


def hear_nothing(seconds: float) -> Step:
    """Hear nothing for a while: a BYE, a NOTIFY or any other request then fails the phone."""
    return pause(seconds)
