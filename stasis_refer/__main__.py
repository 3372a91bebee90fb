"""``python -m stasis_refer``: the command line."""

from stasis_refer.cli import main

main()
