"""What the chronicle says, written into the tables."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Final, TypeVar, assert_never

import structlog

from stasis_refer.adapters.ledger.calls import CallTable
from stasis_refer.adapters.ledger.file import LedgerFile
from stasis_refer.adapters.ledger.rungs import RungTable
from stasis_refer.adapters.ledger.transfers import TransferTable
from stasis_refer.core.info import CallStatus
from stasis_refer.core.outcome import Evidence, Outcome, Reason
from stasis_refer.runtime.book import CallRecord, TransferRecord
from stasis_refer.runtime.chronicle import Chronicle
from stasis_refer.runtime.ports import StoreError, UnwritableError
from stasis_refer.runtime.stories import CallStory, TransferStory

_log = structlog.get_logger(__name__)

_T = TypeVar("_T")

MOST_AT_ONCE: Final = 50
"""Rows written in one step; more are there when the file could not be written for a while."""


class Recorder:
    """Writes down what is new in the chronicle. Every method may raise StoreError.

    ``publish`` is told of each transfer that was ``late`` when it is there.
    """

    def __init__(
        self,
        file: LedgerFile,
        chronicle: Chronicle,
        publish: Callable[[TransferRecord], None] = lambda _: None,
    ) -> None:
        self._file = file
        self._chronicle = chronicle
        self._publish = publish
        self._transfers = TransferTable(file)
        self._rungs = RungTable(file)
        self._calls = CallTable(file)
        self._writing: TransferStory | CallStory | None = None

    @property
    def behind(self) -> bool:
        """Whether something is to be written."""
        return bool(self._chronicle.transfers or self._chronicle.calls)

    def is_late(self) -> None:
        """Take in that what is to be written was to be there before."""
        for story in self._chronicle.transfers:
            story.late = True

    def leave_out_beyond(self, most: int) -> bool:
        """Give up on the oldest that is to be written beyond so many; whether there was any."""
        many = len(self._chronicle.transfers), len(self._chronicle.calls)
        _leave_out(self._chronicle.transfers, many[0] - most)
        _leave_out(self._chronicle.calls, many[1] - most)
        return max(many) > most

    def write(self, first: Sequence[TransferStory] = (), *, most: int = MOST_AT_ONCE) -> None:
        """Write ``first``, and what else is new: so many transfers and calls.

        All of it or nothing, as a part of the step that is under way. But what the file cannot
        ever hold is left out, and so is what was being written when a bug ended it.
        """
        self._writing = None
        try:
            with self._file.part():
                for story in dict.fromkeys((*first, *islice(self._chronicle.transfers, most))):
                    self._writing = story
                    self._write_transfer(story)
                for call in islice(self._chronicle.calls, most):
                    self._writing = call
                    self._write_call(call.record)
                    self._file.when_kept(partial(self._call_kept, call, call.record))
        except StoreError:
            raise
        except Exception:
            self._leave_out(self._writing)
            raise

    def close_open(
        self, except_calls: Collection[str], parties: Collection[str], at: float
    ) -> list[TransferRecord]:
        """Close the transfers that programs which have ended left under way; how they ended.

        They are an ``error``, ``restarted``, at a time in seconds since 1970. Those of
        ``except_calls``, keys of calls that are live again, are our own from now on and go on.
        Calls and legs that are not among ``parties``, the keys of all who are in them, are over.
        """
        closed: list[TransferRecord] = []
        taken: list[TransferStory] = []
        with self._file.step():
            for owner, story in self._transfers.open():
                # A live call is ours, even where another program has what its owner left.
                if story.record.call in except_calls:
                    taken.append(self._take(story))
                elif self._file.take_over(owner) and not self._chronicle.is_live(story.record.call):
                    closed.append(self._close(story, at))
            self._end_calls(parties, at)
            self._file.when_kept(partial(self._chronicle.take_up, taken))
        return closed

    def _write_transfer(self, story: TransferStory) -> None:
        row, record, rungs = story.row, story.record, len(story.rungs)
        try:
            if row is None:
                row = self._transfers.add(story.number, record)
            elif story.kept is not record:
                self._transfers.change(row, record)
        except UnwritableError as error:
            _log.error("transfer left out of the ledger", transfer=record.id, why=str(error))
        if row is None:
            self._file.when_kept(partial(self._leave_out, story))
            return
        self._rungs.add(row, story.rungs)
        self._file.when_kept(partial(self._transfer_kept, story, row, record, rungs))

    def _write_call(self, record: CallRecord) -> None:
        try:
            self._calls.put(record)
        except UnwritableError as error:
            _log.error("call left out of the ledger", call=record.key, why=str(error))

    def _leave_out(self, story: TransferStory | CallStory | None) -> None:
        match story:
            case TransferStory():
                self._chronicle.transfers.pop(story, None)
            case CallStory():
                self._chronicle.calls.pop(story, None)
            case None:
                pass
            case never:
                assert_never(never)

    def _transfer_kept(
        self, story: TransferStory, row: int, record: TransferRecord, rungs: int
    ) -> None:
        if story.keep(row, record, rungs):
            self._chronicle.transfers.pop(story, None)
        if story.late:
            story.late = False
            self._publish(record)

    def _call_kept(self, story: CallStory, record: CallRecord) -> None:
        if story.record is record:
            self._chronicle.calls.pop(story, None)

    def _take(self, story: TransferStory) -> TransferStory:
        if story.row is not None:
            self._transfers.take(story.row)
            story.written = self._rungs.count(story.row)
        return story

    def _close(self, story: TransferStory, at: float) -> TransferRecord:
        ended = replace(
            story.record,
            ended_at=at,
            outcome=Outcome.ERROR,
            reason=Reason.RESTARTED,
            evidence=Evidence.NONE,
        )
        if story.row is not None:
            try:
                self._transfers.change(story.row, ended)
            except UnwritableError as error:
                _log.error("transfer left open in the ledger", transfer=ended.id, why=str(error))
        return ended

    def _end_calls(self, parties: Collection[str], at: float) -> None:
        for owner, record in self._calls.live():
            if any(map(self._chronicle.is_live, (record.key, record.parent))):
                continue
            if record.key in parties:
                self._write_call(record)  # it is ours now
            elif self._file.take_over(owner):
                answered = record.answered_at is not None
                status = CallStatus.COMPLETED if answered else CallStatus.FAILED
                self._write_call(replace(record, status=status, ended_at=at))


def _leave_out(waiting: dict[_T, None], number: int) -> None:
    for story in tuple(islice(waiting, max(0, number))):
        del waiting[story]
