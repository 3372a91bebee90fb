"""A transfer in which every text that somebody outside writes would like to be a program."""

from dataclasses import replace

from stasis_refer.runtime.book import CallRecord, Rung, TransferRecord
from tests.adapters.page.world import ONE
from tests.adapters.rest.world import OVER
from tests.transfer_records import AT

SHOTS = {
    "script": "<script>window.hit='{}';alert(1)</script>",
    "image": "<img src=x onerror=\"window.hit='{}'\">",
    "attribute": "\"' onmouseover=window.hit='{}' autofocus onfocus=alert(1) x='\"",
    "closing": "</bdi></title></desc></svg></pre></textarea><svg onload=window.hit='{}'>",
    "template": "{{{{ 7*7 }}}}{{% print('{}') %}}",
    "uri": "javascript:window.hit='{}'",
}


def of(shot: str, where: str) -> str:
    """Return a text that is planted somewhere."""
    return SHOTS[shot].format(where)


def planted(shot: str) -> tuple[TransferRecord, tuple[Rung, ...], CallRecord]:
    """Return a transfer, its ladder and its call, with one shot in each of their texts."""
    names = ("target", "group", "referred_by", "caller", "dialed", "detail", "application", "rule")
    record = replace(ONE, **{name: of(shot, name) for name in names})  # type: ignore[arg-type]
    headers = tuple(
        (name, of(shot, name))
        for name in ("From", "Refer-To", "Referred-By", "User-Agent", "Reason")
    )
    ladder = (
        Rung(AT, sent=True, first_line=f"REFER {of(shot, 'uri')} SIP/2.0", headers=headers),
        Rung(AT, sent=False, first_line=f"SIP/2.0 202 {of(shot, 'phrase')}"),
        Rung(AT, sent=False, first_line="NOTIFY sip:a@b SIP/2.0", body=of(shot, "sipfrag")),
    )
    call = replace(OVER, caller_name=of(shot, "caller_name"), tag=of(shot, "tag"))
    return record, ladder, call
