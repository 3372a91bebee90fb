"""SIPp's scenario XML: the parts of which a phone's steps are made.

Both ends of a call write their requests alike. SIPp's variables ``local`` and ``remote`` hold what
From and To of an in-dialog request are at this end (RFC 3261, 12.2.1.1): whoever called takes them
from the answer, whoever was called from the INVITE, where they stand the other way round.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NewType
from xml.sax.saxutils import quoteattr

Step = NewType("Step", str)
"""Some elements of a SIPp scenario. ``@step@`` in it becomes the number of the step."""

REASONS: Final = {
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

OK: Final = 200

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
      From:[$local]
      To:[$remote]
      Call-ID: [call_id]
      CSeq: {cseq} {method}
      Max-Forwards: 70
      Contact: <sip:phone@[local_ip]:[local_port]>
      {headers}Content-Length: [len]

      {body}"""

_RESPONSE: Final = """SIP/2.0 {code} {reason}
      {kept}
      Call-ID: [call_id]
      Contact: <sip:phone@[local_ip]:[local_port]>
      {headers}Content-Length: {length}

      {body}"""

KEPT: Final = ("Via", "From", "To", "CSeq")
"""Headers of a request that its response repeats (RFC 3261, 8.2.6.2), beside the Call-ID."""

LAST: Final = {name: f"[last_{name}:]" for name in KEPT}
"""How they are written in the response to the message that came last."""


def send(text: str, attributes: str = "") -> Step:
    """Send a message."""
    return Step(f"  <send{attributes}><![CDATA[\n\n      {text}\n\n  ]]></send>\n")


def receive(request: str, *actions: str, attributes: str = "") -> Step:
    """Wait for a request, and act on it."""
    return Step(f'  <recv request="{request}"{attributes}>{_acting(actions)}</recv>\n')


def receive_response(code: int, *actions: str, attributes: str = "") -> Step:
    """Wait for a response, and act on it."""
    return Step(f'  <recv response="{code}"{attributes}>{_acting(actions)}</recv>\n')


def _acting(actions: Sequence[str]) -> str:
    lines = "".join(f"    {action}\n" for action in actions)
    return f"<action>\n{lines}  </action>" if actions else ""


def provisional(*codes: int) -> Step:
    """Take these responses as they come, or do without them."""
    return Step("".join(f'  <recv response="{code}" optional="true"/>\n' for code in codes))


def keep(header: str, variable: str, pattern: str = ".*") -> str:
    """Return the action that puts a header, or what matches in it, into a variable."""
    return (
        f'<ereg regexp={quoteattr(pattern)} search_in="hdr" header="{header}:" '
        f'assign_to="{variable}"/>'
    )


def check(pattern: str, *, header: str = "", absent: bool = False) -> str:
    """Return the action that lets the phone fail unless the message, or a header, is like this."""
    where = f'"hdr" header="{header}:"' if header else '"msg"'
    inverse = "_inverse" if absent else ""
    return (
        f"<ereg regexp={quoteattr(pattern)} search_in={where} "
        f'check_it{inverse}="true" assign_to="found"/>'
    )


def checks(header: str, absent: str) -> tuple[str, ...]:
    """Return the actions for a line that must be in the message, and one that must not."""
    there = (check(literally(header)),) if header else ()
    gone = (check(literally(absent), absent=True),) if absent else ()
    return there + gone


def literally(text: str) -> str:
    """Return the regular expression of a text."""
    return "".join(f"[{char}]" if char in ".*+?()[]{}|$" else char for char in text)


def request(method: str, *, headers: str = "", body: str = "", answer: int | None = OK) -> Step:
    """Send a request in the dialog, and wait for its ``answer`` unless that is None."""
    hear = receive_response(answer) if answer else ""
    return Step(send(_in_dialog(method, headers=headers, body=body), ' retrans="500"') + hear)


def acknowledge(cseq: str = "[cseq]") -> Step:
    """Send the ACK of the INVITE that was answered last."""
    return send(_in_dialog("ACK", cseq=cseq))


def _in_dialog(method: str, *, cseq: str = "[cseq]", headers: str = "", body: str = "") -> str:
    return _IN_DIALOG.format(method=method, cseq=cseq, headers=header_lines(headers), body=body)


def response(
    code: int,
    *,
    to: Mapping[str, str] = LAST,
    headers: str = "",
    body: str = "",
    attributes: str = "",
) -> Step:
    """Send a response; ``to`` says how the headers are written that it repeats."""
    text = _RESPONSE.format(
        code=code,
        reason=REASONS.get(code, "Whatever"),
        kept="\n      ".join(to[name] for name in KEPT),
        headers=header_lines(headers),
        length="[len]" if body else "0",
        body=body,
    )
    return send(text, attributes)


def header_lines(headers: str) -> str:
    """Return headers, one a line, as they are put before the next one."""
    return "".join(f"{line}\n      " for line in headers.splitlines())


def sdp(direction: str, version: int = 1, media_port: int | None = None) -> str:
    """Return a session description (RFC 4566) with RTP at ``media_port``."""
    port = str(media_port) if media_port else "[media_port]"
    return _SDP.format(direction=direction, version=version, port=port)


def scenario(steps: Sequence[Step]) -> str:
    """Return the SIPp scenario of these steps."""
    text = "".join(step.replace("@step@", str(number)) for number, step in enumerate(steps, 1))
    # SIPp refuses variables that are set and never used.
    names = dict.fromkeys(re.findall('assign_to="([a-z0-9]+)"', text))
    known = f'  <Reference variables="{",".join(names)}"/>\n' if names else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE scenario SYSTEM "sipp.dtd">\n<scenario name="phone">\n'
        f"{text}{known}</scenario>\n"
    )
