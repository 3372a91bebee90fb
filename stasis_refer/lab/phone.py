"""SIP phones for demo, tests and bench: a situation as a list of steps, played by SIPp.

    Phone("127.0.0.1:5060").play("support", [
        call(), expect_refer(), answer_refer(202), notify(100), notify(200), hear_bye(),
    ])

Each step is a piece of SIPp's scenario XML. The phone calls, and is the transferee then.
"""

import asyncio
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NewType
from xml.sax.saxutils import quoteattr

from stasis_refer.errors import StartError
from stasis_refer.lab.asterisk import free_udp_port
from stasis_refer.lab.process import kill

Step = NewType("Step", str)
"""Some elements of a SIPp scenario."""

_REASONS: Final = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    202: "Accepted",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    407: "Proxy Authentication Required",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    503: "Service Unavailable",
    600: "Busy Everywhere",
    603: "Decline",
}

_SDP: Final = """v=0
      o=phone 1 {version} IN IP4 127.0.0.1
      s=-
      c=IN IP4 127.0.0.1
      t=0 0
      m=audio {port} RTP/AVP 0 101
      a=rtpmap:0 PCMU/8000
      a=rtpmap:101 telephone-event/8000
      a={direction}"""

_IN_DIALOG: Final = """{method} [next_url] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: "Phone" <sip:phone@[local_ip]:[local_port]>;tag=[call_number]
      To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
      Call-ID: [call_id]
      CSeq: [cseq] {method}
      Max-Forwards: 70
      Contact: <sip:phone@[local_ip]:[local_port]>
      {headers}Content-Length: [len]

      {body}"""

_RESPONSE: Final = """SIP/2.0 {code} {reason}
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:phone@[local_ip]:[local_port]>
      {headers}Content-Length: 0

"""


_OK: Final = 200
_FIRST_FINAL: Final = 200

_KEPT: Final = ("Via", "From", "To")
"""Headers of the REFER that its response repeats (RFC 3261, 8.2.6.2)."""


def _send(text: str, attributes: str = "") -> str:
    return f"  <send{attributes}><![CDATA[\n\n      {text}\n\n  ]]></send>\n"


def _request(method: str, *, headers: str = "", body: str = "", answer: int | None = _OK) -> Step:
    lines = "".join(f"{line}\n      " for line in headers.splitlines())
    text = _IN_DIALOG.format(method=method, headers=lines, body=body)
    hear = f'  <recv response="{answer}"/>\n' if answer else ""
    return Step(_send(text, ' retrans="500"') + hear)


def _sdp(direction: str, version: int, media_port: int | None) -> str:
    port = str(media_port) if media_port else "[media_port]"
    return _SDP.format(direction=direction, version=version, port=port)


def call(*, headers: str = "", media_port: int | None = None) -> Step:
    """Call the application and wait until it answers; RTP is expected at ``media_port``."""
    lines = "".join(f"{line}\n      " for line in headers.splitlines())
    invite = f"""INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: "Phone" <sip:phone@[local_ip]:[local_port]>;tag=[call_number]
      To: <sip:[service]@[remote_ip]:[remote_port]>
      Call-ID: [call_id]
      CSeq: 1 INVITE
      Max-Forwards: 70
      Contact: <sip:phone@[local_ip]:[local_port]>
      Allow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY
      {lines}Content-Type: application/sdp
      Content-Length: [len]

      {_sdp("sendrecv", 1, media_port)}"""
    provisional = "".join(
        f'  <recv response="{code}" optional="true"/>\n' for code in (100, 180, 183)
    )
    return Step(
        _send(invite, ' retrans="500"')
        + provisional
        + '  <recv response="200" rrs="true"/>\n'
        + _ack()
    )


def call_refused(code: int, *, headers: str = "") -> Step:
    """Call the application and be refused with this SIP status."""
    answered = call(headers=headers).rpartition('  <recv response="200"')[0]
    return Step(answered + f'  <recv response="{code}" rrs="true"/>\n' + _ack())


def _ack(cseq: str = "1") -> str:
    ack = _IN_DIALOG.format(method="ACK", headers="", body="")
    return _send(ack.replace("[cseq]", cseq))


def expect_refer(*, refer_to: str = "", header: str = "", absent: str = "") -> Step:
    """Wait for a REFER; optionally check its Refer-To, and that a line is or is not in it."""
    checks = ['<ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="refer"/>']
    checks += [
        f'<ereg regexp=".*" search_in="hdr" header="{name}:" assign_to="{name.lower()}"/>'
        for name in _KEPT
    ]
    if refer_to:
        checks.append(
            f'<ereg regexp={quoteattr(_literally(refer_to))} search_in="hdr" '
            'header="Refer-To:" check_it="true" assign_to="found"/>'
        )
    if header:
        checks.append(
            f'<ereg regexp={quoteattr(_literally(header))} search_in="msg" '
            'check_it="true" assign_to="found"/>'
        )
    if absent:
        checks.append(
            f'<ereg regexp={quoteattr(_literally(absent))} search_in="msg" '
            'check_it_inverse="true" assign_to="found"/>'
        )
    actions = "".join(f"    {check}\n" for check in checks)
    return Step(f'  <recv request="REFER"><action>\n{actions}  </action></recv>\n')


