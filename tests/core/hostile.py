"""Targets that try to walk round a policy, with what they try; and some that are to be allowed.

The policy is HOSTILE_RULES and HOSTILE_ALLOW: in front of open allowances there are rules that deny
premium numbers, networks, hosts and those below them, users, and a port. ``docs/targets.md`` tells
what is compared with what.
"""

from dataclasses import dataclass
from typing import Any, Final

from stasis_refer.core.outcome import Reason

HOSTILE_RULES: Final[list[dict[str, Any]]] = [
    {"name": "no-premium", "action": "deny", "prefixes": ["+49900"], "group": "premium"},
    {"name": "no-inside", "action": "deny", "hosts": ["10.0.0.0/8", "169.254.0.0/16", "::1"]},
    {"name": "no-evil", "action": "deny", "hosts": ["evil.example", ".evil.example"]},
    {"name": "no-books", "action": "deny", "hosts": ["b\u00fccher.example"]},
    {"name": "no-boss", "action": "deny", "users": ["boss", "boss-*", "0900*"]},
    {"name": "no-5080", "action": "deny", "schemes": ["sip"], "ports": [5080]},
    {"name": "home", "action": "allow", "prefixes": ["+4930"], "hosts": ["gw.example"]},
]
"""As ``[[targets.rules]]``."""

HOSTILE_ALLOW: Final = [
    "sip:*@example.com",
    "sip:*@*.example",
    "sip:*@10.*",
    "sip:*@169.*",
    "sip:*@[::1]",
    "sip:*@[::ffff:10.0.0.1]",
    "sip:*@[64:ff9b::a00:1]",
    "sip:*@[64:ff9b:1::a00:1]",
    "sip:*@[::ffff:0:a00:1]",
    "sip:*@[::]",
    "sip:*@[2002:a00:1::1]",
    "sip:*@[::10.0.0.1]",
    "tel:+49*",
    "tel:0*",
    "tel:1*",
    "tel:7*",
    "tel:9*",
]
"""As ``[targets] allow``: all that the rules deny would be allowed by it, and little else."""


@dataclass(frozen=True)
class Target:
    """A target, what it tries, why it is blocked, and by which rule, '' where by none."""

    text: str
    tries: str
    reason: Reason = Reason.POLICY
    rule: str = ""

    @property
    def code(self) -> int:
        """What an application is told that the REFER was answered."""
        return 403 if self.reason is Reason.POLICY else 400


def _by(rule: str, *targets: tuple[str, str]) -> tuple[Target, ...]:
    return tuple(Target(text, tries, rule=rule) for text, tries in targets)


def _as(reason: Reason, *targets: tuple[str, str]) -> tuple[Target, ...]:
    return tuple(Target(text, tries, reason) for text, tries in targets)


