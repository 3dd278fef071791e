"""A small shop: orders, and who may change them."""

import os
import secrets
from typing import Any

from flask import Flask
from flask_login import LoginManager
from flask_migrate import Migrate
from sqlalchemy import make_url

import rowtrail.flask
from shop import views
from shop.models import User, db


def create_app(**config: Any) -> Flask:
    """The application; it writes to the database that DATABASE_URL names."""
    app = Flask(__name__)
    app.config |= {
        # Without one everybody is signed out at the next start. A key that stands here would let
        # whoever read it be anybody, and the history would believe it.
        "SECRET_KEY": os.environ.get("SECRET_KEY") or secrets.token_hex(),
        "SESSION_COOKIE_SAMESITE": "Lax",
        "HISTORY_PAGES": os.environ.get("HISTORY_PAGES"),
    }
    app.config |= config
    if "SQLALCHEMY_DATABASE_URI" not in app.config:
        # SQLAlchemy 2.1 takes a bare postgresql:// for psycopg 3.
        url = make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+psycopg2")
        app.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(app)
    Migrate(app, db)
    login = LoginManager(app)
    login.user_loader(lambda name: db.session.get(User, name))
    # Whoever is signed in is the actor of what a request writes.
    rowtrail.flask.init_app(app)
    app.register_blueprint(views.pages)
    return app
