"""The 49 torture test messages of RFC 4475, written anew after what it says of each.

What captures show was on the wire, and Asterisk has acted on it or not: the reader reads what can
be read of an invalid message too, and refuses what has no first line of SIP 2.0.
"""

import pytest

from stasis_refer.core.uri import BadUri, Flaw, parse
from stasis_refer.wire import sip
from tests.wire.torture import SDP, Read, Row, assert_read_right, message

TORTUOUS = (
    "INVITE sip:user@chair.example.com;unknownparam SIP/2.0\r\n"
    "TO :\r\n sip:user@chair.example.com ;   tag    = to-tag\r\n"
    'from   : "J Doe \\\\\\""       <sip:doe@example.com>\r\n  ;\r\n  tag = from-tag\r\n'
    "MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv@192.0.2.1\r\n"
    f"Content-Length   : {len(SDP)}\r\ncseq: 0009\r\n  INVITE\r\n"
    "Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\ns :\r\n"
    "NewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
    "UnknownHeaderWithUnusualValue: ;;,,;;,;\r\nContent-Type: application/sdp\r\n"
    "Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n"
    "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n"
    " SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
    'm:"Quoted string \\"\\"" <sip:doe@example.com> ; newparam =\r\n      newvalue ;\r\n'
    "  secondparam ; q = 0.33\r\n\r\n"
).encode() + SDP

METHOD = "!interesting-Method0123456789_*+`.%indeed'~"
STRANGE_USER = "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/"
STRANGE = f"sip:{STRANGE_USER};;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com"
STRANGE_ID = "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"
LONG = "x" * 3000
EXTRA = message("INVITE sip:joe@example.com SIP/2.0", "Call-ID: dblreq.2@192.0.2.1", body=SDP)
MIXED = (
    b"--7a9cbec02ceef655\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    b"Hello\r\n--7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\n\r\n"
    + bytes(range(256))
    + b"\r\n\r\n--7a9cbec02ceef655--"
)
OPTIONS, INVITE, REGISTER = (7, "OPTIONS"), (7, "INVITE"), (7, "REGISTER")
WITH_SDP = "Content-Type: application/sdp"
INVITED = "INVITE sip:user@example.com SIP/2.0"
ASKED = "OPTIONS sip:user@example.com SIP/2.0"
REGISTERED = "REGISTER sip:example.com SIP/2.0"
AT_HOME = ("", "example.com")
NOBODY = ("", "")

