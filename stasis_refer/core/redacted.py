"""Texts without the credentials that URLs in them may hold."""

import re
from typing import Final


def redacted(text: str) -> str:
    """Return a text in which the userinfo of every URL is ``…``."""
    return _USERINFO.sub("//…@", text)


# Up to the last @ before the path, so that one in a password is no way around. What follows a
# colon and is no port is a password too, also one with what should have been escaped in it: too
# much is hidden of such a text rather than too little.
_UNESCAPED = r"[^/?#\s@\[\]:]*:(?![0-9]*(?:[/?#\s\"'<>,;.)]|$))[^@]{0,256}@"
_USERINFO: Final = re.compile(rf"//(?:{_UNESCAPED}(?:[^/?#\s]*@)?|[^/?#\s]*@)")
