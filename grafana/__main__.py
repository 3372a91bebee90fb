"""Write the dashboards as JSON: ``python -m grafana [URL of the program's page]``."""

import sys

from grafana.catalogue import BOARDS, as_json, file_of
from grafana.frame import PAGE


def main(page: str = PAGE) -> None:
    """Write a file for each dashboard."""
    for board in BOARDS:
        file = file_of(board)
        file.write_text(as_json(board, page.rstrip("/")), encoding="utf-8")
        print(f"wrote {file}")  # noqa: T201 - who runs it wants to know


if __name__ == "__main__":
    main(*sys.argv[1:2])
