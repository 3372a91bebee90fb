"""The ledger: a file of our own, and the tables in it."""

from stasis_refer.adapters.ledger.file import reading
from stasis_refer.adapters.ledger.ledger import Ledger

__all__ = ("Ledger", "reading")
