"""What is sealed of a version, byte by byte as the database makes it, from its values alone.

A record is what PostgreSQL's record_send() gives of the columns (sql/seals.sql), or, of a version
that was sealed by commitments, of them and the commitments (sql/commitments.sql). Documents are the
server's own text and are never parsed: 1.50 would become 1.5.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from struct import Struct
from struct import error as struct_error
from typing import NamedTuple

#: From 1970, from which the archive counts, to 2000, from which PostgreSQL does.
EPOCH = 946_684_800_000_000  # microseconds

#: The types of the columns, by their oids.
CHAR, TEXT, OID, TID, BOOL, BYTEA, JSONB = 18, 25, 26, 27, 16, 17, 3802

#: id, changed_at, xid, table_id, era, each with its type and length before it.
NUMBERS = Struct(">i IIq IIq IIQ IIi IIi".replace(" ", ""))
FIELD = Struct(">Ii")
OID_FIELD = Struct(">III")
TID_FIELD = Struct(">IIIH")
LENGTH = Struct(">i")

NO_OID, NO_TID, NO_TEXT, NO_JSONB = (FIELD.pack(of, -1) for of in (OID, TID, TEXT, JSONB))
IS_TRUE, IS_FALSE = (FIELD.pack(BOOL, 1) + one for one in (b"\1", b"\0"))

#: What stands for a key that was erased, by the erasure.
ERASED_KEY = re.compile(r"erased:[0-9]+")

#: What a JSON document is made of, but the characters of numbers and words.
TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},:]', re.DOTALL)


class Version(NamedTuple):
    """A version as the archive has it, by the names and in the order of its columns there.

    Attributes:
        changed_at: in microseconds since 1970.
        seal: the number of the seal that closes it.
        place: its place among the leaves of that seal, from 0.
        salt: of a version that is sealed by commitments.
        erased_salts: of the values that are left where some were erased, as JSON.
        erased_commitments: to those that were erased, as JSON.
    """

    id: int
    changed_at: int
    xid: int
    table_id: int
    era: int
    file: int | None
    early_in: int | None
    old_ctid: str | None
    new_ctid: str | None
    op: str
    row_key: str
    old_key: str | None
    actor: str | None
    login: str
    data: str | None
    old: str | None
    verbatim: str | None
    context: str | None
    erased: list[str] | None
    seal: int
    place: int
    salt: bytes | None
    erased_salts: str | None
    erased_commitments: str | None


def leaf(v: Version, codec: str) -> bytes:
    """The leaf of a version in the tree of its seal; codec is of the database's encoding."""
    return sha256(b"\0" + record(v, codec)).digest()


def leaf_of_anything(v: Version, codec: str) -> bytes | None:
    """The leaf of what lies in a file that anybody may have written; None where it has none."""
    try:
        return leaf(v, codec)
    except (struct_error, ValueError, TypeError, AttributeError, RecursionError):
        return None


def is_as_erasing_leaves_it(v: Version) -> bool:
    """Whether a version, whose leaf is right, has nothing beside what its leaf proves.

    In the place of an erased value its commitment proves the leaf, whatever the value is; so there
    has to be what rowtrail.erase() leaves. And of a version with commitments no leaf has the text
    of a document: it has to be the server's, with each name once.
    """
    known = json.loads(v.erased_commitments) if v.erased_commitments is not None else {}
    # Of what was erased before it was sealed the leaf is that of what was left.
    erased = set(v.erased or ())
    is_salted = v.salt is not None or v.erased_salts is not None
    if not erased.issuperset(known) or (known and (v.erased_salts is None or v.salt is not None)):
        return False
    for text in (v.data, v.old, v.verbatim):
        if text is not None and is_salted:
            found = list(fields(text))
            said = (f"{json.dumps(name, ensure_ascii=False)}: {value}" for name, value in found)
            if len(dict(found)) < len(found) or "{" + ", ".join(said) + "}" != text:
                return False
    return all(
        (ERASED_KEY.fullmatch(value) if place in ("row_key", "old_key") else value == "null")
        for place, value in values(v)
        if place in erased
    )


