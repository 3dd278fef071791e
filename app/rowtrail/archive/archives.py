"""An archive of old months of the history, that is read and proven without a database.

What is in it files.py says. archiving.py writes it, check.py verifies it.
"""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, NamedTuple

from rowtrail.archive.files import LEAF, rows_of, versions_in
from rowtrail.archive.place import Place, one_line
from rowtrail.errors import RowtrailError
from rowtrail.proof import merkle
from rowtrail.proof.records import Version, leaf_of_anything, record, value_salt, values

MANIFEST = "manifest.json"

FORMAT = 1

#: What a file is of; each is a list in the manifest.
KINDS = ("files", "seals", "leaves")

#: How the paths of rowtrail's files begin.
OURS = ("table=", "ids/", "seals/")

#: What they are called; nothing else is rowtrail's to remove.
VERSIONS_NAME = re.compile(
    r"table=([0-9]{1,10})/month=([0-9]{4}-[0-9]{2})/versions-[0-9]+\.parquet"
)
NAMES = re.compile(
    rf"{VERSIONS_NAME.pattern}|seals/(seals|leaves)-[0-9]+\.parquet"
    r"|ids/table=[0-9]{1,10}/month=[0-9]{4}-[0-9]{2}/ids-[0-9]+\.parquet"
)

#: A part of the leaves of a seal has so many, but the last.
IN_PART = 65536


class Table(NamedTuple):
    """A table in the archive.

    Attributes:
        id: rowtrail.tables.id
        schema: as it was called when it was last archived.
        table: the same.
        name: both, quoted where SQL needs it.
        key: the columns of its key.
    """

    id: int
    schema: str
    table: str
    name: str
    key: list[str]