VALID = [
    Row(
        *("wsinv", "3.1.1.1"),
        TORTUOUS,
        Read(
            *("INVITE", (9, "INVITE"), ("from-tag", "to-tag"), "wsinv@192.0.2.1"),
            party=("user", "chair.example.com"),
            body=SDP,
            held=False,
        ),
    ),
    Row(
        *("intmeth", "3.1.1.2"),
        message(
            f"{METHOD} {STRANGE} SIP/2.0",
            'To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_unusual.URI~(to-be!sure)@example.com>',
            "From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>"
            ";fromParam''~+*_!.-%=\"работающий\";tag=_token~1'+`*%!-.",
            f"Call-ID: {STRANGE_ID}",
            f"CSeq: 139122385 {METHOD}",
            "extensionHeader-!.%*+_`'~:\ufeff大停電",
        ),
        Read(
            METHOD,
            (139122385, METHOD),
            ("_token~1'+`*%!-.", None),
            STRANGE_ID,
            (STRANGE_USER, "example.com"),
        ),
    ),
    Row(
        *("esc01", "3.1.1.3"),
        message("INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0"),
        Read("INVITE", INVITE, party=("sips%3Auser%40example.com", "example.net")),
    ),
    Row(
        *("escnull", "3.1.1.4"),
        message(REGISTERED, "Contact: <sip:%00@host5.example.com>", "Contact: <sip:%00%00@h>"),
        Read("REGISTER", REGISTER, party=AT_HOME),
    ),
    Row(
        *("esc02", "3.1.1.5"),
        message(
            "RE%47IST%45R sip:registrar.example.com SIP/2.0",
            'To: "%Z%45" <sip:resource@example.com>',
            'From: "%Z%45" <sip:resource@example.com>;tag=f232jadfj23',
        ),
        Read(
            "RE%47IST%45R",
            (7, "RE%47IST%45R"),
            ("f232jadfj23", None),
            party=("", "registrar.example.com"),
        ),
    ),
    Row(
        *("lwsdisp", "3.1.1.6"),
        message(ASKED, "From: caller<sip:caller@example.com>;tag=323"),
        Read("OPTIONS", OPTIONS, ("323", None)),
    ),
    Row(
        *("longreq", "3.1.1.7"),
        message(
            INVITED,
            f'To: "I have a user name of {LONG} proportion" <sip:user@example.com:6000;p={LONG}>',
            f"From: <sip:{LONG}@example.net>;tag={LONG}",
            f"Call-ID: longreq.{LONG}",
            f"Unknown-{LONG}: unknown-{LONG}-value",
            f"Via: SIP/2.0/TCP sip{LONG}.example.com",
            WITH_SDP,
            body=SDP,
        ),
        Read("INVITE", INVITE, (LONG, None), f"longreq.{LONG}", body=SDP, held=False),
    ),
    # As many as a segment of TCP may hold: UDP has one, which counts.
    Row(
        *("dblreq", "3.1.1.8"),
        message(REGISTERED) + EXTRA,
        Read("REGISTER", REGISTER, party=AT_HOME, messages=2),
    ),
    Row(
        *("semiuri", "3.1.1.9"),
        message("OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0"),
        Read("OPTIONS", OPTIONS),
    ),
    Row(
        *("transports", "3.1.1.10"),
        message(
            ASKED,
            *(
                f"Via: SIP/2.0/{transport} t{number}.example.com;branch=z9hG4bK{number}"
                for number, transport in enumerate(("UDP", "SCTP", "TLS", "UNKNOWN", "TCP"))
            ),
        ),
        Read("OPTIONS", OPTIONS),
    ),
    Row(
        *("mpart01", "3.1.1.11"),
        message(
            "MESSAGE sip:user@example.com SIP/2.0",
            "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655",
            body=MIXED,
        ),
        Read("MESSAGE", (7, "MESSAGE"), body=MIXED),
    ),
    Row(
        *("unreason", "3.1.1.12"),
        message("SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое"),
        Read(200, OPTIONS, party=NOBODY),
    ),
    Row(*("noreason", "3.1.1.13"), message("SIP/2.0 100 "), Read(100, OPTIONS, party=NOBODY)),
]

INVALID = [
    Row(
        *("badinv01", "3.1.2.1"),
        message(
            INVITED,
            'Contact: "Joe" <sip:joe@example.org>;;;;',
            "Via: SIP/2.0/UDP 192.0.2.15;;,;,,",
            WITH_SDP,
            body=SDP,
        ),
        Read("INVITE", INVITE, body=SDP, held=False),
    ),
    Row(
        *("clerr", "3.1.2.2"),
        message(INVITED, "Content-Length: 9999", WITH_SDP, body=SDP),
        Read("INVITE", INVITE, body=SDP, held=False),
    ),
    Row(
        *("ncl", "3.1.2.3"),
        message(INVITED, "Content-Length: -999", WITH_SDP, body=SDP),
        Read("INVITE", INVITE, body=SDP, held=False),
    ),
    Row(
        *("scalar02", "3.1.2.4"),
        message(
            REGISTERED,
            "CSeq: 36893488147419103232 REGISTER",
            "Max-Forwards: 300",
            "Expires: 1" + "0" * 90,
            "Contact: <sip:user@host129.example.com>;expires=280297596632815",
        ),
        Read("REGISTER", None, party=AT_HOME),
    ),
    Row(
        *("scalarlg", "3.1.2.5"),
        message(
            "SIP/2.0 503 Service Unavailable",
            "CSeq: 9292394834772304023312 OPTIONS",
            "Retry-After: 949302838503028349304023988",
            'Warning: 1812 overture "In Progress"',
        ),
        Read(503, None, party=NOBODY),
    ),
    Row(
        *("quotbal", "3.1.2.6"),
        message(INVITED, 'To: "Mr. J. User <sip:j.user@example.com>;tag=none'),
        Read("INVITE", INVITE),
    ),
    Row(
        *("ltgtruri", "3.1.2.7"),
        message("INVITE <sip:user@example.com> SIP/2.0"),
        Read("INVITE", INVITE),
    ),
    Row(
        *("lwsruri", "3.1.2.8"),
        message("INVITE sip:user@example.com; lr SIP/2.0"),
        Read("INVITE", INVITE),
    ),
    Row(
        *("lwsstart", "3.1.2.9"),
        message("INVITE  sip:user@example.com  SIP/2.0"),
        Read("INVITE", INVITE),
    ),
    Row(*("trws", "3.1.2.10"), message(f"{ASKED}  "), Read("OPTIONS", OPTIONS)),
    Row(
        *("escruri", "3.1.2.11"),
        message("INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0"),
        Read("INVITE", INVITE),
    ),
    Row(
        *("baddate", "3.1.2.12"),
        message(INVITED, "Date: Fri, 01 Jan 2010 16:00:00 EST"),
        Read("INVITE", INVITE),
    ),
    Row(
        *("regbadct", "3.1.2.13"),
        message(REGISTERED, "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E"),
        Read("REGISTER", REGISTER, party=AT_HOME),
    ),
    Row(
        *("badaspec", "3.1.2.14"),
        message(ASKED, 'To: "Watson, Thomas" < sip:t.watson@example.org >'),
        Read("OPTIONS", OPTIONS),
    ),
    Row(
        *("baddn", "3.1.2.15"),
        message(ASKED, "From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43"),
        Read("OPTIONS", OPTIONS, ("43", None)),
    ),
    Row(
        *("badvers", "3.1.2.16"),
        message("OPTIONS sip:user@example.com SIP/7.0", "Via: SIP/7.0/UDP c.example.com"),
        "bad_start_line",
    ),
    Row(
        *("mismatch01", "3.1.2.17"),
        message(ASKED, "CSeq: 8 INVITE"),
        Read("OPTIONS", (8, "INVITE")),
    ),
    Row(
        *("mismatch02", "3.1.2.18"),
        message("NEWMETHOD sip:user@example.com SIP/2.0", "CSeq: 34 INVITE", body=SDP),
        Read("NEWMETHOD", (34, "INVITE"), body=SDP),
    ),
    Row(
        *("bigcode", "3.1.2.19"),
        message("SIP/2.0 4294967301 better not break the receiver"),
        "bad_start_line",
    ),
]

