"""How fast documents are read, from bytes to verbs."""

from time import process_time
from typing import Final

from bench.documents import TYPICAL
from stasis_refer.core.application import Application, Callback
from stasis_refer.dialects.registry import DIALECTS

_ROUND: Final = 1000
_SECONDS: Final = 1.0


def documents_a_second(dialect: str) -> float:
    """Return how many typical documents one core reads in a second."""
    typical, read = TYPICAL[dialect], DIALECTS[dialect].read
    document = typical.document.replace(b"ACTION", b"https://example.com/action")
    application = Application("bench", dialect, Callback("https://example.com/voice"))
    began, count = process_time(), 0
    while (spent := process_time() - began) < _SECONDS or not count:
        for _ in range(_ROUND):
            read(document, typical.content_type, application.document.url, application)
        count += _ROUND
    return count / spent
