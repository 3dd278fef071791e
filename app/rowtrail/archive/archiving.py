"""Brings months of the history into an archive, and takes out of the database what is archived.

A month is one transaction of the database, which only reads. Its files are written first and read
back, then the manifest that names them. Who is killed meanwhile leaves files that no manifest
names; the next one removes them, and goes on.
"""

import heapq
import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, text

from rowtrail import __version__
from rowtrail.archive import source
from rowtrail.archive.archives import (
    FORMAT,
    KINDS,
    MANIFEST,
    NAMES,
    VERSIONS_NAME,
    Archive,
    codec_of,
    manifest_of,
)
from rowtrail.archive.files import (
    LEAF,
    VersionsFile,
    hash_of,
    write_ids,
    write_leaves,
    write_seals,
    written,
)
from rowtrail.archive.place import Place
from rowtrail.errors import RowtrailError
from rowtrail.proof.records import Version, is_as_erasing_leaves_it, leaf, leaf_of_anything

Tell = Callable[[int, int], object]


class Done(NamedTuple):
    """A month of a table that is in the archive, and there as in the database.

    Attributes:
        month: as 2025-01.
        table: its name.
        versions: how many are in the archive.
        written: how many of them were not there before, or not without what was erased since.
        bytes: of its file.
        path: of its file, in the archive.
    """

    month: str
    table: str
    versions: int
    written: int
    bytes: int
    path: str


@dataclass
class Kept:
    """What is in the archive of a table in a month, by what is in its file.

    Attributes:
        entry: what the manifest says of the file; None where there is none.
        leaves: of the versions, by their ids.
        erased: the places of values that were erased, by the ids of the versions that have some.
        seals: that close them.
        written: how many versions were written in this run.
    """

    entry: dict[str, Any] | None = None
    leaves: dict[int, bytes] = field(default_factory=dict)
    erased: dict[int, list[str]] = field(default_factory=dict)
    seals: set[int] = field(default_factory=set)
    written: int = 0