BEYOND_SYNTAX = [
    Row(
        *("badbranch", "3.2.1"),
        message(ASKED, "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK"),
        Read("OPTIONS", OPTIONS),
    ),
    Row(
        *("insuf", "3.3.1"),
        message(INVITED, without=("Call-ID", "From", "To")),
        Read("INVITE", INVITE, (None, None), None),
    ),
    Row(
        *("unkscm", "3.3.2"),
        message("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0"),
        Read("OPTIONS", OPTIONS, party=NOBODY),
    ),
    Row(
        *("novelsc", "3.3.3"),
        message("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0"),
        Read("OPTIONS", OPTIONS, party=NOBODY),
    ),
    Row(
        *("unksm2", "3.3.4"),
        message(
            REGISTERED,
            "To: isbn:2983792873",
            "From: <http://www.example.com>;tag=3234233",
            "Contact: <name:John_Smith>",
        ),
        Read("REGISTER", REGISTER, ("3234233", None), party=AT_HOME),
    ),
    Row(
        *("bext01", "3.3.5"),
        message(
            ASKED,
            "Require: nothingSupportsThis",
            "Require: nothingSupportsThisEither",
            "Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis",
        ),
        Read("OPTIONS", OPTIONS),
    ),
    Row(
        *("invut", "3.3.6"),
        message(INVITED, "Content-Type: application/unknownformat", body=b"<audio>\r\n</audio>"),
        Read("INVITE", INVITE, body=b"<audio>\r\n</audio>"),
    ),
    Row(
        *("regaut01", "3.3.7"),
        message(REGISTERED, "Authorization: NoOneKnowsThisScheme opaque-data=here"),
        Read("REGISTER", REGISTER, party=AT_HOME),
    ),
    Row(
        *("multi01", "3.3.8"),
        message(
            INVITED,
            *("CSeq: 5 INVITE", "Call-ID: multi01@192.0.2.1", "CSeq: 59 INVITE"),
            *("Call-ID: multi01.98@192.0.2.2", "From: <sip:a@b.example>;tag=3413415"),
            *("From: <sip:c@d.example>;tag=2923420123", "To: <sip:user@example.com>;tag=1"),
            *("To: <sip:other@example.net>;tag=2", "Max-Forwards: 70", "Max-Forwards: 5"),
        ),
        Read("INVITE", (5, "INVITE"), ("3413415", "1"), "multi01@192.0.2.1"),
    ),
    Row(
        *("mcl01", "3.3.9"),
        message(ASKED, "Content-Length: 13", "Content-Length: 5", body=b"There's no wa"),
        Read("OPTIONS", OPTIONS, body=b"There's no wa"),
    ),
    Row(
        *("bcast", "3.3.10"),
        message(
            "SIP/2.0 200 OK",
            "Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923",
            "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23",
            "CSeq: 7 INVITE",
            WITH_SDP,
            body=SDP,
        ),
        Read(200, INVITE, party=NOBODY, body=SDP, held=False),
    ),
    Row(*("zeromf", "3.3.11"), message(ASKED, "Max-Forwards: 0"), Read("OPTIONS", OPTIONS)),
    Row(
        *("cparam01", "3.3.12"),
        message(REGISTERED, "Contact: sip:+19725552222@gw1.example.net;unknownparam"),
        Read("REGISTER", REGISTER, party=AT_HOME),
    ),
    Row(
        *("cparam02", "3.3.13"),
        message(REGISTERED, "Contact: <sip:+19725552222@gw1.example.net;unknownparam>"),
        Read("REGISTER", REGISTER, party=AT_HOME),
    ),
    Row(
        *("regescrt", "3.3.14"),
        message(REGISTERED, "Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>"),
        Read("REGISTER", REGISTER, party=AT_HOME),
    ),
    Row(
        *("sdp01", "3.3.15"),
        message(INVITED, "Accept: text/nobodyKnowsThis", WITH_SDP, body=SDP),
        Read("INVITE", INVITE, body=SDP, held=False),
    ),
    Row(
        *("inv2543", "3.4.1"),
        message(
            "INVITE sip:UserB@example.com SIP/2.0",
            "Via: SIP/2.0/UDP iftgw.example.com",
            "From: <sip:+13035551111@ift.client.example.net;user=phone>",
            "To: sip:+16505552222@ss1.example.net;user=phone",
            WITH_SDP,
            without=("Content-Length", "Max-Forwards"),
            body=SDP,
        ),
        Read("INVITE", INVITE, (None, None), party=("UserB", "example.com"), body=SDP, held=False),
    ),
]
ROWS = [*VALID, *INVALID, *BEYOND_SYNTAX]


