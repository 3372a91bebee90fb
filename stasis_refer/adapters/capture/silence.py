"""Where no SIP messages are copied to us."""

from collections.abc import Callable

from stasis_refer.core.events import Event
from stasis_refer.core.info import Invite


class NoCapture:
    """Implements ``runtime.ports.Capture`` where nothing is captured."""

    def watch(
        self, call_id: str, deliver: Callable[[Event], None], *, dialed: bool = False
    ) -> Invite | None:
        """Deliver nothing."""
        del call_id, deliver, dialed
        return None

    def watch_again(
        self, call_id: str, deliver: Callable[[Event], None], tag: str, *, dialed: bool = False
    ) -> None:
        """Deliver nothing."""

    def forget(self, call_id: str) -> None:
        """Forget nothing."""

    def drain(self) -> None:
        """Read nothing."""

    def hears(self) -> bool:
        """Tell that nobody sends copies."""
        return False
