"""The history of one row out of an archive, as rowtrail.row_history() gives it of the database.

Columns are named as they were when a version was recorded: what they are called today the database
knows. Documents are the server's text, and are not parsed: 1.50 stays 1.50.
"""

import heapq
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import simplejson

from rowtrail.archive.archives import Archive, Table
from rowtrail.commands.reports import FETCHED
from rowtrail.commands.terminal import printable
from rowtrail.errors import RowtrailError
from rowtrail.history.answers import OPERATIONS
from rowtrail.proof.records import Version, fields

#: A longer key is kept as its beginning and its hash: rowtrail.short_key().
LONGEST_KEY, KEPT_OF_KEY = 1000, 200


def key_of(table: Table, given: str, codec: str) -> str:
    """The key as a version has it, from what a person wrote: rowtrail.key_from().

    Raises:
        RowtrailError: the key has several columns, and this is no JSON array of their values.
    """
    key = given
    if len(table.key) > 1 and not given.startswith("erased:"):
        try:
            read = simplejson.loads(
                given, parse_int=simplejson.RawJSON, parse_float=simplejson.RawJSON
            )
        except (ValueError, RecursionError):
            raise RowtrailError(
                f"a row of this table is named by a JSON array of {', '.join(table.key)}, "
                f"not by {printable(given[:KEPT_OF_KEY])}; for example: '[42, 1]'"
            ) from None
        key = simplejson.dumps(read, ensure_ascii=False)
    try:
        sent = key.encode(codec)
    except UnicodeEncodeError:
        raise RowtrailError(
            f"{printable(given[:KEPT_OF_KEY])} is the key of no row: it has "
            "characters that the database's encoding does not have"
        ) from None
    if len(sent) > LONGEST_KEY:
        key = f"{key[:KEPT_OF_KEY]}... sha256:{sha256(sent).hexdigest()}"
    return key


class RowHistory:
    """The versions of a row in an archive, newest first, without what people do not read as one.

    An update that moved the row to another partition is a delete and an insert; the insert is read
    as the update, and the delete is not read.

    Args:
        archive: which.
        table: of the row.
        key: of the row, as its versions have it.
    """

    def __init__(self, archive: Archive, table: Table, key: str) -> None:
        found = archive.versions_of_row(table.id, key)
        self._moved: dict[int, Version | None] = {}
        left: set[int] = set()
        for v in found:
            if v.op == "I" and v.old_key is not None:
                others = found if v.old_key == key else archive.versions_of_row(table.id, v.old_key)
                ends = [
                    one
                    for one in others
                    if one.op == "D"
                    and one.row_key == v.old_key
                    and one.id < v.id
                    and (one.era, one.xid) == (v.era, v.xid)
                ]
                self._moved[v.id] = ends[-1] if ends else None
                # All that went before it in this transaction were such halves.
                left |= {one.id for one in ends}
        self._versions = [v for v in reversed(found) if v.op not in ("T", "S") and v.id not in left]

    def for_people(self) -> Iterator[Any]:
        """Rows as of reports.VERSIONS_FOR_PEOPLE."""
        for v in self._versions:
            context = dict(fields(v.context)) if v.context is not None else {}
            reason = context.pop("reason", None)
            others = ", ".join(
                f"{json.dumps(n, ensure_ascii=False)}: {t}" for n, t in context.items()
            )
            said = [text_of(reason) if reason else "", "{" + others + "}" if others else ""]
            yield SimpleNamespace(
                changed_at=moment(v.changed_at),
                op=self.operation(v),
                actor=v.actor,
                login=v.login,
                old_key=v.old_key,
                row_key=v.row_key,
                moved=[None, None] if v.id in self._moved else None,
                id=v.id,
                erased=v.erased,
                said="  ".join(part for part in said if part),
                fields=[self.field(v, *one) for one in self.shown(v)],
            )

    def as_json(self) -> Iterator[tuple[int, str]]:
        """Rows as of reports.VERSIONS_AS_JSON, each with its id."""
        for v in self._versions:
            changes = self.changes(v)
            document = {
                "changed_at": json_moment(v.changed_at),
                "op": self.operation(v),
                "actor": v.actor,
                "login": v.login,
                "changes": None
                if changes is None
                else raw(
                    "{"
                    + ", ".join(
                        f"{json.dumps(name, ensure_ascii=False)}: [{old}, {new}]"
                        for name, old, new in changes
                    )
                    + "}"
                ),
                "data": raw(v.data),
                "row_key": v.row_key,
                "old_key": v.old_key,
                "context": raw(v.context),
                "xid": str(v.xid),
                "id": v.id,
                "moved": [None, None] if v.id in self._moved else None,
                "erased": v.erased,
            }
            yield v.id, simplejson.dumps(document, ensure_ascii=False, separators=(",", ":"))

    def operation(self, v: Version) -> str:
        """The word for what a version did."""
        return OPERATIONS["U" if v.id in self._moved else v.op]

    def changes(self, v: Version) -> list[tuple[str, str, str]] | None:
        """The columns that changed: name, old value, new value; None of what is no update."""
        new = dict(fields(v.data)) if v.data is not None else {}
        if v.id in self._moved:
            before = self._moved[v.id]
            old = dict(fields(before.data)) if before is not None and before.data else None
            if old is None:
                return None
            changed = {name: text for name, text in old.items() if new.get(name) != text}
            # A column that came with the move is no change of a value.
        elif v.old is None:
            return None
        else:
            changed = dict(fields(v.old))
        return [(name, old, new.get(name, "null")) for name, old in changed.items()] or None

    def shown(self, v: Version) -> Iterator[tuple[str, str | None, str]]:
        """The values that people see of a version; for an insert or a delete those of the row."""
        changes = self.changes(v)
        if changes is not None:
            yield from changes
        elif v.data is not None:
            for name, value in fields(v.data):
                yield name, None, value

    def field(self, v: Version, name: str, old: str | None, new: str) -> list[Any]:
        """A value as people see it: name, before and after, cut, each with its length."""
        erased = v.erased or ()
        before = "erased" if old is not None and f"old.{name}" in erased else old
        after = "erased" if f"data.{name}" in erased else new
        return [
            name,
            before[:FETCHED] if before is not None else None,
            len(before) if before is not None else None,
            after[:FETCHED],
            len(after),
        ]


def newest_first(
    database: Iterable[tuple[int, Any]], archive: Iterable[tuple[int, Any]]
) -> Iterator[Any]:
    """The versions of both, each once: where both have one, that of the database.

    Args:
        database: each version with its id, newest first.
        archive: the same.
    """
    ranked: Sequence[Iterable[tuple[int, int, Any]]] = (
        ((-id_, 0, row) for id_, row in database),
        ((-id_, 1, row) for id_, row in archive),
    )
    last = None
    for id_, _, row in heapq.merge(*ranked, key=lambda one: one[:2]):
        if id_ != last:
            yield row
        last = id_


def raw(document: str | None) -> Any:
    """A document as it stands."""
    return None if document is None else simplejson.RawJSON(document)


def text_of(value: str) -> str:
    """The characters of a JSON string, or the JSON of anything else."""
    return str(json.loads(value)) if value.startswith('"') else value


def moment(microseconds: int) -> datetime:
    """A time in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


def json_moment(microseconds: int) -> str:
    """A time as PostgreSQL writes it in JSON: without zeros at the end of the fraction."""
    at = moment(microseconds)
    fraction = f".{at.microsecond:06}".rstrip("0") if at.microsecond else ""
    return f"{at:%Y-%m-%dT%H:%M:%S}{fraction}+00:00"