def test_they_are_all_there() -> None:
    assert len({row.section for row in ROWS}) == len({row.name for row in ROWS}) == 49


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_can_be_read_is_read_right(row: Row) -> None:
    assert_read_right(row)


def test_a_reason_phrase_may_be_anything_or_nothing() -> None:
    rows = {row.name: row.data for row in VALID}
    reasons = [sip.parse(rows[name]) for name in ("unreason", "noreason")]
    assert [each.reason for each in reasons if isinstance(each, sip.Response)] == [
        "= 2**3 * 5**2 но сто девяносто девять - простое",
        "",
    ]


@pytest.mark.parametrize(
    ("section", "target", "why"),
    [
        ("3.1.1.4", "sip:%00@host5.example.com", Flaw.CONTROL_CHARACTER),
        ("3.1.2.7", "sip:<user@example.com>", Flaw.UNQUOTED_DELIMITER),
        ("3.1.2.8", "sip:user@example.com; lr", Flaw.UNQUOTED_DELIMITER),
        ("3.1.2.11", "sip:user@example.com?Route=%3Csip:example.com%3E", Flaw.RESERVED_HEADER),
        ("3.1.2.14", "< sip:t.watson@example.org >", Flaw.UNQUOTED_DELIMITER),
        ("3.3.2", "nobodyKnowsThisScheme:totallyopaquecontent", Flaw.BAD_SCHEME),
        ("3.3.3", "soap.beep://192.0.2.103:3002", Flaw.BAD_SCHEME),
        ("3.3.4", "isbn:2983792873", Flaw.BAD_SCHEME),
    ],
)
def test_nobody_is_transferred_to_such_a_uri(section: str, target: str, why: Flaw) -> None:
    with pytest.raises(BadUri) as caught:
        parse(target)
    assert caught.value.why is why, section


@pytest.mark.parametrize(
    ("section", "target"),
    [
        ("3.1.1.2", STRANGE),
        ("3.1.1.3", "sip:sips%3Auser%40example.com@example.net"),
        ("3.1.1.6", "caller<sip:caller@example.com>"),
        ("3.1.1.9", "sip:user;par=u%40example.net@example.com"),
        ("3.3.13", "<sip:+19725552222@gw1.example.net;unknownparam>"),
    ],
)
def test_a_uri_that_is_valid_however_strange_may_be_a_target(section: str, target: str) -> None:
    assert parse(target), section
