"""A history database of which the server takes what is sent and answers nothing.

A page answers all the same, within a bound, and the next one does not wait at all.
"""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import psycopg2
import pytest
from flask.testing import FlaskClient
from halves import Halves
from relay import Relay

from rowtrail.history.older import CONNECT_ARGS, SILENCE, Older
from rowtrail.reader import config
from rowtrail.reader.bounded import Bounded

#: Of it the retired history has the first version.
ROW = "/api/v1/tables/1/row?key=1"

SAID = "older history is missing: the history database cannot be read: "

#: In these tests, in seconds.
CONNECTING, SOON, LONGEST = 2, 0.5, 1.5

#: What a busy machine may take beside them.
REST = 5


@pytest.fixture
def retired(halves: Halves) -> Halves:
    """A history of which what was first is in the history database only."""
    halves.run(
        "create table orders (id int primary key, status text)",
        "select rowtrail.track('orders')",
        "insert into orders values (1, 'new')",
        "update orders set status = 'paid'",
        "update orders set status = 'sent'",
        "select rowtrail.seal()",
    )
    halves.ship()
    halves.keep_whole()
    [(moment,)] = halves.ask("select max(changed_at) from rowtrail.versions")
    halves.retire({"orders": moment})
    return halves


@pytest.fixture
def relay(retired: Halves) -> Iterator[Relay]:
    """The way to the history database."""
    made = Relay(retired.there)
    # What would wait for ever fails by this.
    end = threading.Timer(20, made.close)
    end.start()
    yield made
    end.cancel()
    made.close()


@pytest.fixture
def both(
    relay: Relay,
    retired: Halves,
    make_reader: Callable[..., FlaskClient],
    monkeypatch: pytest.MonkeyPatch,
) -> FlaskClient:
    """Reads both databases, with bounds that a test can wait for."""
    bounds = {
        "connect_timeout": CONNECTING,
        "connection_factory": partial(Bounded, soon=SOON, longest=LONGEST),
    }
    assert bounds.keys() == config.BOUNDS.keys()
    monkeypatch.setattr(config, "BOUNDS", bounds)
    return make_reader(retired.here, relay.url)


def operations(client: FlaskClient) -> list[str]:
    """What was done to the row, as far as it can be read."""
    changes = (client.get(ROW).json or {})["changes"]
    return [one["operation"] for one in changes if one["operation"] != "schema"]


def timed(client: FlaskClient, place: str = ROW) -> tuple[float, Any]:
    """How long an answer takes, and what it is."""
    begun = time.monotonic()
    answer = client.get(place)
    return time.monotonic() - begun, answer


def assert_the_next_do_not_wait(client: FlaskClient) -> None:
    place = client.application.extensions["rowtrail.history"]
    asked: list[str] = []
    place.begin = lambda: asked.append("there")
    for page in (ROW, "/tables/1/row?key=1", "/health", "/api/v1/changes?op=insert"):
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert "no answer within" in answer.text or "timeout expired" in answer.text, page
    assert asked == []


def test_one_that_is_frozen_while_a_connection_is_left_to_it(
    both: FlaskClient, relay: Relay
) -> None:
    assert operations(both) == ["update", "update", "insert"]
    relay.freeze()
    took, answer = timed(both)
    # First the connection is given up that was left, then a new one.
    assert took < SOON + CONNECTING + REST
    assert answer.status_code == 200
    assert answer.json["incomplete"].startswith(SAID)
    assert_the_next_do_not_wait(both)


def test_one_that_is_frozen_before_there_is_a_connection(both: FlaskClient, relay: Relay) -> None:
    relay.freeze()
    took, answer = timed(both)
    assert took < CONNECTING + REST
    assert answer.json["incomplete"].startswith(SAID)
    assert_the_next_do_not_wait(both)


