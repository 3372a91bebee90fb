"""Twilio's TwiML for voice calls: requests as Twilio sends them, documents as it reads them.

Sources: Twilio's pages on TwiML, webhooks and their security; its Python package is the
judge in the tests.
"""

from typing import Final

from stasis_refer.core.application import Application
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import Fetch, Tell
from stasis_refer.dialects.dialect import Dialect, DocumentError, Reading, WebhookRequest
from stasis_refer.dialects.markup import parse
from stasis_refer.dialects.twiml_requests import twiml_request
from stasis_refer.dialects.twiml_verbs import read_response

CONTENT_TYPES: Final = frozenset({"text/xml", "application/xml", "text/html"})
"""What a document may come as; ``text/html`` because Twilio reads it as XML too."""


class Twiml:
    """The dialect ``twiml``."""

    name: str = "twiml"

    def request(
        self, intent: Fetch | Tell, info: CallInfo, application: Application, token: str
    ) -> WebhookRequest:
        """Put a request into Twilio's words; ``token`` names it across its retries."""
        return twiml_request(intent, info, application, token)

    def read(self, body: bytes, content_type: str, url: str) -> Reading:
        """Read a reply fetched from ``url``; raises DocumentError.

        Relative URLs in it mean those at ``url``, whose userinfo they take over.
        """
        media_type = content_type.partition(";")[0].strip().lower()
        if body.strip() and media_type not in CONTENT_TYPES:
            raise DocumentError(
                FetchFailure.CONTENT_TYPE,
                f"The content type is {content_type!r:.80}; send the document as text/xml.",
            )
        return read_response(parse(body), url)


TWIML: Final[Dialect] = Twiml()
