"""Which URLs an order, an origination or a document names."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from stasis_refer.core.application import Callback
from stasis_refer.core.verbs import Recording


def urls_in(asked: object) -> Iterator[str]:
    """Yield the URLs that would be requested, those inside of verbs and of fallbacks too."""
    match asked:
        case Callback(url, _, fallback):
            yield url
            yield from urls_in(fallback)
        case Recording(url):
            yield url
        case tuple():
            for each in asked:
                yield from urls_in(each)
        case _ if is_dataclass(asked):
            for field in fields(asked):
                yield from urls_in(getattr(asked, field.name))
        case _:
            pass