class Archive:
    """An archive, by its manifest.

    Args:
        place: where it lies.
        manifest: what it says; read from there without it.

    Raises:
        RowtrailError: there is none, or this rowtrail cannot read it.
    """

    def __init__(self, place: Place, manifest: dict[str, Any] | None = None) -> None:
        self.place = place
        if manifest is None:
            with place.explained("read"):
                content = place.read(MANIFEST)
            if content is None:
                raise RowtrailError(
                    f"there is no archive in {place.name}: it has no {MANIFEST}; "
                    "make one: rowtrail archive --month 2025-01 --to …"
                )
            self.hash = sha256(content).hexdigest()
            manifest = manifest_of(content, place)
        self.manifest = manifest
        self.codec = codec_of(manifest["encoding"])
        self.head: dict[str, Any] = manifest["head"]
        self.tables = [Table(int(id_), **one) for id_, one in manifest["tables"].items()]

    @contextmanager
    def parquet(self, path: str) -> Iterator[Any]:
        """An open file of Parquet.

        Raises:
            RowtrailError: it is not there, or cannot be read.
        """
        import pyarrow as pa
        from pyarrow import parquet

        try:
            with self.place.open(path) as file, parquet.ParquetFile(file) as found:
                yield found
        except FileNotFoundError:
            raise RowtrailError(
                f"{self.place.name}/{path} is missing; run: rowtrail verify --archive"
            ) from None
        except (OSError, pa.ArrowException) as error:
            raise RowtrailError(
                f"{self.place.name}/{path} cannot be read: {one_line(error)}; "
                "run: rowtrail verify --archive"
            ) from None

    def files_of(self, table: int | None = None) -> list[dict[str, Any]]:
        """What the manifest says of the files of versions, of all tables or of one."""
        return [one for one in self.manifest["files"] if table in (None, one["table"])]

    def table_named(self, name: str) -> Table:
        """The table that a person means, as SQL writes its name or as it stands.

        Raises:
            RowtrailError: there is none, or it could be either of two.
        """
        found = [
            one
            for one in self.tables
            if name in (one.name, one.table, f"{one.schema}.{one.table}", quoted(one.table))
        ]
        if not found:
            known = ", ".join(sorted(one.name for one in self.tables)) or "none"
            raise RowtrailError(
                f"there is no table {name} in the archive {self.place.name}; it has: {known}"
            )
        if len(found) > 1:
            names = " or ".join(sorted(one.name for one in found))
            raise RowtrailError(f"{name} could be {names}; write the one that you mean")
        return found[0]

    def versions_of_row(self, table: int, key: str) -> list[Version]:
        """The versions of a row, also those by which it got or lost this key, oldest first."""
        found: dict[int, Version] = {}
        for one in self.files_of(table):
            with self.parquet(one["path"]) as file:
                groups = groups_with(file, ("row_key", "old_key"), key)
                for v in versions_in(file, groups):
                    if key in (v.row_key, v.old_key):
                        found[v.id] = v
        return [found[id_] for id_ in sorted(found)]

    def version(self, id_: int) -> Version | None:
        """The version with this id, if it is in the archive."""
        for one in self.files_of():
            if one["first_id"] <= id_ <= one["last_id"]:
                with self.parquet(one["path"]) as file:
                    for v in versions_in(file, groups_with(file, ("id",), id_)):
                        if v.id == id_:
                            return v
        return None

    def versions_in(self, entry: dict[str, Any]) -> Iterator[Version]:
        """The versions in a file, by what the manifest says of it."""
        with self.parquet(entry["path"]) as file:
            yield from versions_in(file)

    def sealed(self) -> set[int]:
        """The numbers of the seals whose leaves the archive has."""
        found: set[int] = set()
        for one in self.manifest["leaves"]:
            with self.parquet(one["path"]) as file:
                found.update(file.read(columns=["seal"]).column("seal").to_pylist())
        return found

    def seals(self) -> Iterator[tuple[int, str]]:
        """The number and the text of each seal, in their order."""
        for one in self.manifest["seals"]:
            with self.parquet(one["path"]) as file:
                yield from rows_of(file)

    def leaves_of(self, seals: set[int]) -> dict[tuple[int, int], tuple[list[int], bytes]]:
        """The ids and the leaves of seals, by the numbers of the seal and of the part."""
        found = {}
        for one in self.manifest["leaves"]:
            low, high = one["first"], one["last"]
            if not any(low <= seal <= high for seal in seals):
                continue
            with self.parquet(one["path"]) as file:
                for seal, part, ids, leaves in rows_of(file):
                    if seal in seals:
                        found[seal, part] = ids, leaves
        return found

    def prove(self, version: int, head: int | None = None) -> dict[str, Any]:
        """What seals.prove() gives, out of the archive alone.

        Raises:
            RowtrailError: the version is not in it, or not what was sealed, or the seal of the
                digest is not in it.
        """
        v = self.version(version)
        if v is None:
            raise RowtrailError(f"there is no version {version} in the archive {self.place.name}")
        known = self.leaves_of({v.seal})
        part, place = divmod(v.place, IN_PART)
        ids, kept = known.get((v.seal, part), ([], b""))
        leaves = [kept[i : i + LEAF] for i in range(0, len(kept), LEAF)]
        if ids[place : place + 1] != [version] or (
            leaves[place : place + 1] != [leaf_of_anything(v, self.codec)]
        ):
            raise RowtrailError(
                f"version {version} is not what seal {v.seal} closed; "
                "run: rowtrail verify --archive"
            )
        parts = [self.root_of(of_part[1]) for _, of_part in sorted(known.items())]
        in_part, above = merkle.path(leaves, place), merkle.path(parts, part)
        shown = {
            place: {"salt": salt.hex(), "value": value}
            for place, value in sorted(values(v), key=lambda one: one[0].encode(self.codec))
            if v.salt is not None or v.erased_salts is not None
            if (salt := value_salt(v, place, self.codec)) is not None
        }
        return {
            "version": version,
            "record": base64.b64encode(record(v, self.codec)).decode(),
            **({"values": shown} if shown else {}),
            "index": v.place,
            "path": [one.hex() for one in in_part + above],
            **self.in_log(v.seal, head),
        }

    def root_of(self, leaves: bytes) -> bytes:
        """The root over leaves that lie one after the other."""
        return merkle.root([leaves[i : i + LEAF] for i in range(0, len(leaves), LEAF)])

    def prove_consistency(self, first: int, head: int | None) -> dict[str, Any]:
        """What seals.prove_consistency() gives, out of the archive alone.

        Raises:
            RowtrailError: one of them is not there, or they are the wrong way round.
        """
        proof = self.in_log(first, head)
        leaves = self.log(head or self.head["seal"])
        path = merkle.consistency(leaves, first - 1) if first > 1 and leaves else []
        return proof | {"consistency": [one.hex() for one in path]}

    def in_log(self, number: int, head: int | None) -> dict[str, Any]:
        """That a seal is in the log of a later one, or is that one itself."""
        last = self.head["seal"] if head is None else head
        if last < number:
            raise RowtrailError(f"seal {last} was made before seal {number}; name a later one")
        found = {one: text for one, text in self.seals() if one in (number, last)}
        for one in (number, last):
            if one not in found:
                raise RowtrailError(
                    f"there is no seal {one} in the archive {self.place.name}, "
                    f"which has those up to {self.head['seal']}"
                )
        path = [] if last == number else merkle.path(self.log(last), number - 1)
        return {
            "seal": found[number],
            "log_path": [one.hex() for one in path],
            "head": found[last],
        }

    def log(self, last: int) -> list[bytes]:
        """The leaves of the log before a seal."""
        return [
            merkle.leaf(sha256(text.encode()).digest()) for one, text in self.seals() if one < last
        ]


