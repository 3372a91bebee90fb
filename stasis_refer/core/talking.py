"""The part of a call's machine that connects two parties, and takes them apart again."""

from abc import abstractmethod
from dataclasses import replace
from typing import Final

from stasis_refer.core.abouts import Dialed, Recorded
from stasis_refer.core.activity import Clearing, Detaching, NotFetched, Separating, Talking
from stasis_refer.core.dialing import UNAVAILABLE, Calling
from stasis_refer.core.events import FetchFailed, RecordingEnded
from stasis_refer.core.intents import Connect, Fetch, Intent, Tell, TellKind
from stasis_refer.core.leg import Leg
from stasis_refer.core.outcome import Outcome
from stasis_refer.core.recording import bridge_of, name_of
from stasis_refer.core.verbs import Dial

SEPARATION_LIMIT: Final = 2.0
"""Seconds until a party must be out of a bridge that was taken away, its recording finished."""

_OK, _FIRST_FAILURE = 200, 400
_CHALLENGES: Final = frozenset({401, 407})  # they ask for our credentials, not the caller's
_CLOSED: Final = frozenset({Outcome.COMPLETED, Outcome.CANCELED})


class Connecting(Calling):
    """A call whose parties can be connected."""

    def _connect(self, verb: Dial, partner: str, now: float) -> list[Intent]:
        deadline = now + verb.time_limit
        return self._bridge(Talking(verb, partner, "", now, deadline))

    def _bridge(self, talking: Talking) -> list[Intent]:
        """Put the lead and its partner into a bridge of their own."""
        self._bridges += 1
        verb, number = talking.verb, self._bridges
        bridge = bridge_of(self.lead.channel, number)
        recording = name_of(self.key, number) if verb.recorder else ""
        if verb.recorder:
            self._recorders[recording] = verb.recorder
        self._open_bridges.append(bridge)
        self._activity = replace(talking, bridge=bridge, recording=recording)
        channels = (self.lead.channel, talking.partner)
        return [Connect(bridge, channels, keys=bool(verb.keys_to_leave), recording=recording)]

    def _in_bridge(self, talking: Talking, now: float) -> list[Intent]:
        """Take in that the lead is in the bridge, and so out of its former one."""
        self._activity = replace(talking, former="")
        return [*self._target_reached(now), *self._take_away(talking.former)]

    def _talk_over(self, talking: Talking, now: float, *, gone: Leg | None = None) -> list[Intent]:
        """End the connection; ``gone`` is the partner, where it was the one who hung up."""
        reached = self._target_reached(now)  # if it was not told yet that they are connected
        partner = gone or self.legs.get(talking.partner)
        dialed = talked(talking, partner, now, hung_up=gone is not None)
        drop = [] if gone else self._drop(talking.partner)
        return [*reached, *drop, *self._separate(talking, dialed, now)]

    def _not_connected(self, now: float) -> list[Intent]:
        """Take in that Asterisk did not connect the two."""
        talking = self._activity
        if not isinstance(talking, Talking):
            return []
        self._recorders.pop(talking.recording, None)
        drop, apart = self._drop(talking.partner), self._take_away(talking.former, talking.bridge)
        failed = Dialed(Outcome.FAILED, name=talking.verb.name)
        self._activity = Separating(talking.verb, failed, "", alone=True, deadline=now)
        return [*drop, *apart, *self._dial_over(talking.verb, failed, now)]

    def _separate(
        self, talking: Talking, then: Dialed | NotFetched | None, now: float
    ) -> list[Intent]:
        awaited = talking.recording if isinstance(then, Dialed) else ""
        limit = now + SEPARATION_LIMIT
        separating = Separating(talking.verb, then, awaited, self._gone, limit)
        self._activity = separating
        apart = self._take_away(talking.former, talking.bridge)
        return [*apart, *self._separated_if_all(separating, now)]

    def _out_of_bridge(self, now: float) -> list[Intent]:
        if isinstance(self._activity, Detaching):
            return self._next(now)
        if not isinstance(self._activity, Separating):
            return []
        self._activity = replace(self._activity, alone=True)
        return self._separated_if_all(self._activity, now)

    def _recorded(self, ended: RecordingEnded, now: float) -> list[Intent]:
        recorder = self._recorders.pop(ended.recording, None)
        recorded = Recorded(ended.recording, ended.seconds)
        told: list[Intent] = []
        if recorder is not None and recorder.watch is not None and ended.ok:
            standing = self._standing(self._status)
            told = [Tell(TellKind.RECORDING, recorder.watch, standing, recorded)]
        match self._activity:
            case Clearing():
                self.over = self._cleared
                return told
            case Separating(recording=name, then=then) as separating if name == ended.recording:
                if isinstance(then, Dialed) and ended.ok:
                    then = replace(then, recorded=recorded)
                self._activity = replace(separating, recording="", then=then)
                return [*told, *self._separated_if_all(self._activity, now)]
            case _:
                return told

    def _separated_if_all(self, separating: Separating, now: float) -> list[Intent]:
        if not separating.alone or separating.recording:
            return []
        return self._separated(separating, now)

    def _separated(self, separating: Separating, now: float) -> list[Intent]:
        match separating.then:
            case Dialed() as dialed:
                return self._dial_over(separating.verb, dialed, now)
            case NotFetched(fetch, failed):
                return self._fall_back(fetch, failed, now)
            case None:
                return self._next(now)

    def _go_on_behind(self, verb: Dial, dialed: Dialed, now: float) -> list[Intent]:
        """Request the action URL of a Dial, or run the next verb."""
        refusal = None if dialed.outcome in _CLOSED else _refusal(dialed.code)
        return self._request_action(
            verb.action, dialed, now, or_go_on=verb.or_go_on, refusal=refusal
        )

    @abstractmethod
    def _fall_back(self, fetch: Fetch, failed: FetchFailed, now: float) -> list[Intent]:
        """Ask the fallback URL for the document that could not be had, else end the call."""


def _refusal(code: int | None) -> int:
    """Return what a ringing caller is refused with whose callee answered so."""
    passed_on = code is not None and code >= _FIRST_FAILURE and code not in _CHALLENGES
    return code if code is not None and passed_on else UNAVAILABLE


def talked(talking: Talking, partner: Leg | None, now: float, *, hung_up: bool) -> Dialed:
    """Return how a Dial went whose parties were connected; ``hung_up``: the partner ended it."""
    return Dialed(
        Outcome.COMPLETED,
        partner.info if partner else None,
        (partner.code if partner else None) or _OK,
        now - talking.since,
        connected=True,
        hung_up=hung_up,
        tag=partner.tag if partner else "",
        name=talking.verb.name,
    )
