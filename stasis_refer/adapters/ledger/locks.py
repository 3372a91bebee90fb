"""Files that one program at a time has locked, until it ends however suddenly."""

import fcntl
import os
from pathlib import Path


def lock(path: Path) -> int | None:
    """Return the descriptor of a file that is locked as long as it is open; None if it is.

    Raises OSError.
    """
    # A file of its own: SQLite's locks on the ledger go when any descriptor of it is closed.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            return None
        raise
    return descriptor
