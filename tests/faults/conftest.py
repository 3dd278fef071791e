"""Servers beside the one that all tests share: these are configured, restarted and killed."""

from collections.abc import Iterator

import pytest
from nodes import Node

# wal_level: for subscribers; one server serves all tests of a process.
SETTINGS = {
    "max_prepared_transactions": "10",
    "wal_level": "logical",
    "wal_keep_size": "64MB",
    "deadlock_timeout": "50ms",
    "wal_retrieve_retry_interval": "200ms",
}


@pytest.fixture(scope="session")
def main_node() -> Iterator[Node]:
    node = Node("main")
    node.create(**SETTINGS)
    yield node
    node.destroy()


@pytest.fixture
def node(main_node: Node) -> Iterator[Node]:
    """A server with a database of this test's own."""
    with main_node.fresh_database():
        yield main_node


@pytest.fixture(scope="session")
def other_node() -> Iterator[Node]:
    node = Node("other")
    node.create(**SETTINGS)
    yield node
    node.destroy()


@pytest.fixture
def subscriber(other_node: Node) -> Iterator[Node]:
    """Another server, with a database of this test's own."""
    with other_node.fresh_database():
        yield other_node
