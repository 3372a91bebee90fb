import pytest

from stasis_refer.core.targets import BadPattern, TargetRule, deciding_rule, parse_rule
from stasis_refer.core.uri import parse


def allowed(pattern: str, target: str) -> bool:
    return deciding_rule([parse_rule(pattern)], parse(target)) is not None


@pytest.mark.parametrize(
    ("text", "scheme", "user", "host", "port"),
    [
        ("sip:*@example.com", "sip", "*", "example.com", None),
        ("SIPS:Al*ce@*.Example.COM.:5061", "sips", "Al*ce", "*.example.com", 5061),
        ("sip:example.com", "sip", "", "example.com", None),
        ("sip:*@*", "sip", "*", "*", None),
        ("sip:*@10.*.0.1", "sip", "*", "10.*.0.1", None),
        ("sip:*@[2001:DB8:0::1]:5060", "sip", "*", "[2001:db8::1]", 5060),
        ("tel:+49*", "tel", "+49*", "", None),
        ("TEL:*", "tel", "*", "", None),
    ],
)
def test_a_pattern_is_read(text: str, scheme: str, user: str, host: str, port: int | None) -> None:
    assert parse_rule(text) == TargetRule(text, scheme, user, host, port)


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("", "not a pattern"),
        ("*", "not a pattern"),
        ("*@example.com", "not a pattern"),
        ("http://example.com", "not a pattern"),
        ("sip:", "not a pattern"),
        ("sip:*@", "not a pattern"),
        ("sip:*@a@b", "not a pattern"),
        ("sip:*:secret@b", "not a pattern"),
        ("sip:*@exa_mple.com", "not a pattern"),
        ("sip:*@[2001:db8:*]", "not a pattern"),
        ("sip:*@example.com:*", "not a pattern"),
        ("sip:*@example.com;transport=tls", "not a pattern"),
        ("sip:*@example.com?X-A=1", "not a pattern"),
        ("<sip:*@example.com>", "not a pattern"),
        ("tel:+49*;ext=1", "not a pattern"),
        ("sip:*@müller.example", "not a pattern"),
        ("sip:*@-example.com", "bad host"),
        ("sip:*@1.2.3.256", "bad host"),
        ("sip:*@[::g]", "bad host"),
        ("sip:*@example.com:0", "bad port"),
        ("sip:*@*:65536", "bad port"),
        ("sip:@example.com", "bad user"),
        ("sip:#*@example.com", "bad user"),
        ("sip:a b@example.com", "unquoted delimiter"),
        ("sip:%0d@example.com", "control character"),
        ("tel:+49x", "bad number"),
    ],
)
def test_a_bad_pattern_is_refused_with_its_flaw(text: str, flaw: str) -> None:
    with pytest.raises(BadPattern) as refusal:
        parse_rule(text)
    assert str(refusal.value) == (
        f"{text!r} ({flaw}): write it like 'sip:*@example.com' or 'tel:+49*'"
    )


@pytest.mark.parametrize(
    ("pattern", "target"),
    [
        # The scheme: who may be called may be called securely
        ("sip:*@example.com", "sip:alice@example.com"),
        ("sip:*@example.com", "sips:alice@example.com"),
        ("sips:*@example.com", "sips:alice@example.com"),
        # The user
        ("sip:*@example.com", "sip:example.com"),
        ("sip:example.com", "sip:example.com"),
        ("sip:alice@example.com", "sip:alice@example.com"),
        ("sip:alice@example.com", "sip:alice:secret@example.com"),
        ("sip:alice@example.com", "sip:%61lic%65@example.com"),
        ("sip:%61lice@example.com", "sip:alice@example.com"),
        ("sip:a*e@example.com", "sip:ae@example.com"),
        ("sip:a*b*c*d@example.com", "sip:abbcabcd@example.com"),
        ("sip:*@example.com", "sip:a?b;c=d,*@example.com"),
        ("sip:?x@example.com", "sip:?x@example.com"),
        ("sip:a%40*@example.com", "sip:a%40b@example.com"),
        ("sip:a%2Ab@example.com", "sip:a*b@example.com"),
        ("sip:m%C3%BCller@example.com", "sip:m%c3%bcller@example.com"),
        # The host
        ("sip:*@EXAMPLE.com", "sip:alice@Example.COM"),
        ("sip:*@example.com.", "sip:alice@example.com"),
        ("sip:*@example.com", "sip:alice@example.com."),
        ("sip:*@*.example.com", "sip:alice@a.b.example.com"),
        ("sip:*@*", "sip:alice@192.0.2.1"),
        ("sip:*@*", "sip:alice@[::1]"),
        ("sip:*@10.0.*", "sip:alice@10.0.3.4"),
        ("sip:*@[2001:db8::1]", "sip:alice@[2001:DB8:0:0:0:0:0:1]"),
        # The port
        ("sip:*@example.com", "sip:alice@example.com:5070"),
        ("sip:*@example.com:5070", "sip:alice@example.com:5070"),
        # Parameters and headers have no say
        ("sip:*@example.com", "sip:alice@example.com;transport=tcp?X-A=1"),
        ("sip:*@example.com", "sip:a;maddr=b@example.com"),
        # Numbers
        ("tel:+49*", "tel:+49301234"),
        ("tel:+49*", "tel:+4-9(30).1234"),
        ("tel:+49-30*", "tel:+4930-1234"),
        ("tel:*", "tel:7042;phone-context=example.com"),
        ("tel:ab1", "tel:AB1"),
    ],
)
def test_a_target_that_fits_is_allowed(pattern: str, target: str) -> None:
    assert allowed(pattern, target)


