"""The name of a SIP dialog, which a REFER with Replaces says (RFC 3891)."""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class DialogId:
    """A dialog as one of its ends sees it (RFC 3261, 12)."""

    call_id: str
    local_tag: str
    remote_tag: str

    @property
    def replaces(self) -> str:
        """The value of the Replaces header that names this dialog to its other end.

        The tags are the receiver's: ``to-tag`` is its own (RFC 3891, 3).
        """
        return f"{self.call_id};to-tag={self.remote_tag};from-tag={self.local_tag}"

    def refer_to(self, uri: str) -> str:
        """Return the Refer-To of an attended transfer to the party at the other end (RFC 5589, 7).

        ``uri`` is that party's, without headers.
        """
        return f"<{uri}?Replaces={quote(self.replaces, safe='')}>"
