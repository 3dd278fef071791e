"""The tables that are written to: one of 12 columns, a narrow one of 3 and a wide one of 60."""

from dataclasses import dataclass

TABLE = "items"


@dataclass(frozen=True)
class Shape:
    """A table and what is written to it.

    Attributes:
        name: what `--only` calls it.
        title: what people read.
        columns: name and type of each column; the first one is the primary key.
        values: an SQL expression for each column; `{id}` stands for the key.
        update: the SET clause of the UPDATE; it changes every row that it meets.
        rows: how many rows a big statement writes.
    """

    name: str
    title: str
    columns: tuple[tuple[str, str], ...]
    values: tuple[str, ...]
    update: str
    rows: int = 100_000

    @property
    def definition(self) -> str:
        """What stands between the brackets of CREATE TABLE."""
        (key, key_type), *others = self.columns
        return ", ".join([f"{key} {key_type} primary key", *(f"{n} {t}" for n, t in others)])

    @property
    def names(self) -> str:
        """The names of the columns, with commas."""
        return ", ".join(name for name, _ in self.columns)

    def select_row(self, key: str) -> str:
        """The select list that makes the row with this key (an SQL expression)."""
        return ", ".join(self.values).replace("{id}", key)


MIDDLE = Shape(
    "12-column",
    "12 columns, about 300 bytes a row",
    (
        ("id", "bigint"), ("customer", "int"), ("status", "text"), ("amount", "numeric(12,2)"),
        ("currency", "char(3)"), ("note", "text"), ("address", "text"),
        ("created_at", "timestamptz"), ("updated_at", "timestamptz"), ("paid", "boolean"),
        ("quantity", "int"), ("reference", "uuid"),
    ),
    (
        "{id}", "mod({id}, 1000)", "'open'", "mod({id}, 10000) / 100.0", "'EUR'",
        "repeat('note ', 20)", "repeat('address ', 10)", "now()", "now()", "false",
        "mod({id}, 10)", "md5(({id})::text)::uuid",
    ),
    "status = 'paid', amount = amount + 1, paid = not paid",
)  # fmt: skip

NARROW = Shape(
    "narrow",
    "3 columns",
    (("id", "bigint"), ("account", "int"), ("amount", "numeric(12,2)")),
    ("{id}", "mod({id}, 1000)", "mod({id}, 10000) / 100.0"),
    "amount = amount + 1",
)


def _wide() -> Shape:
    kinds = (
        ("int", "mod({id}, 1000)"),
        ("text", "'value ' || mod({id}, 100)"),
        ("numeric(12,2)", "mod({id}, 10000) / 100.0"),
        ("boolean", "mod({id}, 2) = 0"),
        ("timestamptz", "now()"),
    )
    chosen = [kinds[number % len(kinds)] for number in range(59)]
    return Shape(
        "wide",
        "60 columns, about 600 bytes a row",
        (("id", "bigint"), *((f"c{i + 1}", kind) for i, (kind, _) in enumerate(chosen))),
        ("{id}", *(value for _, value in chosen)),
        "c1 = c1 + 1, c2 = 'other', c4 = not c4",
        # The slowest take most of a minute for 100,000.
        rows=20_000,
    )


WIDE = _wide()

SHAPES = (MIDDLE, NARROW, WIDE)
