"""Where the servers of the tests keep their data.

It is thrown away with them, and so it lies in memory where there is enough: on a disk, the pages
that a cloned database leaves behind cost more than the clone.
"""

import os
import re
import shutil
import tempfile
from pathlib import Path

#: A folder in memory: Linux.
MEMORY = Path("/dev/shm")

#: The servers of two workers need a third of it; what a container gives is 64 MB.
ENOUGH = 3 * 1024**3

#: So begins the name of each folder of a run, before the number of its process.
PREFIX = "rowtrail-tests-"


def place_of_data() -> Path:
    """The folder for what a server writes: in memory, unless TMPDIR says where."""
    said = "TMPDIR" in os.environ
    if not said and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ENOUGH:
        return MEMORY
    return Path(tempfile.gettempdir())


def folder_of_this_run(name: str = "", place: Path | None = None) -> Path:
    """What a folder of this process is called, which goes with the next run if this one is killed.

    Args:
        name: what it is for, if there is more than one.
        place: where it lies, if not where all data does.
    """
    return (place or place_of_data()) / "-".join(filter(None, (PREFIX + str(os.getpid()), name)))


def make_folder(name: str, place: Path | None = None) -> Path:
    """Makes a new folder that the user who runs the server for root can reach."""
    wanted = folder_of_this_run(name, place)
    made = Path(tempfile.mkdtemp(prefix=f"{wanted.name}-", dir=wanted.parent))
    made.chmod(0o755)
    return made


def remove_those_of_the_dead() -> None:
    """Removes the folders of test runs that were killed.

    Wherever they had their data: where they filled the memory, this run has its own on the disk.
    """
    for place in {MEMORY, Path(tempfile.gettempdir())}:
        for folder in place.glob(f"{PREFIX}*"):
            found = re.match(f"{PREFIX}([0-9]+)", folder.name)
            try:
                os.kill(int(found[1]) if found else 0, 0)
            except ProcessLookupError:
                shutil.rmtree(folder, ignore_errors=True)
            except (OverflowError, PermissionError):
                continue
