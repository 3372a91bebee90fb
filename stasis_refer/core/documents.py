"""The part of a call's machine that takes in documents, or why one could not be had."""

from stasis_refer.core.activity import Fetching
from stasis_refer.core.application import Callback
from stasis_refer.core.events import DocumentFetched, FetchFailed, FetchFailure
from stasis_refer.core.intents import DocumentFailed, Fetch, FetchKind, Intent
from stasis_refer.core.leg_events import LegEvents
from stasis_refer.core.line import FAILED


class Documents(LegEvents):
    """A call that runs documents."""

    def _fetched(self, fetched: DocumentFetched, now: float) -> list[Intent]:
        activity = self._activity
        if not isinstance(activity, Fetching) or _is_late(fetched, activity):
            return []
        if self._gone:
            return self._finish(now)
        if activity.fetch.kind is FetchKind.REFER and self._received is not None:
            return self._refer_fetched(self._received, fetched.document, now)
        if activity.or_go_on and not fetched.document:
            return self._next(now)
        if not self._program.load(fetched.document):
            return self._going_round(now)
        return self._next(now)

    def _going_round(self, now: float) -> list[Intent]:
        message = "the documents redirect to one another without end"
        loop = FetchFailed(FetchFailure.TOO_MANY_STEPS, self._document.url, message)
        if self._program.allow_once_more():
            return self._fetch_failed(loop, now)
        self._broken = loop
        return [*self._failure_notes(loop), *self._hang_up(now, FAILED)]

    def _fetch_failed(self, failed: FetchFailed, now: float) -> list[Intent]:
        activity = self._activity
        if not isinstance(activity, Fetching) or _is_late(failed, activity):
            return []
        notes = self._failure_notes(failed)
        if self._gone:
            return [*notes, *self._finish(now)]
        if activity.fetch.kind is FetchKind.REFER and self._received is not None:
            missed = self._refer_not_fetched(self._received, activity.fetch, failed, now)
            return [*notes, *missed]
        return [*notes, *self._fall_back(activity.fetch, failed, now)]

    def _fall_back(self, fetch: Fetch, failed: FetchFailed, now: float) -> list[Intent]:
        """Ask the fallback URL for a document that could not be had, else end the call."""
        fallback = self._fallback_of(fetch)
        if fallback is None:
            self._broken = failed
            self._program.clear()
            return self._next(now, FAILED)
        standing = self._standing(self._status)
        return self._ask(Fetch(FetchKind.FALLBACK, fallback, standing, failed, fetch))

    def _fallback_of(self, fetch: Fetch) -> Callback | None:
        if fetch.kind is FetchKind.FALLBACK:
            return None
        return fetch.callback.fallback or self.application.fallback

    @staticmethod
    def _failure_notes(failed: FetchFailed) -> list[Intent]:
        return [DocumentFailed(failed.failure, failed.url, failed.message)]


def _is_late(answer: DocumentFetched | FetchFailed, activity: Fetching) -> bool:
    """Whether an answer is to another request than the last one."""
    return answer.number is not None and answer.number != activity.fetch.number