def record(v: Version, codec: str) -> bytes:
    """What is sealed of a version."""
    is_salted = v.salt is not None or v.erased_salts is not None
    numbers = NUMBERS.pack(
        17 if is_salted else 18,
        *(20, 8, v.id, 1184, 8, v.changed_at - EPOCH, 5069, 8, v.xid),
        *(23, 4, v.table_id, 23, 4, v.era),
    )
    places = (
        NO_OID if v.file is None else OID_FIELD.pack(OID, 4, v.file),
        NO_OID if v.early_in is None else OID_FIELD.pack(OID, 4, v.early_in),
        NO_TID if v.old_ctid is None else tid(v.old_ctid),
        NO_TID if v.new_ctid is None else tid(v.new_ctid),
        operation(v.op),
    )
    if is_salted:
        rest = (
            words(v.actor, codec),
            words(v.login, codec),
            document(v.context, codec),
            *(IS_TRUE if one is None else IS_FALSE for one in (v.data, v.old, v.verbatim)),
            committed(v, codec),
        )
    else:
        rest = (
            *(words(one, codec) for one in (v.row_key, v.old_key, v.actor, v.login)),
            *(document(one, codec) for one in (v.data, v.old, v.verbatim, v.context)),
        )
    return b"".join((numbers, *places, *rest))


def tid(given: str) -> bytes:
    """A place in a file, as (block,offset)."""
    block, offset = given[1:-1].split(",")
    return TID_FIELD.pack(TID, 6, int(block), int(offset))


@lru_cache(16)
def operation(op: str) -> bytes:
    return FIELD.pack(CHAR, 1) + op.encode()


def words(given: str | None, codec: str) -> bytes:
    if given is None:
        return NO_TEXT
    found = given.encode(codec)
    return FIELD.pack(TEXT, len(found)) + found


def document(given: str | None, codec: str) -> bytes:
    if given is None:
        return NO_JSONB
    found = given.encode(codec)
    return FIELD.pack(JSONB, len(found) + 1) + b"\1" + found


def committed(v: Version, codec: str) -> bytes:
    """The places of the values with the commitments to them, in the order of the places' bytes."""
    known = json.loads(v.erased_commitments) if v.erased_commitments is not None else {}
    found = {}
    for place, value in values(v):
        name = place.encode(codec)
        if place in known:
            found[name] = bytes.fromhex(known[place])
            continue
        salt = value_salt(v, place, codec)
        found[name] = b"" if salt is None else sha256(salt + value.encode(codec)).digest()
    said = b"".join(LENGTH.pack(len(name)) + name + found[name] for name in sorted(found))
    return FIELD.pack(BYTEA, len(said)) + said


def value_salt(v: Version, place: str, codec: str) -> bytes | None:
    """The salt of a value of a version that is sealed by commitments; None of one that has none."""
    if v.erased_salts is not None:
        kept = json.loads(v.erased_salts).get(place)
        return None if kept is None else bytes.fromhex(kept)
    return sha256((v.salt or b"") + place.encode(codec)).digest()[:16]


def values(v: Version) -> Iterator[tuple[str, str]]:
    """The values of a version by their places, as rowtrail.places() gives them."""
    for column, document in (("data", v.data), ("old", v.old), ("verbatim", v.verbatim)):
        if document is not None:
            for name, value in fields(document):
                yield f"{column}.{name}", value
    yield "row_key", v.row_key
    if v.old_key is not None:
        yield "old_key", v.old_key


def fields(document: str) -> Iterator[tuple[str, str]]:
    """The fields of a JSON object, each with its value's text as it stands there."""
    depth = 0
    begin = 0
    name: str | None = None
    for token in TOKEN.finditer(document):
        kind = token[0][0]
        if kind in "[{":
            depth += 1
            if depth == 1:
                begin = token.end()
        elif kind == ":" and depth == 1:
            name, begin = json.loads(document[begin : token.start()]), token.end()
        elif (kind == "," and depth == 1) or kind in "]}":
            if depth == 1 and name is not None:
                yield name, document[begin : token.start()].strip()
                name, begin = None, token.end()
            depth -= kind in "]}"
