"""How a call begins: somebody calls, is called, or parts from another call."""

from dataclasses import dataclass, field
from typing import TypeAlias

from stasis_refer.core.application import Callback
from stasis_refer.core.orders import Origination
from stasis_refer.core.verbs import Document


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody called: the application is asked for its document."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """We call: the document runs, or is fetched, once that is answered."""

    wanted: Origination


@dataclass(frozen=True, slots=True)
class Parted:
    """A party leaves the bridge of another call, and runs a document of its own.

    ``ticket`` is of an order that is answered when its REFER begins, '' for none.
    """

    document: Document = field(repr=False)
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class Lent:
    """A callee runs a document before it is connected; behind it the call of key ``to`` has it."""

    screening: Callback
    to: str


Opening: TypeAlias = Arrived | Outgoing | Parted | Lent