def manifest_of(content: bytes, place: Place) -> dict[str, Any]:
    """What a manifest says.

    Raises:
        RowtrailError: it is none, or one of a format that this rowtrail does not know.
    """
    try:
        manifest = json.loads(content)
        known = manifest["format"]
        if known == FORMAT:
            require_whole(manifest)
            return dict(manifest)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise RowtrailError(
            f"{place.name}/{MANIFEST} is not what rowtrail archive wrote; find it in a backup"
        ) from None
    raise RowtrailError(
        f"{place.name} is an archive of format {known}, which this rowtrail does not know "
        f"(it knows {FORMAT}); install the newer rowtrail: pip install -U rowtrail"
    )


def require_whole(manifest: dict[str, Any]) -> None:
    """Raises unless a manifest names what rowtrail names, each once and by its own path.

    What it names is read, and removed when it is written anew: no path may lead out of the archive.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it does not.
    """
    texts = [manifest["encoding"], manifest["head"]["text"], manifest["head"]["hash"]]
    numbers = [manifest["head"]["seal"]]
    paths = []
    for id_, table in manifest["tables"].items():
        texts += [table["schema"], table["table"], table["name"], *table["key"]]
        numbers.append(int(id_))
        if set(table) != {"schema", "table", "name", "key"}:
            raise ValueError(id_)
    for one in manifest["files"]:
        folder = f"table={one['table']}/month={one['month']}"
        paths += [
            (one["path"], f"{folder}/versions-{one['number']}.parquet"),
            (one["ids"], f"ids/{folder}/ids-{one['number']}.parquet"),
        ]
        texts += [one["month"], one["sha256"], one["ids_sha256"]]
        numbers += [one[name] for name in ("table", "number", "bytes", "rows")]
        numbers += [one["first_id"], one["last_id"], *one["left"]]
    for kind in ("seals", "leaves"):
        for one in manifest[kind]:
            paths.append((one["path"], f"seals/{kind}-{one['number']}.parquet"))
            texts.append(one["sha256"])
            numbers += [one["number"], one["first"], one["last"]]
    named = {(one["table"], one["month"]) for one in manifest["files"]}
    if (
        not all(isinstance(one, str) for one in texts)
        or not all(isinstance(one, int) for one in numbers)
        or not all(path == known and NAMES.fullmatch(path) for path, known in paths)
        or len({path for path, _ in paths}) < len(paths)
        or len(named) < len(manifest["files"])
    ):
        raise ValueError


def codec_of(encoding: str) -> str:
    """Python's name of an encoding of PostgreSQL's.

    Raises:
        RowtrailError: Python has none that is the same.
    """
    from psycopg2.extensions import encodings

    # What is not UTF-8 in such a database is no text of anybody's.
    codec = encodings.get(encoding) if encoding != "SQL_ASCII" else None
    if codec is None:
        raise RowtrailError(
            f"a database in the encoding {encoding} cannot be archived: "
            "what was sealed cannot be made again from text in UTF-8"
        )
    return str(codec)


def groups_with(file: Any, columns: tuple[str, ...], value: Any) -> list[int]:
    """The row groups in which one of the columns may have the value, by their statistics."""
    found = []
    numbers = [file.schema.names.index(name) for name in columns]
    for group in range(file.num_row_groups):
        about = file.metadata.row_group(group)
        for number in numbers:
            stats = about.column(number).statistics
            if stats is not None and stats.null_count == about.num_rows:
                continue
            # A text is compared by its characters here and by its bytes there: the same in UTF-8.
            if stats is None or not stats.has_min_max or stats.min <= value <= stats.max:
                found.append(group)
                break
    return found


def quoted(name: str) -> str:
    """A name as SQL writes it; one that needs no quotes may have them."""
    return name if re.fullmatch("[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'
