"""Where an archive lies: a folder, or a bucket of something that speaks S3.

A file is there whole or not at all: it is written beside its place under another name and then put
there. What counts of an archive is what its manifest names, which is written last.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rowtrail.errors import RowtrailError
from rowtrail.history.parquet import HINT

#: What a file that is being written is called, in the archive's folder.
PART = ".part"

LOCK = ".lock"


class Place:
    """The place of an archive, and the files in it by their paths from there.

    Args:
        given: a folder, or s3://bucket/prefix; endpoint_override, scheme and region can stand in
            its query, and the keys are where all programs for S3 look for them.

    Raises:
        RowtrailError: it cannot be one, or pyarrow is not installed.
    """

    def __init__(self, given: str) -> None:
        try:
            import pyarrow as pa
            from pyarrow import fs
        except ImportError:
            raise RowtrailError(HINT) from None
        self._listing = fs.FileSelector
        self._is_file = fs.FileType.File
        self.is_local = "://" not in given
        if self.is_local:
            folder = Path(given).absolute()
            self.name, self._root = str(folder), str(folder)
            self._files: Any = fs.LocalFileSystem()
            return
        parts = urlsplit(given)
        # What stands in the query, or before the host, may be secret.
        self.name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")
        if parts.scheme != "s3" or not parts.netloc:
            raise RowtrailError(
                f"{self.name} is no place for an archive; name a folder or s3://bucket/prefix"
            )
        with self.explained("reach"):
            try:
                self._files, self._root = fs.FileSystem.from_uri(given)
            except pa.ArrowInvalid as error:
                raise RowtrailError(
                    f"{self.name} is no place for an archive: {one_line(error)}"
                ) from None
        self._root = self._root.rstrip("/")

    @contextmanager
    def explained(self, what: str) -> Iterator[None]:
        """Says which place it was that failed."""
        try:
            yield
        except OSError as error:
            raise RowtrailError(f"cannot {what} {self.name}: {one_line(error)}") from None

    def open(self, path: str) -> Any:
        """A file to read from, at any offset; FileNotFoundError if there is none."""
        return self._files.open_input_file(f"{self._root}/{path}")

    def read(self, path: str) -> bytes | None:
        """What is in a file; None if there is none."""
        try:
            with self.open(path) as file:
                return bytes(file.read())
        except FileNotFoundError:
            return None

    def files(self) -> list[str]:
        """The files that are there, without what rowtrail is writing just now."""
        listing = self._listing(self._root, recursive=True, allow_not_found=True)
        found = [
            one.path for one in self._files.get_file_info(listing) if one.type == self._is_file
        ]
        paths = sorted(path[len(self._root) + 1 :] for path in found)
        return [path for path in paths if path != LOCK and not path.endswith(PART)]

    @contextmanager
    def new_file(self) -> Iterator[Path]:
        """A file of this machine to write; `publish` puts it into the archive."""
        if self.is_local:
            file = Path(self._root) / f".{os.getpid()}{PART}"
            try:
                yield file
            finally:
                file.unlink(missing_ok=True)
            return
        folder = Path(tempfile.mkdtemp(prefix="rowtrail-archive-"))
        try:
            yield folder / "file"
        finally:
            shutil.rmtree(folder)

    def publish(self, file: Path, path: str) -> None:
        """Puts a file that was written to its place; then it is on the disk, or in the bucket."""
        if not self.is_local:
            # An object is there when all of it is, or not at all.
            with (
                file.open("rb") as whole,
                self._files.open_output_stream(f"{self._root}/{path}") as out,
            ):
                shutil.copyfileobj(whole, out, 1 << 20)
            return
        sync(file)
        target = Path(self._root) / path
        missing = [folder for folder in target.parents if not folder.exists()]
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
        for folder in (target.parent, *(one.parent for one in missing)):
            sync(folder)

    def write(self, path: str, content: bytes) -> None:
        """Puts a file with this content to its place, over one that is there."""
        with self.new_file() as file:
            file.write_bytes(content)
            self.publish(file, path)

    def delete(self, path: str) -> None:
        """Removes a file."""
        self._files.delete_file(f"{self._root}/{path}")
        if self.is_local:
            sync((Path(self._root) / path).parent)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps others on this machine, or on the same file system, from writing to the archive.

        What one that was killed was writing is removed. In a bucket there is no such lock.

        Raises:
            RowtrailError: somebody else writes to it.
        """
        if not self.is_local:
            yield
            return
        import fcntl

        folder = Path(self._root)
        with self.explained("write to"):
            folder.mkdir(parents=True, exist_ok=True)
            held = (folder / LOCK).open("w")
        with held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise RowtrailError(
                    f"another rowtrail archive writes to {self.name}; wait for its end"
                ) from None
            for left in folder.glob(f".*{PART}"):
                left.unlink()
            yield


def sync(path: Path) -> None:
    """What was written to a file, or which files are in a folder, is on the disk after this."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def one_line(error: BaseException) -> str:
    """What went wrong, in one line."""
    said = getattr(error, "strerror", None) or str(error)
    return " ".join(str(said).split())
