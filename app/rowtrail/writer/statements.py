"""Which statements may write: told from their text, in doubt that they do."""

import re
from enum import Enum
from functools import lru_cache


class Kind(Enum):
    """What a statement does, as far as its actor goes."""

    READ = "query"
    WRITE = "statement"
    CALL = "call"  # may end its transaction, where it stands alone
    SCHEMA = "schema change"
    CONTROL = "control of the transaction"
    NAMING = "naming of the actor"


#: Longer ones are looked at each time: a statement for a thousand rows is not worth its memory.
_REMEMBERED = 4000
#: Of longer ones only the beginning is looked at.
_LOOKED_AT = 50_000

# Nothing is tried twice: a long literal, or comment after comment, would take minutes.
_FIRST = re.compile(r"(?>\s|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*+([a-z_]+)", re.IGNORECASE | re.DOTALL)
_WRITES = re.compile(r"\b(insert|update|delete|merge)\b", re.IGNORECASE)
_CALLED = re.compile(r'(?<![\w$."])([\w$."]++)\s*+\(')
_MORE = re.compile(r";\s*\S")
_NAMING = re.compile(
    r"""rowtrail\s*\.\s*set_actor\s*\(|set_config\s*\(\s*'rowtrail\.actor'|^\s*set\s+(local\s+|session\s+)?"""
    r"""rowtrail\.actor""",
    re.IGNORECASE,
)

_KINDS = {
    **dict.fromkeys(("insert", "update", "delete", "merge", "truncate", "execute"), Kind.WRITE),
    **dict.fromkeys(("call", "do", "copy"), Kind.CALL),
    **dict.fromkeys(
        ("create", "alter", "drop", "comment", "grant", "revoke", "reassign", "refresh", "import",
         "security", "reindex", "cluster"),
        Kind.SCHEMA,
    ),
    **dict.fromkeys(
        ("begin", "start", "commit", "end", "rollback", "abort", "discard",
         "reset"),
        Kind.CONTROL,
    ),
    **dict.fromkeys(
        (
            "savepoint", "release", "set", "show", "listen", "unlisten", "notify", "analyze",
            "vacuum", "checkpoint", "close", "deallocate", "fetch", "move", "lock", "load",
        ),
        Kind.READ,
    ),
}  # fmt: skip

#: What may stand before a parenthesis in a query without writing anything.
_HARMLESS = frozenset(
    """
    and any all array as between by case cast collate cross cube distinct else end except exists
    extract fetch filter first for from full grouping sets group having ilike in inner intersect
    interval is join lateral left like limit materialized natural not null offset on only or order
    ordinality outer over overlaps partition position range recursive right rollup row rows select
    set similar some symmetric table then to union using values when where window with within
    bit char character decimal double float int numeric precision time timestamp timestamptz timetz
    varbit varchar varying zone
    abs age array_agg array_append array_cat array_length array_position array_remove array_to_json
    array_to_string avg bool_and bool_or btrim cardinality ceil ceiling char_length chr
    clock_timestamp coalesce concat concat_ws convert_from convert_to count cume_dist
    current_database current_schema current_schemas current_setting currval date_bin date_part
    date_trunc decode dense_rank encode every exp first_value floor format format_type
    gen_random_uuid generate_series generate_subscripts greatest has_schema_privilege
    has_table_privilege initcap isfinite json_agg json_array_elements json_array_length
    json_build_array json_build_object json_each json_object_agg json_populate_record jsonb_agg
    jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array
    jsonb_build_object jsonb_each jsonb_each_text jsonb_exists jsonb_extract_path
    jsonb_extract_path_text jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_query
    jsonb_populate_record jsonb_set jsonb_strip_nulls jsonb_typeof justify_days lag last_value
    lastval lead least length ln lower lpad ltrim make_date make_interval make_timestamp
    make_timestamptz max md5 min mod mode nextval now nth_value ntile nullif num_nonnulls num_nulls
    obj_description octet_length overlay percent_rank percentile_cont percentile_disc
    pg_backend_pid pg_current_snapshot pg_get_constraintdef pg_get_expr pg_get_indexdef
    pg_get_serial_sequence pg_get_viewdef pg_is_in_recovery pg_relation_size pg_sleep
    pg_table_is_visible pg_total_relation_size pg_type_is_visible pg_typeof pg_visible_in_snapshot
    phraseto_tsquery plainto_tsquery power quote_ident quote_literal random rank regexp_match
    regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table repeat replace reverse
    round row_number row_to_json rpad rtrim set_config setval sha256 sign split_part sqrt
    starts_with statement_timestamp strpos string_agg string_to_array substr substring sum to_char
    to_date to_json to_jsonb to_number to_regclass to_timestamp to_tsquery to_tsvector
    transaction_timestamp translate trim trunc ts_headline ts_rank unnest upper uuid_generate_v4
    version websearch_to_tsquery width_bucket
    rowtrail.as_of rowtrail.as_of_row rowtrail.as_of_rows rowtrail.boundary_of rowtrail.changes
    rowtrail.diff rowtrail.feed rowtrail.feed_now rowtrail.history rowtrail.image_now
    rowtrail.names_of rowtrail.replay_until
    rowtrail.rows_as_of rowtrail.short_key rowtrail.snapshot_of_seal rowtrail.version_of
    rowtrail.without_hashes
    """.split()  # noqa: SIM905 - read as words
)


def kind_of(statement: str) -> Kind:
    """What a statement does. A query that calls a function which is not known may write."""
    return _remembered(statement) if len(statement) <= _REMEMBERED else _kind_of(statement)


def _kind_of(statement: str) -> Kind:
    found = _FIRST.match(statement)
    first = found.group(1).lower() if found else ""
    known = _KINDS.get(first)
    looked_at = statement[:_LOOKED_AT]
    if first in ("select", "with", "set") and _NAMING.search(looked_at):
        return Kind.NAMING
    if first == "prepare":
        is_transaction = re.match(r"\s*prepare\s+transaction\b", statement, re.IGNORECASE)
        return Kind.CONTROL if is_transaction else Kind.READ
    if known is not None and (known is not Kind.READ or not _MORE.search(looked_at)):
        return known
    if first not in ("select", "with", "values", "table", "explain", "declare"):
        return Kind.CALL
    if len(statement) > _LOOKED_AT or _MORE.search(looked_at):
        return Kind.CALL if first == "explain" else Kind.WRITE
    if first == "explain" and not re.search(r"\banaly[sz]e\b", statement, re.IGNORECASE):
        return Kind.READ
    may_write = (first in ("with", "explain") and _WRITES.search(statement)) or any(
        name.lower().removeprefix("pg_catalog.") not in _HARMLESS
        for name in _CALLED.findall(statement)
        if name.lower() != "explain"
    )
    if not may_write:
        return Kind.READ
    return Kind.CALL if first == "explain" else Kind.WRITE


_remembered = lru_cache(maxsize=1024)(_kind_of)
