"""Bandwidth's BXML for voice calls: events as Bandwidth sends them, documents as it reads them.

Sources: Bandwidth's pages on BXML, its verbs and its webhooks; its Python package is the
judge in the tests.
"""

from collections.abc import Mapping
from typing import Final

from stasis_refer.core.application import Application
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import Fetch, Tell
from stasis_refer.dialects.bxml_events import bxml_fields
from stasis_refer.dialects.bxml_requests import bxml_request
from stasis_refer.dialects.bxml_verbs import BXML_VERBS
from stasis_refer.dialects.dialect import Dialect, Letter, Reading, WebhookRequest
from stasis_refer.dialects.xml_documents import read_xml


class Bxml:
    """The dialect ``bxml``."""

    name: str = "bxml"
    media_type: str = "application/xml"
    # Both run from the acceptance of the REFER: the caller's phone has 30 s for all of it.
    time_limits: tuple[float, float] = (30.0, 30.0)

    def fields(
        self, intent: Fetch | Tell, info: CallInfo, application: Application, now: float
    ) -> Mapping[str, object]:
        """Put what a webhook is told into an event of Bandwidth's."""
        return bxml_fields(intent, info, application, now)

    def request(self, letter: Letter, application: Application) -> WebhookRequest:
        """Return a letter as Bandwidth sends it."""
        return bxml_request(letter, application)

    def read(self, body: bytes, content_type: str, url: str, application: Application) -> Reading:
        """Read a reply fetched from ``url``; raises DocumentError.

        A reply without a body, such as 204, is the empty document. Relative URLs mean those
        at ``url``, whose userinfo they take over.
        """
        del application
        return read_xml(body, content_type, url, BXML_VERBS, may_be_empty=True)


BXML: Final[Dialect] = Bxml()
