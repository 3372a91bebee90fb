"""The message/sipfrag body of a NOTIFY after REFER (RFC 3515, 2.4.5; RFC 3420)."""

import re
from typing import Final

# RFC 3515 wants at least a status line.  Phones send it without a reason phrase, after
# blank lines, or in lower case; pjsip reads all of these, and a witness reads no less.
_STATUS_LINE: Final = re.compile(rb"\s*sip/2\.0[ \t]+([1-6]\d\d)(?!\d)", re.IGNORECASE)


def status(body: bytes) -> int | None:
    """Tell the code of the status line, 100 to 699; None if there is no readable one.

    Never raises.  The headers that RFC 3420 allows after the line are not looked at.
    """
    line = _STATUS_LINE.match(body)
    return int(line[1]) if line else None
