"""Whether an archive is what was sealed, with no database: each version, each seal, each digest."""

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import groupby
from struct import pack
from typing import Any, NamedTuple

from rowtrail.archive.archives import IN_PART, KINDS, MANIFEST, NAMES, OURS, Archive
from rowtrail.archive.files import LEAF, hash_of, rows_of, versions_in, written
from rowtrail.archive.place import one_line
from rowtrail.errors import RowtrailError
from rowtrail.proof import merkle
from rowtrail.proof.records import Version, is_as_erasing_leaves_it, leaf_of_anything
from rowtrail.proof.seals import compare_digests
from rowtrail.proof.signing import Verifier
from rowtrail.proof.verify import Finding

ASK = "find it in a backup of the archive, and ask who could write there"

#: Of a file so many versions are named.
NAMED = 1000

#: What a file is that is none of rowtrail's.
UNREADABLE = (RowtrailError, OSError, ValueError, KeyError, TypeError)


class Seal(NamedTuple):
    """What the text of a seal says of its versions."""

    versions: int
    leaves: str
    root: str


class Checking:
    """Looks whether an archive is as it was written.

    Args:
        archive: which.
        digests: of seals, that were kept elsewhere: where they are from, and their lines.
        verifier: of the signature that each must have; without it none is asked for.

    Attributes:
        versions: how many were looked at.
    """

    def __init__(
        self,
        archive: Archive,
        digests: Iterable[tuple[str, list[str]]] = (),
        verifier: Verifier | None = None,
    ) -> None:
        self.archive, self.digests, self.verifier = archive, list(digests), verifier
        self.versions = self.files = 0
        self._sealed: dict[int, Seal] = {}
        self._sound: set[int] = set()
        # Of the file before: months that one seal closes are beside each other.
        self._leaves_of: set[int] = set()
        self._leaves: dict[tuple[int, int], tuple[list[int], bytes]] = {}

    def findings(self) -> Iterator[Finding]:
        """What is not as it was written; the seals come first, since the rest stands on them."""
        yield from self.strangers()
        yield from self.check_seals()
        yield from self.check_leaves()
        for entry in self.archive.files_of():
            yield from self.check_file(entry)

    def strangers(self) -> Iterator[Finding]:
        """Files that are there and not named, or hold something else than what was written."""
        manifest = self.archive.manifest
        named = {one["path"]: one["sha256"] for kind in KINDS for one in manifest[kind]}
        named |= {one["ids"]: one["ids_sha256"] for one in manifest["files"]}
        for path in self.archive.place.files():
            if path not in named and path.startswith(OURS):
                yield fault(
                    path,
                    "is there, and the manifest does not name it: what a run wrote that was ended, "
                    "or somebody else",
                    "rowtrail archive removes it when it is run again"
                    if NAMES.fullmatch(path)
                    else "remove it, unless you know whose it is: programs read it as history",
                )
        for path, known in named.items():
            try:
                with self.archive.place.open(path) as file:
                    is_same = hash_of(file) == known
            except FileNotFoundError:
                yield fault(path, "is missing")
                continue
            except OSError as error:
                yield fault(path, f"cannot be read: {one_line(error)}")
                continue
            self.files += 1
            if not is_same:
                yield fault(path, "is not what was written: its hash is another")

    def check_seals(self) -> Iterator[Finding]:
        """Whether each seal follows the one before, and is in the log; and the digests."""
        wanted = self.wanted()
        said = {number for _, lines in self.digests for number in numbers_in(lines)}
        known: dict[int, str] = {}
        peaks: list[bytes] = []
        previous, last, size = "00" * LEAF, 0, 0
        try:
            for number, text in self.archive.seals():
                if number != last + 1:
                    yield fault(f"seal {last + 1}", "is missing")
                last = number
                about = said_by(text)
                if about.get("seal") != str(number) or about.get("previous") != previous:
                    yield fault(f"seal {number}", "does not follow the seal before it")
                if about.get("log") != root_of_peaks(peaks).hex():
                    yield fault(f"seal {number}", "does not have its place in the log of the seals")
                hashed = sha256(text.encode())
                previous = hashed.hexdigest()
                add_leaf(peaks, size, merkle.leaf(hashed.digest()))
                size += 1
                if number in said:
                    known[number] = text
                if number in wanted:
                    self._sealed[number] = Seal(
                        int(about.get("versions", -1)),
                        about.get("leaves", ""),
                        about.get("root", ""),
                    )
        except UNREADABLE as error:
            yield fault("the seals", f"cannot be read: {one_line(error)}")
        head = self.archive.head
        if (head.get("seal"), head.get("hash")) != (last, previous):
            yield fault(MANIFEST, f"names another last seal than the last that is there, {last}")
        for source, lines in self.digests:
            yield from self.check_digests(source, lines, known, last)

    def wanted(self) -> set[int]:
        """The seals whose leaves the archive has."""
        found: set[int] = set()
        for one in self.archive.manifest["leaves"]:
            try:
                with self.archive.parquet(one["path"]) as file:
                    found.update(file.read(columns=["seal"]).column("seal").to_pylist())
            except UNREADABLE:
                # check_leaves() says so.
                continue
        return found

    def check_digests(
        self, source: str, lines: list[str], known: dict[int, str], last: int
    ) -> Iterator[Finding]:
        """Whether the digests that were kept elsewhere are of these seals."""

        def find(number: int) -> dict[str, Any] | None:
            text = known.get(number)
            if text is None:
                return None
            return {"seal": number, "text": text, "hash": sha256(text.encode()).hexdigest()}

        held = [line for line in lines if (n := number_in(line)) is None or n <= last]
        yield from compare_digests(find, held, source, self.verifier)
        compared = max((number for number in numbers_in(held)), default=0)
        if compared == 0 and any(line.strip() for line in lines):
            problem = f"has only digests of seals after {last}, the last of the archive"
            mend = "give older digests too, or archive again, which brings the seals since"
            yield Finding("digest", source, problem, mend, True)
        elif 0 < compared < last:
            problem = f"its last digest is of seal {compared}: no digest holds those after it"
            yield Finding("digest", source, problem, "give a later one", False)

    def check_leaves(self) -> Iterator[Finding]:
        """Whether the leaves are those that the seals were made of."""
        for one in self.archive.manifest["leaves"]:
            try:
                with self.archive.parquet(one["path"]) as file:
                    for number, parts in parts_by_seal(file):
                        seal = self._sealed.get(number)
                        if seal is None or not are_of(seal, parts):
                            yield fault(
                                f"seal {number}", "does not have the leaves that it was made of"
                            )
                        else:
                            self._sound.add(number)
            except UNREADABLE as error:
                yield fault(one["path"], f"cannot be read: {one_line(error)}")

    def check_file(self, entry: dict[str, Any]) -> Iterator[Finding]:
        """Whether the versions of a file are those that were sealed, and all of them are there."""
        seen: set[int] = set()
        try:
            with self.archive.parquet(entry["ids"]) as file:
                expected = set(file.read().column("id").to_pylist())
        except UNREADABLE as error:
            yield fault(entry["ids"], f"cannot be read: {one_line(error)}")
            expected = set()
        problems = 0
        try:
            with self.archive.parquet(entry["path"]) as file:
                seals = set(file.read(columns=["seal"]).column("seal").to_pylist())
                if self._leaves_of != seals & self._sound:
                    self._leaves_of = seals & self._sound
                    self._leaves = self.archive.leaves_of(self._leaves_of)
                for v in versions_in(file):
                    self.versions += 1
                    problem = self.problem(v, entry, expected, seen)
                    seen.add(v.id)
                    if problem is not None:
                        problems += 1
                        if problems <= NAMED:
                            yield fault(self.named(v, entry), problem)
        except UNREADABLE as error:
            yield fault(entry["path"], f"cannot be read: {one_line(error)}")
        for id_ in sorted(expected - seen)[: max(NAMED - problems, 0)]:
            yield fault(f"version {id_} of {self.file(entry)}", "is missing: it was archived")
        problems += len(expected - seen)
        if problems > NAMED:
            yield fault(
                entry["path"], f"and {problems - NAMED:,} more of its versions are not right"
            )

    def problem(
        self,
        v: Version,
        entry: dict[str, Any],
        expected: set[int],
        seen: set[int],
    ) -> str | None:
        """What is wrong with a version, if something is."""
        if v.id in seen:
            return "is there twice"
        if v.seal not in self._sound:
            return f"cannot be proven: the leaves of seal {v.seal} are missing, or not right"
        part, place = divmod(v.place, IN_PART)
        ids, kept = self._leaves.get((v.seal, part), ([], b""))
        if v.place < 0 or ids[place : place + 1] != [v.id]:
            return (
                f"has not the place that it has in seal {v.seal}"
                if v.id in expected
                else f"was added: seal {v.seal} has no such version"
            )
        if leaf_of_anything(v, self.archive.codec) != kept[LEAF * place : LEAF * (place + 1)]:
            return f"is not what seal {v.seal} closed"
        if not is_as_erasing_leaves_it(v):
            return "is not what erasing leaves: it has a value, or a text, that nothing proves"
        if v.id not in expected:
            return "was added: it was not archived in this file"
        if v.table_id != entry["table"] or written(v.changed_at)[:7] != entry["month"]:
            return "is in the file of another table or month"
        return None

    def named(self, v: Version, entry: dict[str, Any]) -> str:
        """A version, as people are told of it."""
        return f"version {v.id} of {self.file(entry)}, key {v.row_key}"

    def file(self, entry: dict[str, Any]) -> str:
        """The table and month of a file, as people are told of them."""
        names = {one.id: one.name for one in self.archive.tables}
        return f"{names.get(entry['table'], entry['table'])} in {entry['month']}"


