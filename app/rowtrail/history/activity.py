"""How much was recorded of each table on each of the last days, without counting everything.

The days are found in the ids once, and are remembered: a day that is over does not change. Of each
day and table a bounded number of versions is counted, by the primary key alone.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import BigInteger, Select, cast, func, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from rowtrail.history import shares
from rowtrail.history.filters import Filters
from rowtrail.history.looking import (
    BIGGEST_ID,
    MARGIN,
    TIMES,
    Share,
    crossings,
    in_share,
    one_by_one,
    wanted_tables,
)
from rowtrail.history.looking import tables_of as all_tables
from rowtrail.history.paging import v

DAYS = 30

#: So many versions are counted for all tables and days together; but of a day and table no fewer
#: than the second number, and no more than the third.
COUNTED = 300_000
FEWEST = 200
MOST = 10_000

#: A day that began less than this ago is not remembered: versions from before may still come.
SETTLED = timedelta(hours=1)

#: Between which ids days begin, by the tables whose versions tell: who sees others learns nothing.
Known = dict[tuple[int, ...], dict[date, tuple[int, int]]]

#: So many sets of tables are remembered.
REMEMBERED = 50


@dataclass(frozen=True)
class Activity:
    """The versions of a table by day, the last one today (UTC).

    Attributes:
        first: the first of the days.
        versions: of each day, one after the other.
        most: as many stand for more, too.
    """

    first: date
    versions: list[int]
    most: int

    @property
    def total(self) -> int:
        """Of all days; where a day has more than was counted, at least so many."""
        return sum(self.versions)

    @property
    def has_more(self) -> bool:
        """Whether some day has more than was counted."""
        return any(count >= self.most for count in self.versions)

    @property
    def busiest(self) -> date:
        """The first of the days with the most versions."""
        return self.first + timedelta(days=self.versions.index(max(self.versions)))


def activity(session: Session, remembered: Known, now: datetime) -> dict[int, Activity]:
    """The activity of all tables in the last `DAYS` days, by their numbers.

    Args:
        session: of the reader.
        remembered: what earlier calls found; it adds to it.
        now: in the last of the days (UTC).
    """
    tables = all_tables(session, Filters())
    if len(remembered) >= REMEMBERED and tuple(tables) not in remembered:
        remembered.clear()
    known = remembered.setdefault(tuple(tables), {})
    days = [now.date() - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    for day in set(known) - set(days):
        known.pop(day, None)
    begins = known | beginnings(session, tables, [day for day in days if day not in known])
    known.update({day: begin for day, begin in begins.items() if now - midnight(day) > SETTLED})
    lows = [begins[day][0] for day in days]
    highs = [*(begins[day][1] for day in days[1:]), BIGGEST_ID]
    starts = [midnight(day) for day in days]
    most = min(max(COUNTED // (DAYS * max(len(tables), 1)), FEWEST), MOST)
    counts: dict[int, list[int]] = {table: [0] * DAYS for table in tables}

    def ask(one: Session, share: Share | None) -> list[Any]:
        with one_by_one(one):
            return list(one.execute(counted(tables, lows, highs, starts, most, share)))

    for row in shares.counted_since(session, starts[0], ask):
        of_days = counts[row.table_id]
        of_days[row.place - 1] = min(of_days[row.place - 1] + row.versions, most)
    return {table: Activity(days[0], versions, most) for table, versions in counts.items()}


def beginnings(
    session: Session, tables: list[int], days: list[date]
) -> dict[date, tuple[int, int]]:
    """Between which ids each day begins."""
    starts = [midnight(day) for day in days]
    moments = [start - MARGIN for start in starts] + [start + MARGIN for start in starts]
    found = crossings(session, tables, moments)
    pairs = zip(found[: len(days)], found[len(days) :], strict=True)
    return {day: (low, high) for day, ((low, _), (_, high)) in zip(days, pairs, strict=True)}


def midnight(day: date) -> datetime:
    """When the day begins (UTC)."""
    return datetime.combine(day, time(), UTC)


def counted(
    tables: list[int],
    lows: list[int],
    highs: list[int],
    starts: list[datetime],
    most: int,
    share: Share | None = None,
) -> Select[tuple[int, int, int]]:
    """The number of versions by table and day, up to so many."""
    day = (
        func.unnest(
            cast(lows, ARRAY(BigInteger)), cast(highs, ARRAY(BigInteger)), cast(starts, TIMES)
        )
        .table_valued("low", "high", "start", with_ordinality="place", name="day")
        .render_derived()
    )
    wanted = wanted_tables(tables, share)
    some = (
        select(literal(1).label("one"))
        .where(v.c.table_id == wanted.c.id, v.c.id >= day.c.low, v.c.id < day.c.high)
        .where(v.c.changed_at >= day.c.start, v.c.changed_at < day.c.start + timedelta(days=1))
        .where(*in_share(wanted, share))
        # Any would do, but so the primary key gives them one by one, until there are enough.
        .order_by(v.c.id)
        .limit(most)
        .correlate(wanted, day)
        .subquery("some")
    )
    size = select(func.count().label("versions")).select_from(some).lateral("size")
    return (
        select(wanted.c.id.label("table_id"), day.c.place, size.c.versions)
        .select_from(wanted.join(day, true()).join(size, true()))
        .where(size.c.versions > 0)
    )