class Archiving:
    """Brings months of one database into one archive.

    Args:
        engine: connects as somebody who may read the history.
        place: of the archive; it may be empty.
        tables: the numbers of the tables that are wanted; None for all.
        with_erasable: whether also those whose values can be erased.
        tell: is told how many versions of a month are written, and of how many.

    Attributes:
        left: what stays in the database and why, by the table's name and the reason.
        ids: of the versions that were compared with the archive, by the table's number.
        archived_months: that are in the archive, in the order in which they were asked for.
    """

    def __init__(
        self,
        engine: Engine,
        place: Place,
        tables: Sequence[int] | None = None,
        with_erasable: bool = False,
        tell: Tell = lambda *_: None,
    ) -> None:
        self.engine, self.place, self.tell = engine, place, tell
        self.wanted, self.with_erasable = tables, with_erasable
        self.left: dict[tuple[str, str], int] = {}
        self.ids: dict[int, array[int]] = {}
        self.tables: dict[int, Any] = {}
        self.manifest: dict[str, Any] = {}
        self.outdated: list[str] = []
        self.archived_months: list[str] = []
        self.codec = "utf-8"

    def months(self, given: Sequence[str], before: str | None) -> list[str]:
        """The months that are meant, in their order.

        Raises:
            RowtrailError: one of them is not over, by the server's clock.
        """
        with source.reading(self.engine) as connection:
            this = f"{connection.execute(text(source.ABOUT)).one().this_month:%Y-%m}"
            for month in given:
                if month >= this:
                    raise RowtrailError(
                        f"{month} is not over, and only whole months are archived; "
                        f"name one before {this}"
                    )
            if before is not None and before > this:
                raise RowtrailError(
                    f"what is before {before} is not over; the last that is, is --before {this}"
                )
            asked = {"before": before or "0001-01"}
            found = set(connection.scalars(text(source.MONTHS), asked)) if before else set()
        return sorted(found | set(given))

    def archive(self, month: str) -> list[Done]:
        """Brings a month into the archive and compares it; gives each table that is there.

        Raises:
            RowtrailError: the archive is of another history, or not what was sealed; or something
                of the month is in no seal.
        """
        with self.place.explained("write to"), source.reading(self.engine) as connection:
            last = self.begin(connection)
            found = self.find(connection, month)
            known = {table: self.kept(table, month) for table in found}
            wanted = self.missing(connection, month, found, known)
            progress = Progress(self.tell, sum(found[table].versions for table in wanted))
            for table, rows in (
                source.versions_of_month(connection, month, found, wanted) if wanted else ()
            ):
                self.write(month, table, progress.count(rows), known[table], wanted[table], last)
            for one in known.values():
                self.note_ids(one)
            self.publish(connection, last, set().union(*(one.seals for one in known.values())))
        self.archived_months.append(month)
        return [
            Done(
                month,
                self.name(table),
                one.entry["rows"],
                one.written,
                one.entry["bytes"],
                one.entry["path"],
            )
            for table, one in known.items()
            if one.entry is not None
        ]

    def begin(self, connection: Connection) -> dict[str, Any]:
        """Reads the manifest, if there is one, and the database's last seal, which it gives."""
        about = connection.execute(text(source.ABOUT)).one()
        self.codec = codec_of(about.encoding)
        last = connection.execute(text(source.SEAL), {"seal": None}).one_or_none()
        if last is None:
            raise RowtrailError(
                "only what is sealed is archived, and there is no seal; run: rowtrail seal"
            )
        self.tables = {one.id: one for one in connection.execute(text(source.TABLES))}
        content = self.place.read(MANIFEST)
        if content is None:
            self.manifest = {"format": FORMAT, "encoding": about.encoding, "tables": {}}
            self.manifest |= {kind: [] for kind in KINDS}
        else:
            self.manifest = manifest_of(content, self.place)
            self.require_same(connection, about.database)
        cluster = last.text.partition("\ncluster ")[2].partition("\n")[0]
        self.manifest |= {
            "rowtrail": __version__,
            "origin": {"database": about.origin, "system_identifier": cluster},
        }
        self.remove_strangers(connection)
        return dict(last._mapping)

    def require_same(self, connection: Connection, database: str) -> None:
        """Raises unless the last seal of the archive is one of this database."""
        head = self.manifest["head"]
        same = connection.execute(text(source.SEAL), {"seal": head["seal"]}).one_or_none()
        if same is None or (same.text, same.hash) != (head["text"], head["hash"]):
            raise RowtrailError(
                f"{self.place.name} is the archive of another history: its seal {head['seal']} is "
                f"none of the database {database}; name another place with --to"
            )

    def remove_strangers(self, connection: Connection) -> None:
        """Removes what a run that was ended left: files that the manifest does not name.

        Raises:
            RowtrailError: one has versions that are nowhere else. That is none of these: the
                manifest was lost, or an older one was put back, since they were retired.
        """
        named = {one["path"] for kind in KINDS for one in self.manifest[kind]}
        named |= {one["ids"] for one in self.manifest["files"]}
        strangers = [
            path
            for path in self.place.files()
            if path not in named and NAMES.fullmatch(path) is not None
        ]
        for path in strangers:
            if only := self.only_in(connection, path):
                raise RowtrailError(
                    f"{self.place.name}/{path} has {only:,} versions that neither {MANIFEST} names "
                    f"nor the database has, so it is not removed; put the newest {MANIFEST} of "
                    "this archive back, or take the file elsewhere"
                )
        for path in strangers:
            self.place.delete(path)

    def only_in(self, connection: Connection, path: str) -> int:
        """How many versions a file has that neither the manifest names nor the database has."""
        import pyarrow as pa
        from pyarrow import compute

        of = VERSIONS_NAME.fullmatch(path)
        if of is None:
            return 0
        table, month = int(of[1]), of[2]
        archive = self.archived()
        try:
            with archive.parquet(path) as file:
                ids = file.read(columns=["id"]).column("id")
        except (RowtrailError, KeyError):
            # It is no file of versions.
            return 0
        known = array("q")
        for entry in archive.files_of(table):
            if entry["month"] == month:
                known.extend(entry["left"])
                with archive.parquet(entry["path"]) as file:
                    known.extend(file.read(columns=["id"]).column("id").to_pylist())
        asked = {"table": table, "month": month}
        known.extend(row.id for row in source.stream(connection, source.THERE, asked))
        found = compute.sum(compute.is_in(ids, value_set=pa.array(known, pa.int64()))).as_py() or 0
        return len(ids) - int(found)

    def find(self, connection: Connection, month: str) -> dict[int, Any]:
        """What there is to archive, by the table's number; notes what is left."""
        found = {}
        for one in connection.execute(text(source.FOUND), {"month": month}):
            if self.wanted is not None and one.table_id not in self.wanted:
                continue
            if one.imported:
                self.leave(one.table_id, "imported, and in no seal", one.imported)
            known = self.tables.get(one.table_id)
            if known is not None and known.is_erasable and not self.with_erasable:
                if one.versions:
                    why = "of a table whose values can be erased (--with-erasable)"
                    self.leave(one.table_id, why, one.versions)
            elif one.versions:
                found[one.table_id] = one
        return found

    def leave(self, table: int, why: str, versions: int) -> None:
        """Notes that versions stay in the database."""
        named = self.name(table), why
        self.left[named] = self.left.get(named, 0) + versions

    def name(self, table: int) -> str:
        """The name of a table, by its number."""
        return self.tables[table].name if table in self.tables else f"table {table}"

    def kept(self, table: int, month: str) -> Kept:
        """What the archive has of a table in a month."""
        found = Kept()
        for entry in self.manifest["files"]:
            if (entry["table"], entry["month"]) == (table, month):
                found.entry = entry
                for v in self.archived().versions_in(entry):
                    # None of what anybody wrote there is a leaf that a seal has.
                    is_right = is_as_erasing_leaves_it(v)
                    of = leaf_of_anything(v, self.codec) if is_right else None
                    found.leaves[v.id] = of or NO_LEAF
                    found.seals.add(v.seal)
                    if v.erased is not None:
                        found.erased[v.id] = v.erased
        return found

    def archived(self) -> Archive:
        """The archive as it is so far, by what is to be its manifest."""
        return Archive(self.place, {"head": {}} | self.manifest)

    def missing(
        self, connection: Connection, month: str, found: dict[int, Any], known: dict[int, Kept]
    ) -> dict[int, list[int] | None]:
        """The tables of which there is something to write, each with the ids; None for all of it.

        Raises:
            RowtrailError: the archive has something else than what was sealed.
        """
        there = [table for table in found if known[table].entry is not None]
        ids: dict[int, list[int]] = {}
        asked = source.span(found, there) | {"month": month, "tables": there} if there else {}
        for table, id_, sealed, erased in (
            source.stream(connection, source.IDS, asked) if there else ()
        ):
            of = known[table]
            if id_ not in of.leaves:
                if id_ not in (of.entry or {})["left"]:
                    ids.setdefault(table, []).append(id_)
            elif bytes(sealed or b"") != of.leaves[id_]:
                raise RowtrailError(
                    f"version {id_} in the archive {self.place.name} is not what was sealed; "
                    "run: rowtrail verify --archive"
                )
            elif erased != of.erased.get(id_):
                ids.setdefault(table, []).append(id_)
        return {
            table: None if known[table].entry is None else ids[table]
            for table in found
            if known[table].entry is None or table in ids
        }

    def write(
        self,
        month: str,
        table: int,
        rows: Iterable[tuple[Version, bytes]],
        known: Kept,
        anew: list[int] | None,
        last: dict[str, Any],
    ) -> None:
        """Writes the file of a table in a month, with what the archive had, and reads it back."""
        before = known.entry
        left: list[int] = list(before["left"]) if before else []
        rows = self.provable(table, rows, left)
        if before is not None:
            replaced = set(anew or ())
            old = (
                (v, known.leaves[v.id])
                for v in self.archived().versions_in(before)
                if v.id not in replaced
            )
            rows = heapq.merge(old, rows, key=lambda one: order_of(one[0]))
        ids, leaves, rest, seals = array("q"), bytearray(), sha256(), set()
        with self.place.new_file() as file:
            out = VersionsFile(file, self.about(table, month, last))
            for v, sealed in rows:
                out.add(v)
                ids.append(v.id)
                leaves += sealed
                rest.update(repr(v[ERASED:]).encode())
                seals.add(v.seal)
            out.close()
            entry = self.put(file, month, table, ids, before) if ids else None
        if entry is not None:
            entry |= {
                "first": written(out.first or 0),
                "last": written(out.last or 0),
                "left": left,
            }
            self.read_back(entry, ids, leaves, rest.digest())
            self.manifest["files"].append(entry)
        if before is not None:
            self.manifest["files"].remove(before)
            self.outdated += [before["path"], before["ids"]]
        known.entry, known.seals = entry, seals
        known.leaves = {}
        known.written = len(ids) if anew is None else len(anew)
        self.ids.setdefault(table, array("q")).extend(ids)

    def provable(
        self, table: int, rows: Iterable[tuple[Version, bytes]], left: list[int]
    ) -> Iterator[tuple[Version, bytes]]:
        """The versions that can be proven; notes those that cannot: they were erased by force.

        Raises:
            RowtrailError: one is in no seal.
        """
        for v, sealed in rows:
            if not sealed:
                raise RowtrailError(
                    f"version {v.id} of {self.name(table)} is in no seal yet, and only what is "
                    "sealed is archived; run: rowtrail seal"
                )
            if v.erased is not None and leaf(v, self.codec) != sealed:
                left.append(v.id)
                self.leave(table, "erased by force, so that they cannot be proven", 1)
                continue
            yield v, sealed

    def about(self, table: int, month: str, last: dict[str, Any]) -> dict[str, Any]:
        """What a file says of itself, in its Parquet metadata."""
        known = self.tables.get(table)
        return {
            "format": FORMAT,
            "rowtrail": __version__,
            "origin": self.manifest["origin"],
            "encoding": self.manifest["encoding"],
            "table_id": table,
            "table": self.name(table),
            "key": list(known.key) if known else [],
            "month": month,
            "digest": last,
        }

    def put(
        self, file: Any, month: str, table: int, ids: "array[int]", before: dict[str, Any] | None
    ) -> dict[str, Any]:
        """Puts a file of versions and that of its ids to their places; gives what to note."""
        number = before["number"] + 1 if before else 1
        folder = f"table={table}/month={month}"
        entry = {
            "table": table,
            "month": month,
            "number": number,
            "path": f"{folder}/versions-{number}.parquet",
            "sha256": hash_of_file(file),
            "bytes": file.stat().st_size,
            "rows": len(ids),
            "first_id": min(ids),
            "last_id": max(ids),
            "ids": f"ids/{folder}/ids-{number}.parquet",
        }
        self.place.publish(file, entry["path"])
        with self.place.new_file() as of_ids:
            write_ids(of_ids, ids)
            entry["ids_sha256"] = hash_of_file(of_ids)
            self.place.publish(of_ids, entry["ids"])
        return entry

    def read_back(
        self, entry: dict[str, Any], ids: "array[int]", leaves: bytearray, rest: bytes
    ) -> None:
        """Compares a file as it lies in the archive with what the database has.

        Raises:
            RowtrailError: it has something else.
        """
        path = f"{self.place.name}/{entry['path']}"
        found = 0
        hashed = sha256()
        for v in self.archived().versions_in(entry):
            sealed = leaves[LEAF * found : LEAF * (found + 1)]
            if found >= len(ids) or v.id != ids[found] or leaf(v, self.codec) != sealed:
                raise RowtrailError(
                    f"version {v.id} is not in {path} as it was sealed, so nothing is archived; "
                    "run: rowtrail verify, which says whether it is so in the database"
                )
            hashed.update(repr(v[ERASED:]).encode())
            found += 1
        if found != len(ids) or hashed.digest() != rest:
            raise RowtrailError(
                f"{path} is not what was written to it, so nothing is archived; look at the disk"
            )

    def note_ids(self, known: Kept) -> None:
        """Notes what was in the archive already, and was compared, as that."""
        if known.entry is not None and known.leaves:
            self.ids.setdefault(known.entry["table"], array("q")).extend(known.leaves)

    def publish(self, connection: Connection, last: dict[str, Any], seals: set[int]) -> None:
        """Writes what proves the month, then the manifest, and removes what it names no more."""
        before = self.manifest.get("head", {}).get("seal", 0)
        if before < last["seal"]:
            asked = {"after": before, "last": last["seal"]}
            self.put_proof("seals", last, asked, connection)
        known = self.archived().sealed()
        if new := sorted(seals - known):
            self.put_proof("leaves", last, {"seals": new}, connection)
        for table in {one["table"] for one in self.manifest["files"]}:
            if table in self.tables:
                of = self.tables[table]
                self.manifest["tables"][str(table)] = {
                    "schema": of.schema, "table": of.table, "name": of.name, "key": list(of.key),
                }  # fmt: skip
        self.manifest["head"] = last
        content = json.dumps(self.manifest, ensure_ascii=False, indent=1).encode() + b"\n"
        if content != self.place.read(MANIFEST):
            self.place.write(MANIFEST, content)
        for path in self.outdated:
            self.place.delete(path)
        self.outdated.clear()

    def put_proof(
        self, kind: str, last: dict[str, Any], asked: dict[str, Any], connection: Connection
    ) -> None:
        """Writes a file of the texts of seals, or of the leaves of seals, and notes it."""
        number = 1 + max((one["number"] for one in self.manifest[kind]), default=0)
        path = f"seals/{kind}-{number}.parquet"
        entry: dict[str, Any] = {"number": number, "path": path}
        with self.place.new_file() as file:
            if kind == "seals":
                write_seals(file, map(tuple, source.stream(connection, source.SEALS, asked)))
                entry |= {"first": asked["after"] + 1, "last": last["seal"]}
            else:
                rows = source.stream(connection, source.LEAVES, asked)
                write_leaves(file, ((*row[:3], bytes(row[3])) for row in rows))
                entry |= {"first": asked["seals"][0], "last": asked["seals"][-1]}
            entry["sha256"] = hash_of_file(file)
            self.place.publish(file, path)
        self.manifest[kind].append(entry)


class Progress:
    """Tells how many versions of a month were written, and of how many."""

    def __init__(self, tell: Tell, total: int) -> None:
        self.tell, self.total, self.done = tell, total, 0

    def count(self, rows: Iterable[Any]) -> Iterator[Any]:
        """The rows, each counted as it passes."""
        for row in rows:
            self.done += 1
            if self.done % 1000 == 0:
                self.tell(self.done, self.total)
            yield row


#: Stands for the leaf of what is no version; no seal has it.
NO_LEAF = b"none"

#: From this column on a version has what no leaf holds.
ERASED = Version._fields.index("erased")


def order_of(v: Version) -> tuple[bytes, int, int]:
    """What the versions of a file are sorted by."""
    return v.row_key.encode(), v.changed_at, v.id


def hash_of_file(file: Any) -> str:
    """SHA-256 of a file of this machine, in hexadecimal."""
    with file.open("rb") as content:
        return hash_of(content)