HOSTILE: Final = (
    *_by(
        "no-premium",
        ("tel:+49900123456", "the number itself"),
        ("TEL:+49900123456", "the scheme in capitals"),
        ("tel:+49-900-123456", "visual separators"),
        ("tel:+49(900)1.23-456", "more of them"),
        ("tel:+49900123456;isub=1", "a subaddress"),
        ("tel:+49900123456;ext=5", "an extension"),
        ("tel:0049900123456", "the international prefix in the place of +"),
        ("tel:01149900123456;phone-context=+1", "that of North America"),
        ("tel:001149900123456", "that of Australia"),
        ("tel:123456;phone-context=+49900", "the prefix in its context"),
        ("tel:7123;phone-context=+4-9(900)", "the same with separators"),
        ("tel:900123456;phone-context=+49", "the country in its context"),
        ("sip:+49900123456@example.com", "a SIP URI"),
        ("sips:+49900123456@example.com", "a secure one"),
        ("sip:+49900123456@example.com;user=phone", "a SIP URI made of a number"),
        ("sip:+49-900-123.456@example.com", "separators in a user"),
        ("sip:+49%20900%20123456@example.com", "blanks in a user"),
        ("sip:%2B49900123456@example.com", "an escaped plus"),
        ("sip:%2b%34%39%39%30%30123456@example.com", "escaped digits"),
        ("sip:%252B49900123456@example.com", "an escape within an escape"),
        ("sip:0049900123456@example.com", "the international prefix in a user"),
        ("sip:49900123456@example.com", "no prefix at all"),
        ("sip:+49900123456;isub=1@example.com", "parameters in a user"),
        ("sip:900123456;phone-context=+49@example.com", "a context in a user"),
        ("sip:900123456;phone-context=%2B49@example.com;user=phone", "an escaped context"),
        ("sip:+49900123456:secret@example.com", "a password"),
        ("sip:+%EF%BC%94%EF%BC%99900123456@example.com", "digits of full width"),
        ("sip:+0049900123456@example.com", "zeros behind the plus"),
        ("sip:+49/900/123456@example.com", "slashes in a user"),
        ("sip:+49900123456@gw.example", "behind a rule that allows another prefix"),
        ("tel:+49(0)900123456", "the zero of national calls in brackets"),
        ("sip:0049%280%29900123456@example.com", "the same, escaped"),
        ("sip:900123456;phone-context=+49;phone-context=+1@example.com", "two contexts"),
        ("sip:900123456;phone-context=+1@example.com;phone-context=+49", "in two places"),
        ("sip:900123456%253Bphone-context=+49@example.com", "a parameter escaped twice"),
    ),
    *_by(
        "no-inside",
        ("sip:a@10.0.0.1", "an address"),
        ("sip:a@10.255.255.254:5061;transport=tls", "a port and a transport"),
        ("sip:a@[::ffff:10.0.0.1]", "a mapped address"),
        ("sip:a@[::FFFF:a00:1]", "a mapped address in hexadecimal digits"),
        ("sip:a@[0:0:0:0:0:ffff:10.0.0.1]", "a mapped address written out"),
        ("sip:a@[::10.0.0.1]", "a compatible address"),
        ("sip:a@[64:ff9b::10.0.0.1]", "an address of a translator"),
        ("sip:a@[2002:a00:1::1]", "an address of 6to4"),
        ("sip:a@[::ffff:0:10.0.0.1]", "a translated address"),
        ("sip:a@[64:ff9b:1::10.0.0.1]", "an address of a translator's own"),
        ("sip:a@[::]", "the address of nobody"),
        ("sip:a@169.254.169.254", "a cloud's metadata"),
        ("sip:a@[0:0:0:0:0:0:0:1]", "the loopback written out"),
    ),
    *_by(
        "no-evil",
        ("sip:a@evil.example", "the host"),
        ("sip:a@EVIL.eXaMpLe", "its case"),
        ("sip:a@evil.example.", "a dot at its end"),
        ("sip:a@evil.example:5070", "a port"),
        ("sip:a@evil.example;transport=ws", "a transport"),
        ("sip:a@deep.down.evil.example", "a host below it"),
        ("<sip:a@evil.example>", "angle brackets"),
        ('"sip:a@example.com" <sip:a@evil.example>', "a display name that looks like a target"),
        ("sip:example.com@evil.example", "an allowed host as the user"),
        ("sip:a;b=@evil.example", "parameters in the user"),
    ),
    *_by(
        "no-books",
        ("sip:a@xn--bcher-kva.example", "the A-label of a name"),
        ("sip:a@XN--BCHER-KVA.example.", "the same in capitals"),
    ),
    *_by(
        "no-boss",
        ("sip:boss@example.com", "the user"),
        ("sip:BOSS@example.com", "its case"),
        ("sip:%62oss@example.com", "an escape"),
        ("sip:%2562oss@example.com", "an escape within an escape"),
        ("sip:boss;x=1@example.com", "parameters in the user"),
        ("sip:boss%3Ax@example.com", "an escaped password"),
        ("sip:%EF%BC%8562oss@example.com", "a percent sign of full width"),
        (f"sip:%{'25' * 40}62oss@example.com", "an escape within many"),
        ("sip:BOSS-of-all@example.com", "the rest of a pattern"),
        ("sip:%EF%BD%82oss@example.com", "a letter of full width"),
        ("sip:0900123@example.com", "a national number"),
        ("sip:0-900.123@example.com;user=phone", "a national number with separators"),
        ("tel:(0)900-123", "the same as tel"),
    ),
    *_by("no-5080", ("sip:a@example.com:5080", "a port"), ("sips:a@example.com:5080", "sips")),
    *_as(
        Reason.POLICY,
        ("sip:a@example.org", "a host that no rule knows"),
        ("sip:a@example.com.evil.org", "an allowed host in front of another"),
        ("sip:a@xexample.com", "a host that ends like an allowed one"),
        ("sip:a@example.com;maddr=evil.org", "maddr"),
        ("sip:a@example.com;MADDR=10.0.0.1", "maddr in capitals"),
        ("sip:a@example.com;m%61ddr=10.0.0.1", "an escaped maddr"),
        ("sip:a%40evil.org@example.com", "an @ within the user"),
        ("tel:+1900123456", "a country that no rule knows"),
        ("sip:a@example.com;method=MESSAGE", "another request than a call"),
        ("sip:a;method=INVITE@example.com;method=MESSAGE", "the same behind one of the user's"),
        ("sip:+4930123%253Brn=+49900@gw.example", "a routing number escaped twice"),
        ("tel:+4930123;rn=+49900123456", "a routing number"),
        ("sip:+4930123;tgrp=cheap;trunk-context=evil.org@gw.example", "a trunk group"),
        ("sip:4930123@192.0.2.1", "an address that no rule knows"),
        ("sip:a@[2001:db8::1]", "another one"),
    ),
    *_as(
        Reason.RESERVED_HEADER,
        ("sip:a@example.com?Route=%3Csip:evil.org;lr%3E", "Route"),
        ("sip:a@example.com?rOUTE=%3Csip:evil.org%3E", "Route, in another case"),
        ("sip:a@example.com?%52oute=%3Csip:evil.org%3E", "Route, escaped"),
        ("sip:a@example.com?X-A=1&Via=SIP/2.0/UDP%20evil.org", "Via behind another header"),
        ("sip:a@example.com?Contact=%3Csip:evil.org%3E", "Contact"),
        ("sip:a@example.com?Join=1%40a%3Bto-tag%3D1%3Bfrom-tag%3D2", "listening to a dialog"),
    ),
    *_as(
        Reason.BAD_URI,
        ("sip:a@127.1", "an address of two parts"),
        ("sip:a@0x0a000001", "a hexadecimal address"),
        ("sip:a@167772161", "an address as one number"),
        ("sip:a@012.0.0.1", "an octal address"),
        ("sip:a@10.0.0.1.", "an address with a dot at its end"),
        ("sip:a@[::ffff:10.0.0.1%25eth0]", "a zone"),
        ("sip:a@b\u00fccher.example", "the U-label of a name"),
        ("sip:a@ev%69l.example", "an escaped host"),
        ("sip:a@evil.example@example.com", "two hosts"),
        ("sip:a@example.com:5080:1", "two ports"),
        ("sip:a@example.com\r\nRoute: <sip:evil.org>", "a line of its own"),
        ("sip:a%0d%0aRoute:x@example.com", "an escaped line end"),
        ("sip:a%00@example.com", "a NUL"),
        ("sip:a@example.com%23.evil.org", "an escaped mark"),
        ("sip:a@example.com\\@evil.org", "a backslash"),
        ("sip:a@example.com;x=1;X=2", "a parameter twice"),
        ("http://example.com/", "another scheme"),
        ("tel:+49x900", "a letter in a number"),
        ("", "nothing"),
    ),
)
"""What has to be blocked: the same for REFERs sent and for callees."""

CONTROLS: Final = (
    ("sip:a@example.com", "default"),
    ("sips:a@example.com", "default"),
    ("sip:a@Example.COM.:5070;transport=tcp", "default"),
    ("sip:a@sales.example?X-Account=1", "default"),
    ("sip:bossanova@example.com", "default"),
    ("sip:b.oss@example.com", "default"),
    ("sip:a@notevil.example", "default"),
    ("sip:1900@example.com", "default"),
    ("tel:+4930123456", "default"),
    ("tel:+49-89-123456", "default"),
    ("sip:+4930123456@example.com", "default"),
    ("sip:+4930123456@gw.example", "home"),
    ("sip:+49-30-1234%356@gw.example;user=phone", "home"),
)
"""What has to be allowed, and the rule that does it: a policy that denies all is none."""
