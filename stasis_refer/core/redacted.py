"""Texts without the credentials that URLs in them may hold."""

import re
from typing import Final


def redacted(text: str) -> str:
    """Return a text in which the userinfo of every URL is ``…``."""
    return _USERINFO.sub("//…@", text)


# Up to the last @ before the path, so that one in a password is no way around.
_USERINFO: Final = re.compile(r"//[^/?#\s\"'<>]*@")
