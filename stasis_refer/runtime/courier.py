"""One try to deliver a parcel: the letter is put into its dialect's form and sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from stasis_refer.core.application import Application
from stasis_refer.core.events import FetchFailure
from stasis_refer.dialects.dialect import Dialect
from stasis_refer.runtime.ports import CountWebhook, Parcel, WebhookError, Webhooks

_log = structlog.get_logger(__name__)

# The status was accepted by then, and what a reply says to being told is not asked for.
_OF_THE_REPLY: Final = frozenset({FetchFailure.TOO_LARGE, FetchFailure.CONTENT_TYPE})
_UNWANTED: Final = frozenset(range(400, 500)) - {408, 425, 429}  # these mean: later
_SILENT: Final = frozenset({FetchFailure.CONNECTION, FetchFailure.TIMEOUT})


@dataclass(frozen=True, slots=True)
class Failed:
    """A try that failed: ``why`` is a sentence without credentials.

    ``silent`` says that the server did not answer, ``unwanted`` that it answered and does not
    want this parcel, ``for_good`` that no further try can do better.
    """

    why: str
    silent: bool = False
    unwanted: bool = False
    for_good: bool = False


class Courier:
    """Delivers parcels with the credentials that their applications have now.

    ``clock`` is in seconds.
    """

    def __init__(
        self,
        webhooks: Webhooks,
        applications: Mapping[str, Application],
        dialects: Mapping[str, Dialect],
        count_webhook: CountWebhook,
        clock: Callable[[], float],
    ) -> None:
        self._webhooks = webhooks
        self._applications = applications
        self._dialects = dialects
        self._count_webhook = count_webhook
        self._clock = clock

    async def deliver(self, parcel: Parcel) -> Failed | None:
        """Try once; None when it was delivered. Never raises but when cancelled."""
        application = self._applications.get(parcel.application)
        dialect = self._dialects.get(parcel.dialect)
        if application is None or dialect is None:
            gone = "application" if application is None else "dialect"
            return Failed(f"the {gone} is not configured any more", for_good=True)
        began, failed, result = self._clock(), None, "ok"
        try:
            await self._webhooks.fetch(dialect.request(parcel.letter, application))
        except WebhookError as error:
            if error.failure not in _OF_THE_REPLY:
                result = error.failure.value
                silent, unwanted = error.failure in _SILENT, error.status in _UNWANTED
                failed = Failed(str(error), silent=silent, unwanted=unwanted)
        except Exception as bug:  # noqa: BLE001 - it may hold up this call's parcels, no others
            _log.exception("parcel cannot be sent", **parcel.names)
            result, failed = "bug", Failed(f"a bug, see the log: {type(bug).__name__}")
        self._count_webhook(application, parcel.kind, result, self._clock() - began)
        return failed
