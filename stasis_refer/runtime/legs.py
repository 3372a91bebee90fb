"""The effects on a call's other channels: legs are made, connected, and handed over."""

from typing import TypeAlias, assert_never

from stasis_refer.core.call import Call
from stasis_refer.core.events import Command, CommandRefused, Event, LegCreated
from stasis_refer.core.handing_over import HandedOver
from stasis_refer.core.info import CallInfo
from stasis_refer.core.intents import (
    AcceptRefers,
    Branch,
    Connect,
    CreateLeg,
    DropLeg,
    GiveBack,
    HandOver,
    ReportRefer,
    RingLeg,
    Separate,
    TakeOver,
)
from stasis_refer.runtime.directory import Directory, addressed
from stasis_refer.runtime.ports import Telephony

LegDeed: TypeAlias = (
    AcceptRefers
    | CreateLeg
    | RingLeg
    | DropLeg
    | Connect
    | Separate
    | ReportRefer
    | TakeOver
    | HandOver
    | Branch
    | GiveBack
)


class LegEffects:
    """Performs what a call asks for on channels other than that of the lead's ``info``."""

    def __init__(self, telephony: Telephony, directory: Directory) -> None:
        self._telephony = telephony
        self._directory = directory

    async def perform(self, call: Call, info: CallInfo, deed: LegDeed) -> Event | None:  # noqa: C901, PLR0912 - the one switch over these deeds
        """Do it; the event that tells what came of it, if anything waits."""
        match deed:
            case AcceptRefers():
                await self._telephony.accept_refers(info.channel)
            case CreateLeg():
                return await self._create(call, info, deed)
            case RingLeg(channel):
                status = await self._telephony.ring_leg(channel)
                return refused(call, channel, Command.RING, status)
            case DropLeg(channel):
                await self._telephony.hang_up(channel, None)
            case Connect():
                status = await self._telephony.connect(deed)
                return None if good(status) else CommandRefused(Command.CONNECT, status)
            case Separate(bridge):
                await self._telephony.separate(bridge)
            case ReportRefer(channel, report):
                status = await self._telephony.report(channel, report)
                return refused(call, channel, Command.REPORT, status)
            case TakeOver(channel):
                asked = self._directory.take_over(channel, by=info.channel)
                return None if asked else HandedOver(None)
            case HandOver(_, leg):
                # Who asked for the leg is gone (else the actor had handed it over), and whose it
                # was has let it go.
                if leg is not None:
                    await self._telephony.hang_up(leg.channel, None)
            case GiveBack(_, leg):
                # Who lent the leg is gone.
                if not leg.gone:
                    await self._telephony.hang_up(leg.channel, None)
            case Branch():
                pass  # done when it was asked for
            case _:
                assert_never(deed)
        return None

    async def _create(self, call: Call, caller: CallInfo, create: CreateLeg) -> Event | None:
        channel = create.channel
        status, call_id = await self._telephony.create_leg(create, originator=caller.channel)
        if not good(status):
            return refused(call, channel, Command.CREATE, status)
        if call.over or channel not in call.channels:
            # It was dropped before it was there.
            await self._telephony.hang_up(channel, None)
            return None
        if call_id:
            self._directory.watch(channel, call_id, dialed=True)
        # Asterisk copies the messages of all its dialogs, or of none.
        captured = bool(call_id) and caller.captured
        return addressed(call, channel, LegCreated(call_id, captured))


_FIRST_REFUSAL = 300


def good(status: int) -> bool:
    """Tell whether a command was done; 0 is the status of one without an answer."""
    return 0 < status < _FIRST_REFUSAL


def refused(call: Call, channel: str, command: Command, status: int) -> Event | None:
    """Return the event of a command that was refused, None of one that was done."""
    return None if good(status) else addressed(call, channel, CommandRefused(command, status))
