"""The program on a wall clock that can be stepped, without touching the machine's.

``python -m faults.stepped FILE run …`` is ``stasis-refer run …`` whose ``time.time`` is ahead by
what ``FILE`` holds: seconds, as ``OFFSET`` packs them.
"""

import mmap
import sys
import time
from pathlib import Path
from struct import Struct
from typing import Final

OFFSET: Final = Struct("=d")


def set_offset(file: Path, seconds: float) -> None:
    """Let the clock of who runs with this file be ahead by so many seconds, at once."""
    with file.open("r+b" if file.exists() else "w+b") as opened:
        opened.write(OFFSET.pack(seconds))


def _step(file: Path) -> None:
    with file.open("rb") as opened:
        shared = mmap.mmap(opened.fileno(), OFFSET.size, access=mmap.ACCESS_READ)
    real = time.time
    time.time = lambda: real() + OFFSET.unpack(shared)[0]


if __name__ == "__main__":
    _step(Path(sys.argv.pop(1)))
    from stasis_refer.cli import main  # behind the step: who imports the function has ours

    main()
