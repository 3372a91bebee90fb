"""Texts of a document that say who is called and who calls: what of them may reach Asterisk.

A number and the name of an endpoint become part of Asterisk's dial string, where other
characters mean something. Each function raises ValueError with a sentence that says what is
allowed.
"""

import re
from typing import Final

MAX_NAME: Final = 256
"""Characters of a display name."""

ANONYMOUS: Final = "anonymous"
"""The user of a caller who is not to be known (RFC 3323, 4.1.1.3)."""


def phone_number(text: str) -> str:
    """Return a telephone number without its visual separators (RFC 3966, 3)."""
    number = _SEPARATORS.sub("", text)
    if not _NUMBER.fullmatch(number):
        raise ValueError("allowed is a telephone number: up to 40 digits, * and #, + in front.")
    return number


def endpoint(text: str) -> str:
    """Return the name of a PJSIP endpoint, as pjsip.conf has it."""
    if not _ENDPOINT.fullmatch(text):
        raise ValueError(
            "allowed is the name of an endpoint: 1 to 80 letters and digits of ASCII and _ . + -, "
            "a letter or a digit in front."
        )
    return text


def caller_id(text: str) -> str:
    """Return who is said to call: a number, or a user; '' for the caller's own."""
    number = _SEPARATORS.sub("", text)
    if not text or _NUMBER.fullmatch(number):
        return number
    if not _ENDPOINT.fullmatch(text):
        raise ValueError(
            "allowed is a telephone number, or a user of up to 80 letters and digits of ASCII "
            "and _ . + -."
        )
    return text


def display_name(text: str) -> str:
    """Return the name that is shown of a caller, in one line."""
    if len(text) > MAX_NAME or _CONTROL.search(text):
        raise ValueError(f"allowed are up to {MAX_NAME} characters in one line.")
    return text


# RFC 3966, 3: visual-separator; and the blanks that people write.
_SEPARATORS: Final = re.compile(r"[-.() \t\r\n\u00a0]")
_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,40}")
_ENDPOINT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,79}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
