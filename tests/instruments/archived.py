"""What is in an archive, read by pyarrow alone, and what is in the database, to compare the two."""

import json
from pathlib import Path
from typing import Any

from pyarrow import parquet
from sqlalchemy import Connection, text

#: What was recorded just now is of a day that is long over; a superuser does that before a seal.
OLD = """
update rowtrail.versions
set changed_at = '{day} 12:00Z'::timestamptz + (id || ' microseconds')::interval
where changed_at > now() - interval '1 day'
  and id > coalesce((select max(max_id) from rowtrail.seals), 0);
select rowtrail.empty_default_partition();
"""

HERE = """
select
  v.id, to_char(v.changed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') as changed_at,
  v.xid::text, v.table_id, v.era, v.file::bigint, v.early_in::bigint, v.old_ctid::text,
  v.new_ctid::text, v.op::text, v.row_key, v.old_key, v.actor, v.login, v.data::text, v.old::text,
  v.verbatim::text, v.context::text, v.erased
from rowtrail.versions as v
"""


def versions_here(db: Connection) -> dict[int, dict[str, Any]]:
    """All columns of all versions in the database, by their ids."""
    return {row.id: dict(row._mapping) for row in db.execute(text(HERE))}


def versions_there(place: Path) -> dict[int, dict[str, Any]]:
    """The same of the files that the manifest of an archive names; a version is there once."""
    found: dict[int, dict[str, Any]] = {}
    manifest = place / "manifest.json"
    files = json.loads(manifest.read_text())["files"] if manifest.exists() else []
    for entry in files:
        for row in parquet.ParquetFile(place / entry["path"]).read().to_pylist():
            assert row["id"] not in found
            for name in ("seal", "place", "salt", "erased_salts", "erased_commitments"):
                del row[name]
            row["changed_at"] = f"{row['changed_at']:%Y-%m-%d %H:%M:%S.%f}"
            row["xid"] = str(row["xid"])
            found[row["id"]] = row
    return found
