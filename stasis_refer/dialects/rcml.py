"""Restcomm's RCML for voice calls: requests as Restcomm sends them, documents as it reads them.

Sources: Restcomm's page on ``<Refer>`` (seed 004), its pages on RCML, and the code of
Restcomm-Connect where they are silent: parties are user parts, and a call that is over has
its ``CallDuration``. Both are silent on what a fallback URL is told, on time limits of ours
and on connection overrides in a URL's fragment: they are as in TwiML. Nothing is signed.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from stasis_refer.core.abouts import LegProgress
from stasis_refer.core.application import Application
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import Fetch, Tell, TellKind
from stasis_refer.dialects.credentials import only_authorized
from stasis_refer.dialects.dial_words import progress_fields, whole
from stasis_refer.dialects.dialect import Dialect, Letter, Reading, WebhookRequest
from stasis_refer.dialects.fields import basic_fields
from stasis_refer.dialects.form_requests import form_request
from stasis_refer.dialects.rcml_verbs import RCML_VERBS
from stasis_refer.dialects.rcml_words import about_fields
from stasis_refer.dialects.twiml_words import CALL_STATUS
from stasis_refer.dialects.xml_documents import read_xml

API_VERSION: Final = "2012-04-24"


class Rcml:
    """The dialect ``rcml``."""

    name: str = "rcml"
    media_type: str = "text/xml"
    time_limits: tuple[float, float] = (30.0, 60.0)

    def fields(
        self, intent: Fetch | Tell, info: CallInfo, application: Application, now: float
    ) -> Mapping[str, object]:
        """Put what a webhook is told into Restcomm's words."""
        fields = basic_fields(
            info,
            account_sid=application.account_sid,
            status=CALL_STATUS[intent.standing.status],
            api_version=API_VERSION,
        )
        match intent:
            case Tell(kind=TellKind.STATUS, duration=seconds):
                return fields | {"CallDuration": whole(seconds)}
            case Tell(about=LegProgress() as progress, duration=seconds):
                return fields | progress_fields(progress, seconds, now)
            case _:
                return fields | about_fields(intent.about, application.public_url)

    def request(self, letter: Letter, application: Application) -> WebhookRequest:
        """Return a letter as Restcomm sends it: a form POST, or a GET with a query.

        Its token goes along as ``Idempotency-Key``, which is ours.
        """
        sign = partial(only_authorized, application, letter.callback.url)
        return form_request(letter, "Idempotency-Key", sign)

    def read(self, body: bytes, content_type: str, url: str, application: Application) -> Reading:
        """Read a reply fetched from ``url``; raises DocumentError."""
        del application
        return read_xml(body, content_type, url, RCML_VERBS)


RCML: Final[Dialect] = Rcml()
