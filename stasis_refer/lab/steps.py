"""What a phone does in a call: each step is a piece of a SIPp scenario.

A phone calls (``call``) or is called (``ring_in`` … ``answer``); the steps after that are the same
for both ends.
"""

from typing import Final

from stasis_refer.lab.scenario import (
    KEPT,
    OK,
    REASONS,
    Step,
    acknowledge,
    check,
    checks,
    header_lines,
    keep,
    literally,
    provisional,
    receive,
    receive_response,
    request,
    response,
    sdp,
    send,
)

_FIRST_FINAL: Final = 200

_INVITE: Final = """INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: "Phone" <sip:phone@[local_ip]:[local_port]>;tag=[call_number]
      To: <sip:[service]@[remote_ip]:[remote_port]>
      Call-ID: [call_id]
      CSeq: 1 INVITE
      Max-Forwards: 70
      Contact: <sip:phone@[local_ip]:[local_port]>
      Allow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY
      {headers}Content-Type: application/sdp
      Content-Length: [len]

      {body}"""

_CALLED: Final = (keep("From", "local"), keep("To", "remote"))
"""The ends of the dialog, as the answer to our INVITE says them."""

_CALLING: Final = (
    keep("From", "remote"),
    keep("To", "local"),
    '<assignstr assign_to="local" value="[$local];tag=[call_number]"/>',
    keep("Via", "invitevia"),
    keep("CSeq", "invitecseq"),
)
"""The same as an INVITE to us says them, and what its answer repeats."""

_TO_INVITE: Final = {
    "Via": "Via:[$invitevia]",
    "From": "From:[$remote]",
    "To": "To:[$local]",
    "CSeq": "CSeq:[$invitecseq]",
}

_ACTIVE: Final = "active;expires=600"
"""Long enough: when it is nearly over Asterisk sends SUBSCRIBE, to a port that may be another's."""

_TO_REFER: Final = {
    **{name: f"{name}:[${name.lower()}]" for name in KEPT},
    "CSeq": "CSeq: [$refer] REFER",
}


def call(*, headers: str = "", media_port: int | None = None) -> Step:
    """Call the application and wait until it answers; RTP is expected at ``media_port``."""
    return _called(OK, headers, media_port)


def call_refused(code: int, *, headers: str = "") -> Step:
    """Call the application and be refused with this SIP status."""
    return _called(code, headers)


def _called(code: int, headers: str, media_port: int | None = None) -> Step:
    offer = sdp("sendrecv", media_port=media_port)
    invite = _INVITE.format(headers=header_lines(headers), body=offer)
    return Step(
        send(invite, ' retrans="500"')
        + provisional(100, 180, 183)
        + receive_response(code, *_CALLED, attributes=' rrs="true"')
        + acknowledge("1")
    )


def wait_in(*, header: str = "", absent: str = "") -> Step:
    """Be called, say nothing but 100; optionally check that a line is or is not in the INVITE."""
    actions = (*_CALLING, *checks(header, absent))
    return Step(
        receive("INVITE", *actions, attributes=' rrs="true"') + response(100, to=_TO_INVITE)
    )


def ring_in(*, header: str = "", absent: str = "") -> Step:
    """Be called and ring; optionally check that a line is or is not in the INVITE."""
    return Step(wait_in(header=header, absent=absent) + response(180, to=_TO_INVITE))


def answer(*, media_port: int | None = None) -> Step:
    """Answer the call that came in; RTP is expected at ``media_port``."""
    return _final(
        OK,
        headers="Allow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY\nContent-Type: application/sdp",
        body=sdp("sendrecv", media_port=media_port),
    )


def decline(code: int = 486, *, headers: str = "") -> Step:
    """Refuse the call that came in with this SIP status."""
    return _final(code, headers=headers)


def _final(code: int, *, headers: str = "", body: str = "") -> Step:
    final = response(code, to=_TO_INVITE, headers=headers, body=body, attributes=' retrans="500"')
    return Step(final + receive("ACK"))


def expect_cancel() -> Step:
    """Wait until the call that came in is canceled (RFC 3261, 9.2)."""
    return Step(receive("CANCEL") + response(OK) + decline(487))


def expect_refer(*, refer_to: str = "", header: str = "", absent: str = "") -> Step:
    """Wait for a REFER; optionally check its Refer-To, and that a line is or is not in it."""
    kept = [keep(name, name.lower()) for name in KEPT if name != "CSeq"]
    target = (check(literally(refer_to), header="Refer-To"),) if refer_to else ()
    actions = (keep("CSeq", "refer", "[0-9]+"), *kept, *target, *checks(header, absent))
    return receive("REFER", *actions, attributes=' rrs="true"')


def answer_refer(code: int, *, headers: str = "") -> Step:
    """Answer the REFER, at once or after other things."""
    return response(code, to=_TO_REFER, headers=headers)


def notify(
    code: int | None = None,
    *,
    body: str | None = None,
    state: str | None = None,
    refer_id: bool = False,
    answer: int = OK,
) -> Step:
    """Send a NOTIFY of the refer subscription, and wait for its ``answer``.

    ``state`` is active up to 199 and terminated from 200 on unless given; ``refer_id`` puts
    the REFER's CSeq into the Event header (RFC 3515, 2.4.6).
    """
    final = code is not None and code >= _FIRST_FINAL
    said = state or ("terminated;reason=noresource" if final else _ACTIVE)
    event = "refer;id=[$refer]" if refer_id else "refer"
    text = body if body is not None else f"SIP/2.0 {code} {REASONS.get(code or 0, 'Whatever')}"
    return request(
        "NOTIFY",
        headers=f"Event: {event}\nSubscription-State: {said}\n"
        "Content-Type: message/sipfrag;version=2.0",
        body=text,
        answer=answer,
    )


def press(digits: str) -> Step:
    """Press keys, each told in an INFO of its own (read by res_pjsip_dtmf_info)."""
    infos = (
        request(
            "INFO",
            headers="Content-Type: application/dtmf-relay",
            body=f"Signal={digit}\n      Duration=100",
        )
        for digit in digits
    )
    return Step("".join(infos))


def pause(seconds: float) -> Step:
    """Do nothing for a while."""
    return Step(f'  <pause milliseconds="{round(seconds * 1000)}"/>\n')


def bye(*, answered: bool = True) -> Step:
    """Hang up."""
    return request("BYE", answer=OK if answered else None)


def hear_bye() -> Step:
    """Wait until the other side hangs up."""
    return Step(receive("BYE") + response(OK))


def hold(*, media_port: int | None = None) -> Step:
    """Put the other side on hold (RFC 3264, 8.4)."""
    return _offer("sendonly", 2, media_port)


def resume(*, media_port: int | None = None) -> Step:
    """Take the other side off hold."""
    return _offer("sendrecv", 3, media_port)


def _offer(direction: str, version: int, media_port: int | None) -> Step:
    offer = request(
        "INVITE",
        headers="Content-Type: application/sdp",
        body=sdp(direction, version, media_port),
        answer=None,
    )
    answered = receive_response(OK, attributes=' rrs="true"')
    return Step(offer + provisional(100) + answered + acknowledge())
