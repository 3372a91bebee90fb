"""What ``/v1`` answers with, as JSON; the descriptions go into ``/openapi.json``.

A text is '' and a time or a code null where it is not known, or never came.
"""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from stasis_refer.core.info import CallDirection, CallStatus
from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason
from stasis_refer.runtime.book import CallRecord, Page, Rung, TransferRecord


class _Model(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class CallModel(_Model):
    """A call, or a leg that an application called."""

    id: Annotated[str, Field(validation_alias="key", description="32 hexadecimal digits.")]
    parent: str = Field(description="The id of the call that called this leg.")
    application: str
    dialect: str
    direction: CallDirection
    caller: str
    caller_name: str
    dialed: str
    status: CallStatus
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    tag: str = Field(description="What the application asked to be sent along.")
    rule: str = Field(description="Of one not called: the rule of the target policy that decided.")
    reason: str = Field(description="Of one not called: why, as transfers have it.")


class CallPage(_Model):
    """Some of the calls that were asked for, the newest first."""

    calls: list[CallModel]
    next: str | None = Field(description="The cursor of the next page; null on the last.")

    @classmethod
    def of(cls, page: Page[CallRecord]) -> Self:
        """Return what is answered for a page."""
        items = [CallModel.model_validate(each) for each in page.items]
        return cls(calls=items, next=page.next or None)


class TransferModel(_Model):
    """A transfer; ``outcome``, ``reason`` and ``evidence`` are null while it is under way."""

    id: str = Field(description="The id of its call, a hyphen, and which of them it is.")
    call: str = Field(description="The id of its call.")
    application: str
    dialect: str
    direction: Direction = Field(description="Whether we sent the REFER, or a phone did.")
    target: str
    group: str = Field(
        description="The group of the rule that decided on the target, empty where none did."
    )
    referred_by: str
    caller: str
    dialed: str
    began_at: datetime
    accepted_at: datetime | None = Field(description="When the REFER was answered with a 2xx.")
    ringing_at: datetime | None = Field(description="When a NOTIFY first said that it rings.")
    ended_at: datetime | None
    refer_code: int | None = Field(description="What the REFER was answered with.")
    notify_code: int | None = Field(description="The last status that a NOTIFY told.")
    outcome: Outcome | None
    reason: Reason | None
    evidence: Evidence | None = Field(description="Who told how it ended.")
    detail: str = Field(description="A sentence that says what is wrong, and what to do.")
    rule: str = Field(description="The name of the rule of the target policy that decided.")


class TransferPage(_Model):
    """Some of the transfers that were asked for, the newest first."""

    transfers: list[TransferModel]
    next: str | None = Field(description="The cursor of the next page; null on the last.")

    @classmethod
    def of(cls, page: Page[TransferRecord]) -> Self:
        """Return what is answered for a page."""
        items = [TransferModel.model_validate(each) for each in page.items]
        return cls(transfers=items, next=page.next or None)


class HeaderModel(_Model):
    """A header field of a SIP message."""

    name: str
    value: str


def _named(headers: tuple[tuple[str, str], ...]) -> list[HeaderModel]:
    return [HeaderModel(name=name, value=value) for name, value in headers]


class RungModel(_Model):
    """One captured message of a transfer's SIP dialog."""

    at: datetime
    sent: bool = Field(description="Whether Asterisk sent it.")
    first_line: str
    headers: Annotated[list[HeaderModel], BeforeValidator(_named, tuple)] = Field(
        description="Those that concern a REFER, in the order of the message."
    )
    body: str = Field(description="Of a NOTIFY.")


class LadderedTransfer(TransferModel):
    """A transfer with its SIP messages."""

    ladder: list[RungModel] = Field(description="In the order of time.")

    @classmethod
    def of(cls, record: TransferRecord, ladder: tuple[Rung, ...]) -> Self:
        """Return what is answered for a transfer."""
        shown = TransferModel.model_validate(record)
        rungs = [RungModel.model_validate(each) for each in ladder]
        return cls(**dict(shown), ladder=rungs)


class Begun(_Model):
    """A transfer that was begun, or that was under way to the same target already."""

    transfer: str = Field(description="Its id, for GET /v1/transfers/{id}.")
    call: str = Field(description="The id of the call that is transferred.")


class Missed(_Model):
    """Changes of transfers were left out of a stream."""

    count: int | None = Field(description="How many; null where it is not known.")
    message: str
