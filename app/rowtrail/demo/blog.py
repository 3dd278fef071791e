"""The demo's Flask application: users, as in any blog. It writes no version by hand."""

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from rowtrail.demo.place import Place
from rowtrail.orm import Versioned, set_actor


def write_through_flask(place: Place) -> None:
    """Makes the table of users, tracks it, and changes users as two people."""
    db = SQLAlchemy()

    class User(Versioned, db.Model):  # type: ignore[name-defined,misc]
        __tablename__ = "users"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

    app = Flask("rowtrail-demo")
    app.config["SQLALCHEMY_DATABASE_URI"] = place.engine.url
    db.init_app(app)
    with app.app_context():
        db.create_all()
        db.session.execute(text("select rowtrail.track(to_regclass('users'))"))
        db.session.commit()

        set_actor(db.session, "alice", reason="sign-ups of Monday")
        db.session.add_all([User(name="Ada"), User(name="Grace"), User(name="Edsgar")])
        db.session.commit()

        set_actor(db.session, "bob", reason="ticket 4711")
        grace, edsger = (db.session.execute(db.select(User).order_by(User.id)).scalars().all())[1:]
        edsger.name = "Edsger"
        grace.name = "Grace Hopper"
        db.session.commit()

        set_actor(db.session, "alice", reason="closed her account")
        db.session.delete(grace)
        db.session.commit()

        # A bulk update passes the objects by, and has its versions all the same.
        db.session.execute(db.update(User).where(User.name == "Ada").values(name="Ada Lovelace"))
        db.session.commit()
        db.engine.dispose()
