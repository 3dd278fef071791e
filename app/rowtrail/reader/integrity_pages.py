"""The page of the history's integrity, the same as JSON, and the metrics for a monitor."""

import json
from dataclasses import asdict
from typing import Any

from flask import Response, abort, current_app, g, render_template

from rowtrail.history import assurance, places
from rowtrail.history.answers import Cursor
from rowtrail.history.assurance import Found, Integrity, Seal, Verification
from rowtrail.history.filters import written_moment
from rowtrail.history.older import Shipped, older_of
from rowtrail.reader import metrics
from rowtrail.reader.api import answers, exact, place, shipped_to, time_of
from rowtrail.reader.config import check_schema, database
from rowtrail.reader.pages import cursor, pages


@pages.get("/integrity", endpoint="integrity")
def page_integrity() -> str:
    require_all()
    wanted, session = seal_cursor(), database.session()
    digest = assurance.last_digest(session)
    return render_template(
        "integrity.html",
        known=assurance.integrity(session),
        verifications=assurance.verifications(session),
        seals=assurance.sealed(session, wanted),
        digest=None if digest is None else json.dumps(digest, ensure_ascii=False),
        database=places.database_name(session),
        shipped=shipped(),
        COUNTED=assurance.COUNTED,
        COUNTED_STRAYS=assurance.COUNTED_STRAYS,
    )


@answers("/integrity", endpoint="integrity")
def json_integrity() -> Response:
    require_all()
    wanted, session = seal_cursor(), database.session()
    known = assurance.integrity(session)
    found = assurance.sealed(session, wanted)
    return exact(
        database=places.database_name(session),
        recording=recording_of(known),
        contract={
            "fault_count": known.faults,
            "note_count": known.notes,
            "findings": [finding_of(one) for one in known.findings],
        },
        sealing=sealing_of(known),
        digest=assurance.last_digest(session),
        verifications=[verification_of(one) for one in assurance.verifications(session)],
        **shipped_to(),
        seals=[seal_of(one) for one in found.seals],
        older=place(found.older),
        newer=place(found.newer),
    )


@pages.get("/metrics", endpoint="metrics")
def page_metrics() -> Response:
    require_all()
    session = database.session()
    known = assurance.integrity(session)
    written = metrics.written(
        known, assurance.lag(session), places.database_name(session), shipped()
    )
    return current_app.response_class(written, content_type=metrics.CONTENT_TYPE)


def shipped() -> Shipped | None:
    """How far the history is in the history database; None where none is named."""
    older = older_of(database.session())
    return None if older is None else older.shipped()


def require_all() -> None:
    """Answers 403 to who reads a part of the history only: this tells of all of it."""
    check_schema()
    if not assurance.reads_all(database.session()):
        abort(
            403,
            f"the role {g.get('role')} reads a part of the history, and this tells of the whole; "
            "who shall see it needs the role rowtrail_reader",
        )


def seal_cursor() -> Cursor:
    """Where the page of the seals begins, by `?before=` or `?after=` a seal's number."""
    return cursor("the number of a seal", "seal")


def recording_of(known: Integrity) -> dict[str, Any]:
    strays = known.in_default_partition
    return {
        "table_count": known.tables,
        "faulty_table_count": known.faulty_tables,
        "stale_table_count": known.stale_tables,
        "is_guarded": known.is_guarded,
        "records_schema_changes": known.records_schema_changes,
        "default_partition_version_count": min(strays, assurance.COUNTED_STRAYS),
        "counted_all": strays <= assurance.COUNTED_STRAYS,
    }


def sealing_of(known: Integrity) -> dict[str, Any]:
    unsealed = known.unsealed
    return {
        "last_seal": known.last_seal,
        "sealed_at": time_of(known.sealed_at),
        "hash": known.seal_hash,
        "is_new_life": known.is_new_life,
        "unsealed_version_count": None if unsealed is None else min(unsealed, assurance.COUNTED),
        "counted_all": unsealed is not None and unsealed <= assurance.COUNTED,
        "oldest_unsealed_at": time_of(known.oldest_unsealed),
    }


def finding_of(found: Found) -> dict[str, Any]:
    return asdict(found)


def verification_of(one: Verification) -> dict[str, Any]:
    return {
        "id": one.number,
        "begun_at": written_moment(one.begun_at),
        "done_at": written_moment(one.done_at),
        "login": one.login,
        "fault_count": one.faults,
        "note_count": one.notes,
        "seal_count": one.seals,
        "table_count": one.tables,
        "digest_count": one.digests,
        "left_out": one.left_out,
        "findings": [finding_of(found) for found in one.findings],
    }


def seal_of(seal: Seal) -> dict[str, Any]:
    return {
        "seal": seal.number,
        "sealed_at": written_moment(seal.sealed_at),
        "version_count": seal.versions,
        "ends_era": seal.ends_era,
        "hash": seal.hash,
    }
