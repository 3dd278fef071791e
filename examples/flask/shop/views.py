"""The pages, and the command `flask seed`."""

from datetime import datetime
from decimal import Decimal

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required, login_user, logout_user
from sqlalchemy import select
from werkzeug.security import check_password_hash, generate_password_hash

from shop.models import Line, Order, User, db

STATES = ("new", "paid", "sent", "cancelled")

pages = Blueprint("pages", __name__, cli_group=None)


@pages.get("/")
def orders() -> ResponseReturnValue:
    """The orders now, or as they were: `/?at=2026-11-28T12:00:00Z`."""
    at = request.args.get("at")
    if at is None:
        found = list(db.session.scalars(select(Order).order_by(Order.id)))
    else:
        try:
            moment = datetime.fromisoformat(at)
        except ValueError:
            abort(400, f"at={at!r} is no moment; write it as 2026-11-28T12:00:00Z")
        if moment.tzinfo is None:
            abort(400, f"at={at!r} has no offset; write it as 2026-11-28T12:00:00Z")
        then = Order.history.as_of(moment, db.session)
        found = then.order_by(Order.id).load(Order.lines).all()
    return render_template("orders.html", orders=found, at=at)


@pages.get("/orders/<int:number>")
def order(number: int) -> ResponseReturnValue:
    """An order, and all that happened to it."""
    return render_template("order.html", order=db.get_or_404(Order, number), states=STATES)


@pages.post("/orders/<int:number>")
@login_required  # type: ignore[untyped-decorator]
def change(number: int) -> ResponseReturnValue:
    """Gives an order another status. No version is written here: the database does it."""
    if request.form.get("status") not in STATES:
        abort(400, f"status is one of: {', '.join(STATES)}")
    db.get_or_404(Order, number).status = request.form["status"]
    db.session.commit()
    return redirect(url_for(".order", number=number))


@pages.post("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Signs somebody in."""
    user = db.session.get(User, request.form.get("name", ""))
    if user is None or not check_password_hash(
        user.password_hash, request.form.get("password", "")
    ):
        abort(403, "no user of this name has this password")
    login_user(user)
    return redirect(url_for(".orders"))


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Signs them out."""
    logout_user()
    return redirect(url_for(".orders"))


@pages.cli.command("seed")
def seed() -> None:
    """Fill an empty shop. The actor is whom the machine knows, in this command."""
    if db.session.scalar(select(Order.id).limit(1)):
        return
    users = [User(id=name, password_hash=generate_password_hash(name)) for name in ("ann", "bob")]
    lines = [Line(number=1, product="tea", quantity=2, price=Decimal("4.50"))]
    lines.append(Line(number=2, product="a cup", quantity=1, price=Decimal("9.00")))
    db.session.add_all([*users, Order(customer="Grace", lines=lines), Order(customer="Edsger")])
    db.session.commit()
