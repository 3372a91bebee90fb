"""The three dashboards, and how one becomes the JSON that Grafana reads."""

from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.frame import PAGE, Board, framed
from grafana.service import SERVICE
from grafana.transfers import TRANSFERS
from grafana.trunks import TRUNKS

FOLDER: Final = Path(__file__).parent / "dashboards"

BOARDS: Final = (TRANSFERS, SERVICE, TRUNKS)


def as_json(board: Board, page: str = PAGE) -> str:
    """Return a dashboard as JSON; ``page`` is the URL of the program's own page."""
    return JSONEncoder(indent=2, sort_keys=True).encode(framed(board, page).build()) + "\n"


def file_of(board: Board) -> Path:
    """Return where the JSON of a dashboard is kept."""
    return FOLDER / f"{board.name}.json"
