"""jambonz's dialect, which Cognigy Voice Gateway speaks: JSON verbs over webhooks.

Sources: seed 003; jambonz's feature server and documentation; its Python package is the judge
in the tests.
"""

from collections.abc import Mapping
from typing import Final

from stasis_refer.core.application import Application
from stasis_refer.core.events import FetchFailure
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import Fetch, Tell
from stasis_refer.dialects.dialect import (
    Dialect,
    DocumentError,
    Letter,
    Reading,
    Remark,
    WebhookRequest,
)
from stasis_refer.dialects.jambonz_document import read_document
from stasis_refer.dialects.jambonz_requests import jambonz_fields, jambonz_request
from stasis_refer.dialects.json_text import BLANK, parse


class Jambonz:
    """The dialect ``jambonz``."""

    name: str = "jambonz"
    media_type: str = "application/json"
    # jambonz itself gives up 15 s after acceptance, also on a target that rings.
    time_limits: tuple[float, float] = (15.0, 60.0)

    def fields(
        self, intent: Fetch | Tell, info: CallInfo, application: Application, now: float
    ) -> Mapping[str, object]:
        """Put what a webhook is told into jambonz's words."""
        del now
        return jambonz_fields(intent, info, application)

    def request(self, letter: Letter, application: Application) -> WebhookRequest:
        """Return a letter as jambonz sends it."""
        return jambonz_request(letter, application)

    def read(self, body: bytes, content_type: str, url: str, application: Application) -> Reading:
        """Read a reply fetched from ``url``; raises DocumentError.

        Relative URLs in it mean those at ``url``, whose userinfo they take over. A reply
        without a body, and a bare word such as ``OK`` in text/plain, is an empty document.
        """
        if not body.strip(BLANK):
            return Reading(())
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type == "application/json" or media_type.endswith("+json"):
            return read_document(parse(body), url, application)
        if media_type.startswith("text/") and body.lstrip(BLANK)[:1] not in _MARKUP:
            message = f"A reply in {media_type!r:.80} has no verbs: it is taken for an empty one."
            return Reading((), (Remark(message, 1, 1),))
        raise DocumentError(
            FetchFailure.CONTENT_TYPE,
            f"The content type is {content_type!r:.80}; send the document as application/json.",
        )


_MARKUP: Final = (b"[", b"{", b"<")

JAMBONZ: Final[Dialect] = Jambonz()
