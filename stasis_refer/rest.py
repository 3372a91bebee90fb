"""Who may ask for what over HTTP: the operator, and applications in their vendors' words."""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from aiohttp import web

from stasis_refer import __version__
from stasis_refer.adapters.metrics import BODY_LIMIT
from stasis_refer.adapters.page.routes import TransferPages
from stasis_refer.adapters.rest.calls import Calls
from stasis_refer.adapters.rest.guard import Guard
from stasis_refer.adapters.rest.operator import OperatorRest
from stasis_refer.adapters.rest.stream import Stream
from stasis_refer.adapters.rest.transfers import Transfers
from stasis_refer.adapters.rest.vendors import VendorRest
from stasis_refer.core.application import Application
from stasis_refer.dialects.rest_registry import REST_VENDORS
from stasis_refer.runtime.book import Book
from stasis_refer.runtime.desk import Desk
from stasis_refer.runtime.feed import Feed
from stasis_refer.runtime.keys import KeyStore
from stasis_refer.runtime.masked_desk import MaskedDesk
from stasis_refer.runtime.ports import WebhookPolicy
from stasis_refer.sections import Http


def rest_routes(  # noqa: PLR0913 - all that can be asked, and who asks
    settings: Http,
    *,
    applications: Mapping[str, Application],
    desk: Desk,
    book: Book,
    keys: KeyStore,
    feed: Feed,
    clock: Callable[[], float],
    policy: WebhookPolicy,
    on_limit: Callable[[str], None],
    mask: bool = False,
) -> Iterable[web.AbstractRouteDef]:
    """Return the routes of ``/v1``, the page and the vendors' own paths, behind one guard.

    ``clock`` is in seconds; ``policy`` says which URLs may be named; ``on_limit`` is told which
    limit was reached. ``mask``: the operator is not told who is who, of live calls as of what the
    ledger keeps.
    """
    guard = Guard(
        applications.values(),
        settings.operator_token.get_secret_value(),
        clock,
        rate=settings.rate_limit,
        trusted_proxies=settings.trusted_proxies,
        on_limit=on_limit,
        secure=settings.base.startswith("https:"),
    )
    operator = OperatorRest(
        guard,
        Calls(MaskedDesk(desk) if mask else desk, book, keys, clock),
        Transfers(book),
        Stream(feed, on_limit, still_in=guard.still_in),
        __version__,
    )
    too_large = partial(on_limit, BODY_LIMIT)
    pages = TransferPages(
        guard,
        book,
        applications=tuple(applications),
        wall=time.time,
        url=settings.base,
        too_large=too_large,
    )
    vendors = VendorRest(REST_VENDORS, guard, desk, book, policy=policy, too_large=too_large)
    return (*operator.routes, *pages.routes, *vendors.routes())
