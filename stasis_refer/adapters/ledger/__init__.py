"""The ledger: a file of our own, the tables in it, and who reads them."""

from stasis_refer.adapters.ledger.ledger import Ledger
from stasis_refer.adapters.ledger.opening import reading
from stasis_refer.adapters.ledger.reader import Reader
from stasis_refer.adapters.ledger.retention import Limits

__all__ = ("Ledger", "Limits", "Reader", "reading")