def test_one_that_is_frozen_amid_a_question(
    both: FlaskClient, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = Older.ask

    def frozen(self: Older, question: Callable[..., Any]) -> Any:
        def asked(there: Any) -> Any:
            relay.freeze()
            return question(there)

        return ask(self, asked)

    monkeypatch.setattr(Older, "ask", frozen)
    took, answer = timed(both)
    assert LONGEST <= took < LONGEST + REST
    assert answer.json["incomplete"].startswith(SAID)
    assert (
        f"no answer within {LONGEST:g} seconds; check HISTORY_DATABASE_URL"
        in (answer.json["incomplete"])
    )
    assert_the_next_do_not_wait(both)


def test_one_that_is_frozen_amid_a_file(
    both: FlaskClient, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rowtrail.history import exports

    def frozen(session: Any, found: Any, names: str) -> Iterator[str]:
        relay.freeze()
        yield from json_lines(session, found, names)

    json_lines = exports.json_lines
    monkeypatch.setattr(exports, "json_lines", frozen)
    took, answer = timed(both, "/api/v1/changes/export.jsonl")
    assert LONGEST <= took < LONGEST + REST
    assert answer.status_code == 503
    assert answer.json["detail"].startswith(SAID)
    assert f"no answer within {LONGEST:g} seconds" in answer.json["detail"]
    assert_the_next_do_not_wait(both)


def test_one_that_goes_on_is_read_again(
    both: FlaskClient, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rowtrail.history import older

    monkeypatch.setattr(older, "PAUSE", 0)
    relay.freeze()
    assert "insert" not in operations(both)
    relay.thaw()
    assert operations(both) == ["update", "update", "insert"]


def test_one_asks_whether_it_can_be_read_again_and_the_others_do_not_wait(
    both: FlaskClient, relay: Relay
) -> None:
    relay.freeze()
    assert "insert" not in operations(both)
    place = both.application.extensions["rowtrail.history"]
    place.until = 0
    assert [place.is_left_alone() for _ in range(3)] == [False, True, True]


def test_an_answer_that_takes_its_time_is_waited_for(both: FlaskClient) -> None:
    with both.application.app_context():
        raw = config.database.engines[config.HISTORY].raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("select 1")
        cursor.execute("select pg_sleep(0.8)")
        assert cursor.fetchall() == [("",)]
    finally:
        raw.close()


#: What the kernel is told of all connections to a history database, so that a test can wait for it.
FASTER = {"tcp_user_timeout": 10, "keepalives_idle": 5, "keepalives_interval": 2}


@pytest.fixture
def lossy(relay: Relay) -> Iterator[Any]:
    """A connection as the commands have it, which nothing bounds but the kernel."""
    args = CONNECT_ARGS | {name: CONNECT_ARGS[name] // part for name, part in FASTER.items()}
    url = relay.url.set(drivername="postgresql").render_as_string(hide_password=False)
    made = psycopg2.connect(url, **args)
    made.autocommit = True
    yield made
    made.close()


def test_what_is_sent_into_a_connection_of_which_packets_are_lost_is_given_up(
    relay: Relay, lossy: Any
) -> None:
    with lossy.cursor() as cursor:
        cursor.execute("select 1")
        relay.lose_packets()
        begun = time.monotonic()
        with pytest.raises(psycopg2.OperationalError, match="timed out"):
            cursor.execute("select 2")
    assert time.monotonic() - begun < 1 + REST


def test_an_answer_of_which_the_packets_are_lost_is_given_up(relay: Relay, lossy: Any) -> None:
    with lossy.cursor() as cursor:
        cursor.execute("select 1")
        relay.freeze()
        # Once what is asked has arrived.
        lost = threading.Timer(0.3, relay.lose_packets)
        lost.start()
        begun = time.monotonic()
        with pytest.raises(psycopg2.OperationalError, match="timed out"):
            cursor.execute("select 2")
        lost.join()
    assert time.monotonic() - begun < 4 + REST


def test_the_bounds_are_those_that_are_said() -> None:
    """The documents say for how long a page can wait."""
    factory: Any = config.BOUNDS["connection_factory"]
    assert factory.keywords == {"soon": 5, "longest": 20}
    assert config.BOUNDS["connect_timeout"] + factory.keywords["soon"] == SILENCE
    assert CONNECT_ARGS["tcp_user_timeout"] == SILENCE * 1000