@pytest.mark.parametrize(
    ("pattern", "target"),
    [
        ("sips:*@example.com", "sip:alice@example.com"),
        ("sip:*@*", "tel:+49301234"),
        ("tel:*", "sip:+49301234@example.com;user=phone"),
        ("sip:example.com", "sip:alice@example.com"),
        ("sip:a*@example.com", "sip:example.com"),
        ("sip:alice@example.com", "sip:Alice@example.com"),
        ("sip:alice@example.com", "sip:alice2@example.com"),
        ("sip:alice@example.com", "sip:malice@example.com"),
        ("sip:ab*ba@example.com", "sip:aba@example.com"),
        ("sip:a*b*b@example.com", "sip:ab@example.com"),
        ("sip:a*b*c@example.com", "sip:acbb@example.com"),
        ("sip:a*b*c*d@example.com", "sip:acbd@example.com"),
        ("sip:a?c@example.com", "sip:abc@example.com"),
        ("sip:a.c@example.com", "sip:abc@example.com"),
        ("sip:a%2Ab@example.com", "sip:axb@example.com"),
        ("sip:%80@example.com", "sip:%81@example.com"),
        # An @ in the user may be the end of it for somebody else
        ("sip:*@example.com", "sip:a%40evil.example@example.com"),
        ("sip:a%40*@example.com", "sip:a%40b%40c@example.com"),
        ("sip:*@example.com", "sip:a@evil.example;x=y?X-A=example.com"),
        ("sip:*@example.com", "sip:example.com;x=y@evil.example"),
        ("sip:*@example.com", "sip:alice@example.com.evil.example"),
        ("sip:*@example.com", "sip:alice@badexample.com"),
        ("sip:*@*.example.com", "sip:alice@example.com"),
        ("sip:*@example.com", "sip:alice@192.0.2.1"),
        ("sip:*@10.0.*", "sip:alice@10.1.0.1"),
        ("sip:*@example.com:5070", "sip:alice@example.com"),
        ("sip:*@example.com:5070", "sip:alice@example.com:5071"),
        # maddr sends the request elsewhere
        ("sip:*@*", "sip:alice@example.com;maddr=example.com"),
        ("sip:*@*", "sip:alice@example.com;lr;MADDR=192.0.2.1"),
        ("sip:*@*", "sip:alice@example.com;m%61ddr=192.0.2.1"),
        ("tel:+49*", "tel:+43149"),
        ("tel:+49*", "tel:49301234"),
        ("tel:110", "tel:1101"),
    ],
)
def test_a_target_that_does_not_fit_is_not_allowed(pattern: str, target: str) -> None:
    assert not allowed(pattern, target)


def test_nothing_is_allowed_without_a_rule() -> None:
    assert deciding_rule([], parse("sip:alice@example.com")) is None


def test_the_first_rule_that_fits_decides() -> None:
    other, first, second = map(parse_rule, ["tel:*", "sip:*@*", "sip:alice@example.com"])
    assert deciding_rule([other, first, second], parse("sip:alice@example.com")) is first
    assert deciding_rule([other, second, first], parse("sip:alice@example.com")) is second


def test_many_stars_and_a_long_user_are_decided_at_once() -> None:
    # Exponential or high polynomial matching would not come back from this.
    assert not allowed(f"sip:{'a*' * 50}b@example.com", f"sip:{'a' * 2000}@example.com")
