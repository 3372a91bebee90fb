"""Twilio's TwiML for voice calls: requests as Twilio sends them, documents as it reads them.

Sources: Twilio's pages on TwiML, webhooks and their security; its Python package is the
judge in the tests.
"""

from collections.abc import Mapping
from typing import Final

from stasis_refer.core.application import Application
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import Fetch, Tell
from stasis_refer.dialects.dialect import Dialect, Letter, Reading, WebhookRequest
from stasis_refer.dialects.twiml_requests import twiml_fields, twiml_request
from stasis_refer.dialects.twiml_verbs import TWIML_VERBS
from stasis_refer.dialects.xml_documents import read_xml


class Twiml:
    """The dialect ``twiml``."""

    name: str = "twiml"
    media_type: str = "text/xml"
    time_limits: tuple[float, float] = (30.0, 60.0)

    def fields(
        self, intent: Fetch | Tell, info: CallInfo, application: Application, now: float
    ) -> Mapping[str, object]:
        """Put what a webhook is told into Twilio's words."""
        return twiml_fields(intent, info, application, now)

    def request(self, letter: Letter, application: Application) -> WebhookRequest:
        """Return a letter as Twilio sends it."""
        return twiml_request(letter, application)

    def read(self, body: bytes, content_type: str, url: str, application: Application) -> Reading:
        """Read a reply fetched from ``url``; raises DocumentError."""
        del application
        return read_xml(body, content_type, url, TWIML_VERBS)


TWIML: Final[Dialect] = Twiml()
