"""Ships from a database to another, and checks that the other has what the one has sealed."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

from rowtrail.shipping.meeting import Side
from rowtrail.shipping.shipment import Progress, Shipping

Run = Callable[..., list[Any]]

#: All columns of the versions that are sealed, or were imported.
VERSIONS = """
select v::text
from rowtrail.versions as v
where v.id < 0 or not rowtrail.is_unsealed(
  v.era, v.xid, (select s from rowtrail.seals as s order by id desc limit 1),
  rowtrail.current_era())
order by v.table_id, v.id
"""

#: All that their seals rest on, and by which they are read.
REST = (
    "select s::text from rowtrail.seals as s order by s.id",
    "select l::text from rowtrail.seal_leaves as l order by l.seal_id, l.part",
    "select s::text from rowtrail.seal_salts as s where s.version_id in "
    "(select unnest(l.ids) from rowtrail.seal_leaves as l) order by s.version_id",
    "select e::text from rowtrail.erased_versions as e order by e.version_id",
    "select e::text from rowtrail.eras as e order by e.era",
    "select i::text from rowtrail.imports as i where i.finished_at is not null order by i.id",
    "select t::text from rowtrail.import_tables as t order by t.import_id, t.table_id",
    "select l::text from rowtrail.import_leaves as l order by l.import_id, l.part",
    "select (to_jsonb(t) - '{relid,retention,retired_until,complete_from,baseline_after}'::text[])"
    "::text from rowtrail.tables as t order by t.id",
)

SEALS = "select v.* from rowtrail.seals as s, rowtrail.verify_seal(s.id) as v"


def ship(here: Engine, there: Engine, moved: bool = False) -> list[Progress]:
    """What `rowtrail ship` does; gives what it brought."""
    done: list[Progress] = []
    shipping = Shipping(
        Side(here, "postgresql://here"), Side(there, "postgresql://there"), moved, lambda _: None
    )
    shipping.prepare()
    shipping.go_on(done.append)
    return done


def assert_sound(run: Run) -> None:
    """Checks that each seal and import verifies, that no version is in none, and all that it rests
    on."""
    assert run(SEALS) == []
    for is_thorough in (True, False):
        assert run("select * from rowtrail.verify_sealed(%s)", is_thorough) == []
    assert run("select * from rowtrail.verify_imported()") == []
    assert run("select * from rowtrail.verify() where is_fault") == []


def assert_same(here: Run, there: Run) -> None:
    """Checks that what is sealed here is there, in all columns, once, and nothing else."""
    for query in (VERSIONS, *REST):
        assert there(query) == here(query), query
    assert there("select count(*) from rowtrail.versions") == [(len(here(VERSIONS)),)]
    assert_sound(there)
