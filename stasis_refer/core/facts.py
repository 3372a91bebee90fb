"""What the two witnesses said of one REFER that we sent."""

from dataclasses import dataclass
from typing import Final

from stasis_refer.core.events import TransferStatus
from stasis_refer.core.outcome import Reason


@dataclass(frozen=True, slots=True)
class Return:
    """What Asterisk said when it let go of the channel; ``code`` 0 or a SIP status."""

    status: TransferStatus
    code: int

    @property
    def tells(self) -> bool:
        """Whether it says how the transfer ended: FAILURE/0 may be any end of the wait."""
        return self.status is not TransferStatus.FAILURE or self.code != 0

    def is_end(self, code: int) -> bool:
        """Tell whether it is what a REFER's end with this code makes it say; 0 for no code."""
        if code in _SUCCESS or self.status is not TransferStatus.FAILURE:
            return code in _SUCCESS and self.status is TransferStatus.SUCCESS
        return self.code in (0, code)


@dataclass(slots=True)
class Facts:
    """What the witnesses said of one REFER, in their own words."""

    captured: bool = False  # our REFER was seen on the wire: SIP can be heard
    refer_code: int | None = None
    notify_code: int | None = None  # the last one, provisional ones included
    final_code: int | None = None  # of the first final NOTIFY
    standing_code: int | None = None  # what NOTIFYs say where that one's 2xx is not believed
    challenged: bool = False  # refer_code is a 401 or 407 that Asterisk may still answer
    denied: bool = False  # a NOTIFY's 2xx proved untrue
    no_subscription: bool = False
    subscription_ended: bool = False
    returned: Return | None = None
    misled: bool = False  # Transfer() took another REFER's end for this one's: no witness
    broken_off: Reason | None = None  # which time limit made us give up
    call_gone: bool = False
    unanswered: bool = False  # Asterisk did not say whether it does what we asked it
    still_here: bool = False  # and had the channel not in Transfer() when it was there again
    unheard: bool = False  # the program was not there for a while
    gone_unheard: bool = False  # and the call ended then

    def deny(self) -> None:
        """Take in that a NOTIFY's 2xx was not true."""
        self.denied = True
        self.final_code, self.notify_code = None, self.standing_code


_SUCCESS: Final = range(200, 300)
