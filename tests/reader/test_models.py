"""The read-only mappings."""

from decimal import Decimal

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.orm import Session

from rowtrail.models import Version


def test_numbers_come_back_as_they_were_written(db: Connection, engine: Engine) -> None:
    db.execute(text("create table prices (id bigint primary key, price numeric)"))
    db.execute(text("select rowtrail.track('prices')"))
    db.execute(text("insert into prices values (9007199254740993, 1.50)"))
    db.execute(text("update prices set price = 1.500"))
    with Session(engine) as session:
        newest = session.scalars(select(Version).order_by(Version.id.desc())).first()
        assert newest is not None
        assert newest.data == {"id": 9007199254740993, "price": Decimal("1.500")}
        assert newest.timestamp == newest.changed_at
        [(before, after)] = newest.changes.values()
        assert (str(before), str(after)) == ("1.50", "1.500")
        found = session.scalars(
            select(Version).where(Version.data["price"].astext == "1.500", Version.op == "U")
        )
        assert [version.id for version in found] == [newest.id]
