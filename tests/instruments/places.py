"""Where the servers of the tests keep their data.

It is thrown away with them, and so it lies in memory where there is enough: on a disk, the pages
that a cloned database leaves behind cost more than the clone.
"""

import os
import shutil
import tempfile
from pathlib import Path

#: A folder in memory: Linux.
MEMORY = Path("/dev/shm")

#: The servers of two workers need a third of it; what a container gives is 64 MB.
ENOUGH = 3 * 1024**3


def place_of_data() -> Path:
    """The folder for what a server writes: in memory, unless TMPDIR says where."""
    said = "TMPDIR" in os.environ
    if not said and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ENOUGH:
        return MEMORY
    return Path(tempfile.gettempdir())


def remove_those_of_the_dead(prefix: str) -> None:
    """Removes the folders `prefix` + process id of test runs that were killed."""
    for folder in place_of_data().glob(f"{prefix}*"):
        try:
            os.kill(int(folder.name.removeprefix(prefix)), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (ValueError, PermissionError):
            continue