def _literally(text: str) -> str:
    return "".join(f"[{char}]" if char in ".*+?()[]{}|$" else char for char in text)


def answer_refer(code: int, *, headers: str = "") -> Step:
    """Answer the REFER, at once or after other things."""
    lines = "".join(f"{line}\n      " for line in headers.splitlines())
    text = _RESPONSE.format(code=code, reason=_REASONS.get(code, "Whatever"), headers=lines)
    for name in _KEPT:
        text = text.replace(f"[last_{name}:]", f"{name}:[${name.lower()}]")
    return Step(_send(text.replace("[last_CSeq:]", "CSeq: [$refer] REFER")))


def notify(
    code: int | None = None,
    *,
    body: str | None = None,
    state: str | None = None,
    refer_id: bool = False,
    answer: int = _OK,
) -> Step:
    """Send a NOTIFY of the refer subscription, and wait for its ``answer``.

    ``state`` is active up to 199 and terminated from 200 on unless given; ``refer_id`` puts
    the REFER's CSeq into the Event header (RFC 3515, 2.4.6).
    """
    final = code is not None and code >= _FIRST_FINAL
    said = state or ("terminated;reason=noresource" if final else "active;expires=60")
    event = "refer;id=[$refer]" if refer_id else "refer"
    text = body if body is not None else f"SIP/2.0 {code} {_REASONS.get(code or 0, 'Whatever')}"
    return _request(
        "NOTIFY",
        headers=f"Event: {event}\nSubscription-State: {said}\n"
        "Content-Type: message/sipfrag;version=2.0",
        body=text,
        answer=answer,
    )


def press(digits: str) -> Step:
    """Press keys, each told in an INFO of its own (read by res_pjsip_dtmf_info)."""
    infos = (
        _request(
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
    return _request("BYE", answer=_OK if answered else None)


def hear_bye() -> Step:
    """Wait until the other side hangs up."""
    answer = _RESPONSE.format(code=200, reason="OK", headers="")
    return Step('  <recv request="BYE"/>\n' + _send(answer))


def hold(*, media_port: int | None = None) -> Step:
    """Put the other side on hold (RFC 3264, 8.4)."""
    return _offer("sendonly", 2, media_port)


def resume(*, media_port: int | None = None) -> Step:
    """Take the other side off hold."""
    return _offer("sendrecv", 3, media_port)


def _offer(direction: str, version: int, media_port: int | None) -> Step:
    offer = _request(
        "INVITE",
        headers="Content-Type: application/sdp",
        body=_sdp(direction, version, media_port),
        answer=None,
    )
    answer = '  <recv response="100" optional="true"/>\n  <recv response="200" rrs="true"/>\n'
    return Step(offer + answer + _ack("[cseq]"))


def scenario(steps: Sequence[Step]) -> str:
    """Return the SIPp scenario of these steps."""
    # SIPp refuses variables that are set and never used.
    names = dict.fromkeys(re.findall('assign_to="([a-z]+)"', "".join(steps)))
    known = f'  <Reference variables="{",".join(names)}"/>\n' if names else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE scenario SYSTEM "sipp.dtd">\n<scenario name="phone">\n'
        f"{''.join(steps)}{known}</scenario>\n"
    )


@dataclass(frozen=True, slots=True)
class Played:
    """How a phone's part went; ``log`` is what SIPp has to say of a failure."""

    good: bool
    log: str = ""


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone that calls ``asterisk`` (``HOST:PORT``) from ``host``, an address of 127.0.0.0/8."""

    asterisk: str
    host: str = "127.0.0.1"

    async def play(
        self, application: str, steps: Sequence[Step], *, within: float = 60.0
    ) -> Played:
        """Call an application and play one's part; ``within`` are seconds.

        Raises StartError when SIPp is not installed.
        """
        program = shutil.which("sipp")
        if program is None:
            raise StartError(
                "SIPp is not installed: run `make setup`, or apt-get install sip-tester"
            )
        with tempfile.TemporaryDirectory(prefix="stasis-refer-phone-") as name:
            folder = Path(name)
            (folder / "phone.xml").write_text(scenario(steps), encoding="utf-8")
            process = await asyncio.create_subprocess_exec(
                program,
                *(self.asterisk, "-sf", "phone.xml", "-s", application),
                *("-i", self.host, "-p", str(free_udp_port())),
                *("-m", "1", "-nostdin", "-timeout", f"{within:.0f}s", "-timeout_error"),
                *("-trace_err", "-error_file", "errors.log", "-deadcall_wait", "0"),
                *("-trace_msg", "-message_file", "messages.log"),
                cwd=folder,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                code = await process.wait()
            except asyncio.CancelledError:
                await kill(process)
                raise
            return Played(code == 0, "" if code == 0 else _logs(folder))


def _logs(folder: Path) -> str:
    names = ("errors.log", "messages.log")
    files = [folder / name for name in names if (folder / name).exists()]
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
