"""The integrity of the history in the text format of Prometheus, version 0.0.4."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from rowtrail import __version__
from rowtrail.history.assurance import COUNTED, COUNTED_STRAYS, Integrity, Lag
from rowtrail.history.older import Shipped

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metric(NamedTuple):
    """A metric; all are gauges.

    Attributes:
        name: without its prefix.
        help: what it means.
        value: None where there is none just now, and so no sample.
    """

    name: str
    help: str
    value: float | None


def written(known: Integrity, lag: Lag, database: str, shipped: Shipped | None = None) -> str:
    """The metrics, each with its help and type.

    Args:
        known: of the history.
        lag: of the history database behind it.
        database: its name.
        shipped: how far it is in the history database; None where none is named.
    """
    labels = f'version="{escaped(__version__)}",database="{escaped(database)}"'
    lines = [
        "# HELP rowtrail_info Which rowtrail this is, and of which database.",
        "# TYPE rowtrail_info gauge",
        f"rowtrail_info{{{labels}}} 1",
    ]
    shipping = () if shipped is None else metrics_of_shipping(shipped)
    for metric in (*metrics_of(known), *metrics_of_lag(lag), *shipping):
        name = f"rowtrail_{metric.name}"
        lines += [f"# HELP {name} {helped(metric.help)}", f"# TYPE {name} gauge"]
        if metric.value is not None:
            lines.append(f"{name} {number(metric.value)}")
    return "".join(f"{line}\n" for line in lines)


def metrics_of(known: Integrity) -> Iterator[Metric]:
    """What a monitor is told."""
    unsealed = known.unsealed
    yield Metric("tracked_tables", "Tables whose changes are recorded.", known.tables)
    yield Metric(
        "faulty_tables", "Tables that are not recorded as they must be.", known.faulty_tables
    )
    yield Metric(
        "stale_tables",
        "Tables whose triggers are out of date: recorded, only slower.",
        known.stale_tables,
    )
    yield Metric("guarded", "1 if what would stop the recording is refused.", known.is_guarded)
    yield Metric(
        "schema_changes_recorded",
        "1 if schema changes are recorded as they happen.",
        known.records_schema_changes,
    )
    yield Metric("contract_faults", "Faults that rowtrail.verify() finds just now.", known.faults)
    yield Metric(
        "default_partition_versions",
        f"Versions of months without a partition, counted up to {COUNTED_STRAYS}.",
        min(known.in_default_partition, COUNTED_STRAYS),
    )
    yield Metric(
        "unsealed_versions",
        f"Versions that no seal has yet, counted up to {COUNTED}.",
        None if unsealed is None else min(unsealed, COUNTED),
    )
    yield Metric(
        "unsealed_oldest_timestamp_seconds",
        "When the oldest version that no seal has was recorded; no sample if all are sealed.",
        seconds(known.oldest_unsealed),
    )
    yield Metric(
        "last_seal_number", "The number of the last seal; 0 for none.", known.last_seal or 0
    )
    yield Metric(
        "last_seal_timestamp_seconds",
        "When the last seal was made; 0 for never.",
        seconds(known.sealed_at) or 0,
    )
    yield from (
        Metric(
            "last_verification_timestamp_seconds",
            "When rowtrail verify was last done, by a login that may note it; 0 for never.",
            seconds(known.verified_at) or 0,
        ),
        Metric(
            "last_verification_faults",
            "The faults that it found; no sample if it was never done.",
            known.verification_faults,
        ),
        Metric(
            "last_whole_verification_timestamp_seconds",
            "When rowtrail verify was last done with nothing left out; 0 for never.",
            seconds(known.wholly_verified_at) or 0,
        ),
        Metric(
            "last_whole_verification_faults",
            "The faults that it found; no sample if it was never done.",
            known.whole_verification_faults,
        ),
    )


def metrics_of_lag(lag: Lag) -> Iterator[Metric]:
    """What a monitor is told of the history database."""
    yield Metric(
        "unshipped_seals",
        "Seals that the history database has not got yet; no sample where nothing is shipped.",
        lag.seals,
    )
    yield Metric("unshipped_versions", "The versions that they close.", lag.versions)
    yield Metric(
        "unshipped_oldest_timestamp_seconds",
        "When the oldest of them was made; no sample if all are there.",
        seconds(lag.oldest),
    )
    yield Metric(
        "last_shipped_timestamp_seconds",
        "When the history database was last known to have what it has; no sample for never.",
        seconds(lag.shipped_at),
    )


def metrics_of_shipping(shipped: Shipped) -> Iterator[Metric]:
    """What a monitor is told of the history database."""
    yield Metric(
        "history_database_readable",
        "1 if the history database can be read.",
        shipped.trouble is None,
    )
    yield Metric(
        "history_database_last_seal_number",
        "The number of the last seal in the history database; no sample if it cannot be read.",
        shipped.seal,
    )
    yield Metric(
        "history_database_seals_behind",
        "Seals that the history database has not yet; no sample if it cannot be read.",
        shipped.seals_behind,
    )
    yield Metric(
        "history_database_seconds_behind",
        "How long the oldest of these has been there; no sample if it cannot be read.",
        shipped.seconds_behind,
    )


def seconds(moment: datetime | None) -> float | None:
    """The moment in seconds since 1970."""
    return None if moment is None else moment.timestamp()


def number(value: float) -> str:
    """A value, as the format has it."""
    return str(int(value)) if value == int(value) else repr(float(value))


def escaped(label: str) -> str:
    """The value of a label, as it stands between double quotes."""
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def helped(text: str) -> str:
    """A help text, which ends with its line."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")
