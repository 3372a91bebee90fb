"""The page as HTML. Nothing here knows the network or the ledger.

All that is put into a template is escaped by Jinja, whatever it is; a template that marks a text as
safe would fail a test.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from stasis_refer.adapters.page.filters import Asked, BadFilter
from stasis_refer.adapters.page.picture import LEFT, RIGHT, WIDTH, picture_of
from stasis_refer.adapters.page.signs import sign_of
from stasis_refer.adapters.page.words import REASONS, answer, no_messages
from stasis_refer.core.outcome import Direction, Outcome
from stasis_refer.core.visible import visible
from stasis_refer.runtime.book import CallRecord, Page, Rung, TransferRecord
from stasis_refer.runtime.points_in_time import iso_time, short_time

TEMPLATES: Final = Path(__file__).parent / "templates"


def _shown(value: object) -> object:
    """Return a value as it may be written; what is markup already is Jinja's own."""
    return value if isinstance(value, Markup) else visible(str(value))


def _took(record: TransferRecord) -> str:
    if record.ended_at is None:
        return ""
    seconds = record.ended_at - record.began_at
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_shown,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals |= {
    "Direction": Direction,
    "answer": answer,
    "directions": tuple((each.value, each.value) for each in Direction),
    "left": LEFT,
    "no_messages": no_messages,
    "outcomes": tuple((each.value, sign_of(each).word) for each in Outcome),
    "reasons": REASONS,
    "right": RIGHT,
    "width": WIDTH,
    "iso_time": iso_time,
    "short_time": short_time,
    "sign_of": sign_of,
    "took": _took,
}


def _render(template: str, root: str, **values: object) -> str:
    return _TEMPLATES.get_template(template).render(root=root, **values)


def list_page(page: Page[TransferRecord], asked: Asked, applications: Sequence[str]) -> str:
    """Return the list of transfers, with the form that filters it."""
    return _render(
        "list.html",
        "./",
        given=asked.given,
        applications=_options(applications, asked.given),
        transfers=page.items,
        behind=page.behind,
        first=not asked.cursor,
        newest=asked.query(""),
        older=asked.query(page.next) if page.next else "",
        mistake=None,
    )


def mistaken_page(given: Mapping[str, str], mistake: BadFilter, applications: Sequence[str]) -> str:
    """Return the form as it was filled in, and what is wrong with it; no list."""
    options = _options(applications, given)
    return _render("list.html", "./", given=given, applications=options, mistake=mistake)


def _options(applications: Sequence[str], given: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the applications to choose from; one that is configured no more may be asked for."""
    names = dict.fromkeys((*applications, *filter(None, [given.get("application")])))
    return [(name, name) for name in names]


def transfer_page(record: TransferRecord, ladder: Sequence[Rung], call: CallRecord | None) -> str:
    """Return what became of one transfer, with its SIP ladder."""
    picture = picture_of(record, ladder) if ladder else None
    return _render(
        "transfer.html", "../", transfer=record, ladder=ladder, picture=picture, call=call
    )


def login_page(root: str, goal: str, mistake: str = "", *, again: bool = False) -> str:
    """Return the login form; behind it ``goal`` is shown, a path below the root with its query.

    ``again``: perhaps there was a login, of which a link from another site does not tell.
    """
    return _render("login.html", root, goal=goal, mistake=mistake, again=again)


def problem_page(root: str, title: str, message: str) -> str:
    """Return what is wrong, and what to do."""
    return _render("problem.html", root, title=title, message=message)
