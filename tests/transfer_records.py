"""Transfers as the ledger tells them."""

from dataclasses import replace

from stasis_refer.core.outcome import Direction, Evidence, Outcome, Reason
from stasis_refer.runtime.book import Rung, TransferRecord

AT = 1_764_000_000.0  # seconds since 1970; 2025-11-24T16:00:00Z

OPEN = TransferRecord(
    id="c1-1",
    call="c1",
    application="support",
    dialect="twiml",
    direction=Direction.SENT,
    target="sip:4001@example.com",
    group="default",
    referred_by="",
    caller="+491234",
    dialed="support",
    began_at=AT,
)
BUSY = replace(
    OPEN,
    id="c1-2",
    accepted_at=AT + 0.01,
    ringing_at=AT + 1,
    ended_at=AT + 4.25,
    refer_code=202,
    notify_code=486,
    outcome=Outcome.BUSY,
    reason=Reason.FINAL_NOTIFY,
    evidence=Evidence.SIP,
    rule="partners",
)
HOSTILE = replace(OPEN, id="c2-1", target="\x1b[2J[bold]sip:x\n", referred_by="=cmd|' /C calc'!A0")
LADDER = (
    Rung(
        AT,
        sent=True,
        first_line="REFER sip:caller@127.0.0.1:17001 SIP/2.0",
        headers=(("CSeq", "7 REFER"), ("Refer-To", "<sip:4001@example.com>")),
    ),
    Rung(AT + 0.01, sent=False, first_line="SIP/2.0 202 Accepted", headers=(("CSeq", "7 REFER"),)),
    Rung(
        AT + 4.25,
        sent=False,
        first_line="NOTIFY sip:support@127.0.0.1 SIP/2.0",
        headers=(("Event", "refer"), ("Subscription-State", "terminated;reason=noresource")),
        body="SIP/2.0 486 Busy Here\r\nContact: <sip:x@y>",
    ),
)
