"""Where in its document a call stands."""

from stasis_refer.core.verbs import Document, Verb

MAX_IDLE_DOCUMENTS = 50
"""Documents in a row that do nothing which takes time: more is a loop of redirects."""


class Program:
    """The verbs still to run."""

    def __init__(self) -> None:
        self._verbs: list[Verb] = []
        self._idle = 0
        self._went_round = False

    def load(self, document: Document) -> bool:
        """Run ``document`` from its start; False when documents only chase one another."""
        self._verbs = list(reversed(document))
        self._idle += 1
        return self._idle <= MAX_IDLE_DOCUMENTS

    def put_first(self, verb: Verb) -> None:
        """Run ``verb`` before those that are left."""
        self._verbs.append(verb)

    def next(self) -> Verb | None:
        """Return the next verb, None behind the last."""
        if not self._verbs:
            return None
        return self._verbs.pop()

    def took_time(self) -> None:
        """Note that something was done which takes time: what follows is no loop."""
        self._idle = 0

    def allow_once_more(self) -> bool:
        """Give the fallback document a chance after a loop of redirects, once."""
        first, self._went_round, self._idle = not self._went_round, True, 0
        return first

    def clear(self) -> None:
        """Leave nothing to run."""
        self._verbs.clear()