def fault(what: str, problem: str, mend: str = ASK) -> Finding:
    """Something that is wrong with an archive."""
    return Finding("archive", what, problem, mend, True)


def said_by(text: str) -> dict[str, str]:
    """What the text of a seal says, by its words."""
    lines = (line.partition(" ") for line in text.splitlines()[1:])
    return {name: value for name, _, value in lines}


def number_in(line: str) -> int | None:
    """The number of the seal that a digest is of; None where it is no digest."""
    try:
        return int(json.loads(line)["seal"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def numbers_in(lines: Iterable[str]) -> set[int]:
    """The numbers of the seals that digests are of."""
    return {number for line in lines if (number := number_in(line)) is not None}


def parts_by_seal(file: Any) -> Iterator[tuple[int, list[tuple[int, list[int], bytes]]]]:
    """The parts of the leaves of each seal: part, ids, leaves."""
    for seal, rows in groupby(rows_of(file), key=lambda row: row[0]):
        yield seal, [row[1:] for row in rows]


def are_of(seal: Seal, parts: list[tuple[int, list[int], bytes]]) -> bool:
    """Whether a seal was made of these leaves: rowtrail.leaves_hash() and seal_root()."""
    if [part for part, _, _ in parts] != list(range(len(parts))):
        return False
    hashes = (sha256(leaves + array_sent(ids)).digest() for _, ids, leaves in parts)
    roots = [
        merkle.root([leaves[i : i + LEAF] for i in range(0, len(leaves), LEAF)])
        for _, _, leaves in parts
    ]
    return (
        sum(len(ids) for _, ids, _ in parts) == seal.versions
        and sha256(b"".join(hashes)).hexdigest() == seal.leaves
        and merkle.root(roots).hex() == seal.root
    )


def array_sent(ids: list[int]) -> bytes:
    """An array of bigints as PostgreSQL's array_send() gives it."""
    head = pack(">iiIii", 1, 0, 20, len(ids), 1)
    return head + b"".join(pack(">iq", 8, id_) for id_ in ids)


def add_leaf(peaks: list[bytes], size: int, leaf: bytes) -> None:
    """Adds a leaf to the peaks of a tree of so many, as rowtrail.with_leaf() does."""
    while size % 2:
        leaf = merkle.node(peaks.pop(), leaf)
        size //= 2
    peaks.append(leaf)


def root_of_peaks(peaks: list[bytes]) -> bytes:
    """The root of the tree that has these peaks, as rowtrail.peaks_root() gives it."""
    if not peaks:
        return sha256(b"").digest()
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = merkle.node(peak, root)
    return root
