"""Parcels to keep in a ledger, and what is found in its file."""

from pathlib import Path

from stasis_refer.adapters.ledger import reading
from stasis_refer.core.application import Callback, Method
from stasis_refer.core.intents import TellKind
from stasis_refer.dialects.dialect import Letter
from stasis_refer.runtime.ports import Parcel

URL = "https://user:pass@example.com/status?a=1"
NOW = 1_764_000_000.0  # seconds since 1970


def parcel(
    name: str = "t1", call: str = "c1", *, url: str = URL, method: Method = Method.POST
) -> Parcel:
    told = {"CallSid": "CA1", "SipResponseCode": 486, "From": "Jörg \U0001f4de", "none": None}
    letter = Letter(Callback(url, method), name, told)
    return Parcel(call, "support", "twiml", TellKind.EVENT, letter, NOW)


def rows(path: Path, query: str = "SELECT id FROM outbox ORDER BY number") -> list[object]:
    with reading(path) as opened:
        return [row[0] for row in opened.execute(query)]


def size(path: Path) -> int:
    return path.stat().st_size
