"""Merkle trees as RFC 9162 (Certificate Transparency 2.0) has them, section 2.1, with SHA-256.

A tree is given by its leaves, which are hashes already. sql/seals.sql makes the same ones.
"""

from collections.abc import Sequence
from hashlib import sha256


def leaf(content: bytes) -> bytes:
    """The hash of a leaf, by what it stands for."""
    return sha256(b"\0" + content).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two nodes."""
    return sha256(b"\1" + left + right).digest()


def above(level: Sequence[bytes]) -> list[bytes]:
    """The level above: pairs, and the odd one out as it is."""
    nodes = [node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return nodes + list(level[len(level) - len(level) % 2 :])


def root(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree (2.1.1)."""
    level = list(leaves)
    while len(level) > 1:
        level = above(level)
    return level[0] if level else sha256(b"").digest()


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """What a leaf has to be hashed with to give the root, from below (2.1.3.1)."""
    found = []
    level = list(leaves)
    while len(level) > 1:
        if (sibling := index ^ 1) < len(level):
            found.append(level[sibling])
        level, index = above(level), index // 2
    return found


def consistency(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """What shows that the tree of the first leaves is the beginning of the whole one (2.1.4.1).

    Args:
        leaves: of the whole tree.
        first: so many of them are in the earlier one, at least 1.
    """

    def of(part: Sequence[bytes], first: int, is_known: bool) -> list[bytes]:
        if first == len(part):
            return [] if is_known else [root(part)]
        half = 1 << (len(part) - 1).bit_length() - 1
        if first <= half:
            return [*of(part[:half], first, is_known), root(part[half:])]
        return [*of(part[half:], first - half, False), root(part[:half])]

    return of(leaves, first, True)
