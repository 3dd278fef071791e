"""What became of a value: the words that changed in a text, the paths in a JSON document.

Only for people's eyes. What is compared is what a page holds of a value, and texts that share too
little are shown whole instead.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any

from rowtrail.history.answers import Value

SHORTEST = 40  # characters: shorter texts are read faster as they are
LONGEST = 4_000  # characters: the search for what two texts share takes time by its square
ALIKE = 0.4  # the part that two texts share at least
MOST_PATHS = 30


@dataclass(frozen=True)
class Piece:
    """A part of two texts: `same` in both, only in the `old` one, or only in the `new` one."""

    kind: str
    text: str


@dataclass(frozen=True)
class PathChange:
    """What a JSON document held at a path before and after. None is nothing, not a null."""

    path: str
    old: Value | None
    new: Value | None


class Digits(str):
    """A number of a JSON document, as it is written: 1.0 is not 1.00."""

    __slots__ = ()


def words(old: Value, new: Value) -> list[Piece] | None:
    """The pieces of two texts, in order; None where to see both is easier.

    After Ratcliff and Obershelp, Pattern Matching: The Gestalt Approach (1988), as in difflib.
    """
    if not (old.kind == new.kind == "string" and old.is_whole and new.is_whole):
        return None
    if not SHORTEST <= max(old.length, new.length) <= LONGEST or not min(old.length, new.length):
        return None
    before, after = split(old.text), split(new.text)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    pieces: list[Piece] = []
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", "".join(before[i:j])))
            continue
        if i < j:
            pieces.append(Piece("old", "".join(before[i:j])))
        if k < m:
            pieces.append(Piece("new", "".join(after[k:m])))
    shared = sum(len(piece.text) for piece in pieces if piece.kind == "same")
    return pieces if shared >= ALIKE * min(old.length, new.length) else None


def paths(old: Value, new: Value) -> list[PathChange] | None:
    """What changed within a JSON object or array, by path; None where to see both is easier."""
    if old.kind != new.kind or old.kind not in ("object", "array"):
        return None
    if not (old.is_whole and new.is_whole) or max(old.length, new.length) > LONGEST:
        return None
    try:
        found = list(changes_between(parse(old.text), parse(new.text), ""))
    except (ValueError, RecursionError):
        return None
    if not found or len(found) > MOST_PATHS or (len(found) == 1 and found[0].path == ""):
        return None
    return found


def remark(old: Value, new: Value) -> str | None:
    """What a person would not see, or take for a mistake; None where all is plain."""
    if {"null", "erased"} & {old.kind, new.kind}:
        return None
    if old.kind != new.kind:
        return f"a {old.kind} became a {new.kind}"
    if not (old.is_whole and new.is_whole) or old.text == new.text:
        return None
    if old.kind == "number" and Decimal(old.text) == Decimal(new.text):
        return "the same number, with another scale"
    if old.kind == "string":
        if old.text.split() == new.text.split():
            return "only white space changed"
        if old.text.casefold() == new.text.casefold():
            return "only capitals changed"
    return None


def split(text: str) -> list[str]:
    """Words, white space, and whatever else there is, sign by sign."""
    return re.findall(r"\w+|\s+|[^\w\s]", text)


def parse(text: str) -> Any:
    return json.loads(text, parse_int=Digits, parse_float=Digits)


def changes_between(old: Any, new: Any, path: str) -> Iterator[PathChange]:
    """The changes below a path, in the order of the documents."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            below = path + step(name, not path)
            if name not in new:
                yield PathChange(below, value_of(old[name]), None)
            elif name not in old:
                yield PathChange(below, None, value_of(new[name]))
            else:
                yield from changes_between(old[name], new[name], below)
    elif isinstance(old, list) and isinstance(new, list):
        yield from changes_of_items(old, new, path)
    elif written(old) != written(new):
        yield PathChange(path, value_of(old), value_of(new))


def changes_of_items(old: list[Any], new: list[Any], path: str) -> Iterator[PathChange]:
    """The changes within an array: an item that came or went moves those behind it."""
    before, after = [written(one) for one in old], [written(one) for one in new]
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind == "equal":
            continue
        both = min(j - i, m - k)
        for n in range(both):
            yield from changes_between(old[i + n], new[k + n], f"{path}[{k + n}]")
        for n in range(i + both, j):
            yield PathChange(f"{path}[{n}]", value_of(old[n]), None)
        for n in range(k + both, m):
            yield PathChange(f"{path}[{n}]", None, value_of(new[n]))


def step(name: str, is_first: bool) -> str:
    """One step of a path: .name, or ["any name"]."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return name if is_first else f".{name}"
    return f"[{quoted(name)}]"


def value_of(found: Any) -> Value:
    """A part of a document as a value of its own."""
    text = written(found)
    if isinstance(found, Digits):
        return Value("number", text, len(text))
    if isinstance(found, str):
        return Value("string", found, len(found))
    kinds = {bool: "boolean", type(None): "null", list: "array", dict: "object"}
    return Value(kinds[type(found)], text, len(text))


def written(found: Any) -> str:
    """A part of a document as JSON, with its numbers as they were."""
    if isinstance(found, Digits):
        return str(found)
    if isinstance(found, list):
        return "[" + ", ".join(written(one) for one in found) + "]"
    if isinstance(found, dict):
        pairs = (
            f"{json.dumps(name, ensure_ascii=False)}: {written(one)}" for name, one in found.items()
        )
        return "{" + ", ".join(pairs) + "}"
    return quoted(found)


def quoted(found: Any) -> str:
    return json.dumps(found, ensure_ascii=False)
