"""Checks a proof that `rowtrail prove` wrote: python check_proof.py PROOF DIGESTS

It needs Python alone, and no database. DIGESTS is the file that `rowtrail digest` wrote, in a copy that
nobody of the database's could change. docs/guides/prove-it.md explains each step.
"""

import base64
import json
import struct
import sys
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

NUMBERS = {"id": ">q", "changed_at": ">q", "xid": ">Q", "table_id": ">i", "era": ">i"}
PLACES = {"file": ">I", "early_in": ">I", "old_ctid": ">IH", "new_ctid": ">IH"}
TEXTS = ("op", "row_key", "old_key", "actor", "login")
JSON = ("data", "old", "verbatim", "context")
ABSENT = ("no data", "no old", "no verbatim")
WHOLE = (*NUMBERS, *PLACES, *TEXTS, *JSON)
# Of a table whose values can be erased: with a commitment in the place of each value.
SALTED = (*NUMBERS, *PLACES, "op", "actor", "login", "context", *ABSENT, "commitments")


def node(left, right):
    return sha256(b"\1" + left + right).digest()


def roots(index, size, path, found, first=None):
    """The roots of the tree, and of its first part, that the path leads to (RFC 9162, 2.1.3.2 and 2.1.4.2)."""
    last = size - 1
    for other in path:
        if index % 2 or index == last:
            found = node(other, found)
            first = first and node(other, first)
            while index and not index % 2:
                index, last = index // 2, last // 2
        else:
            found = node(found, other)
        index, last = index // 2, last // 2
    return (found, first) if last == 0 else (None, None)


def goes_on(first, second, size, path):
    """Whether the log of the second seal begins with that of the first (RFC 9162, 2.1.4.2)."""
    old, known = int(first["seal"]) - 1, bytes.fromhex(first["log"])
    if old in (0, size):
        return old == 0 or first["log"] == second["log"]
    path = [known, *path] if old & (old - 1) == 0 else path
    index, last = old - 1, size - 1
    while index % 2:
        index, last = index // 2, last // 2
    return roots(index, last + 1, path[1:], path[0], path[0]) == (
        bytes.fromhex(second["log"]),
        known,
    )


def columns(record):
    """The columns of a version, from the bytes that were sealed: PostgreSQL's record_send()."""
    at = 4
    for name in SALTED if struct.unpack_from(">i", record)[0] == len(SALTED) else WHOLE:
        length = struct.unpack_from(">i", record, at + 4)[0]  # after the oid of the type
        value = record[at + 8 : at + 8 + max(length, 0)]
        at += 8 + len(value)
        if name == "commitments":
            yield name, dict(commitments(value))
        if length < 0 or name in PLACES or name in ABSENT or name == "commitments":
            continue
        yield (
            name,
            value[name in JSON :].decode()
            if name in TEXTS + JSON
            else struct.unpack(NUMBERS[name], value)[0],
        )


def commitments(found):
    """The places of the values and the commitments to them: each place has its length before it."""
    while found:
        end = 4 + struct.unpack_from(">i", found)[0]
        yield found[4:end].decode(), found[end : end + 32]
        found = found[end + 32 :]


def values(record, shown):
    """The values of a version, by their places; one that is not shown was erased, or left out of the proof."""
    for place, commitment in dict(columns(record)).get("commitments", {}).items():
        if place not in shown:
            yield place, "(not shown: erased, or left out of the proof)"
            continue
        salt, value = bytes.fromhex(shown[place]["salt"]), shown[place]["value"]
        yield place, value if sha256(salt + value.encode()).digest() == commitment else None


def fields(seal):
    return dict(line.split(" ", 1) for line in seal.splitlines()[1:])


def problem(proof, digests):
    seal, head = fields(proof["seal"]), fields(proof["head"])
    size = int(head["seal"]) - 1
    path, log_path, log = (
        [bytes.fromhex(one) for one in proof.get(name, [])]
        for name in ("path", "log_path", "consistency")
    )
    if "record" in proof:
        leaf = sha256(b"\0" + base64.b64decode(proof["record"])).digest()
        if roots(proof["index"], int(seal["versions"]), path, leaf)[0] != bytes.fromhex(
            seal["root"]
        ):
            return "the version is not one of the seal"
        for place, value in values(base64.b64decode(proof["record"]), proof.get("values", {})):
            if value is None:
                return f"another value of {place} was sealed"
    if proof["seal"] != proof["head"]:
        leaf = sha256(b"\0" + sha256(proof["seal"].encode()).digest()).digest()
        if roots(int(seal["seal"]) - 1, size, log_path, leaf)[0] != bytes.fromhex(head["log"]):
            return "the seal is not in the log"
        if "consistency" in proof and not goes_on(seal, head, size, log):
            return "the log was rewritten"
    if sha256(proof["head"].encode()).hexdigest() not in digests:
        return f"there is no digest of its seal {head['seal']}"
    return None


def one_line(value):
    """A value in one line, whatever is in it."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(value))


def main(arguments):
    if len(arguments) != 2:
        sys.exit("usage: python check_proof.py PROOF DIGESTS")
    try:
        proof = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
        lines = Path(arguments[1]).read_text(encoding="utf-8").splitlines()
        digests = {json.loads(line)["hash"] for line in lines if line.strip()}
        wrong = problem(proof, digests)
    except OSError as error:
        sys.exit(f"NOT PROVEN: {error.filename} cannot be read: {error.strerror}")
    except (ValueError, LookupError, TypeError, AttributeError, struct.error) as error:
        sys.exit(f"NOT PROVEN: these are no proof and no digests, or not as written ({error!r})")
    if wrong:
        sys.exit(f"NOT PROVEN: {wrong}")
    record = base64.b64decode(proof.get("record", ""))
    known = [one for one in columns(record) if one[0] != "commitments"] if record else []
    known += values(record, proof.get("values", {})) if record else []
    for name, value in known:
        if name == "changed_at":
            value = f"{datetime(2000, 1, 1) + timedelta(microseconds=value)} UTC"
        print(f"{one_line(name)}: {one_line(value)}")
    sealed, head = fields(proof["seal"]), fields(proof["head"])
    print(
        f"PROVEN by the digest of seal {head['seal']}: it was so when seal {sealed['seal']} was made, at {sealed['at']}"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
