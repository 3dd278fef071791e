"""What is recorded when a row of a tracked table changes."""

from sqlalchemy import Connection, text


def test_an_insert_an_update_and_a_delete_have_one_version_each(db: Connection) -> None:
    db.execute(text("create table animals (id int primary key, name text, legs int)"))
    db.execute(text("select rowtrail.track('animals')"))
    db.execute(text("insert into animals values (1, 'ant', 8)"))
    db.execute(text("update animals set legs = 6"))
    db.execute(text("delete from animals"))
    versions = db.execute(text("select op, row_key, data, old from rowtrail.versions order by id"))
    assert [tuple(version) for version in versions] == [
        ("I", "1", {"id": 1, "name": "ant", "legs": 8}, None),
        ("U", "1", {"id": 1, "name": "ant", "legs": 6}, {"legs": 8}),
        ("D", "1", {"id": 1, "name": "ant", "legs": 6}, None),
    ]
