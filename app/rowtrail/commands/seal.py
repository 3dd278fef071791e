"""The command `rowtrail seal`: what was committed is sealed, once or again and again."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rowtrail.commands.options import (
    as_json,
    on_database,
    on_key,
    opened,
    plural,
    print_json,
    seconds,
)

if TYPE_CHECKING:
    from rowtrail.commands.target import Target
    from rowtrail.proof.digests import Place
    from rowtrail.proof.seals import Sealed
    from rowtrail.proof.signing import Signer


@click.command()
@on_database
@click.option(
    "--every",
    metavar="INTERVAL",
    callback=seconds,
    help="Go on, and seal so often: 60s, 5m, 1h; until Ctrl-C.",
)
@click.option(
    "--digest",
    "place",
    metavar="PLACE",
    help="Put the digest of each seal there, as rowtrail digest --to does.",
)
@on_key
@as_json
def seal(
    database: str | None,
    data: Path | None,
    every: int | None,
    place: str | None,
    key: Path | None,
    json_wanted: bool,
) -> None:
    """Seal what was committed since the last seal, so that a change of it is seen.

    Nobody who writes waits for it. It takes the role rowtrail_auditor. Who can rewrite the database
    can rewrite its seals as well: keep digests of them elsewhere.
    """
    if key is not None and place is None:
        raise click.UsageError("--sign is of the digest that --digest puts somewhere")
    from rowtrail.errors import RowtrailError
    from rowtrail.proof.digests import place_of
    from rowtrail.proof.signing import Signer

    signer = None if key is None else Signer(key)
    where = None if place is None else place_of(place)
    with opened(database, data) as target:
        sealing = Sealing(target, where, signer, json_wanted)
        if every is None:
            if not sealing.go_on():
                click.echo("rowtrail: nothing was committed since the last seal", err=True)
            return
        due = time.monotonic()
        while True:
            try:
                sealing.go_on()
            except RowtrailError as error:
                # What was not sealed or published now is so the next time.
                click.echo(f"rowtrail: {error}; trying again in {every} s", err=True)
            due = max(due + every, time.monotonic())
            time.sleep(max(due - time.monotonic(), 0))


class Sealing:
    """Makes seals, says so, and puts their digests in a place.

    Args:
        target: the database.
        place: of the digests, if they are wanted somewhere.
        signer: of the digests, if they are to be signed.
        json_wanted: whether a script reads what is said.
    """

    def __init__(
        self, target: "Target", place: "Place | None", signer: "Signer | None", json_wanted: bool
    ) -> None:
        self.target, self.place, self.signer = target, place, signer
        self.json_wanted = json_wanted
        self.published: int | None = None

    def go_on(self) -> bool:
        """Seals what is new, if anything is, and publishes the last digest once.

        Returns:
            Whether there was something to seal.

        Raises:
            RowtrailError: it cannot be done just now.
        """
        from sqlalchemy.exc import DBAPIError

        from rowtrail.errors import RowtrailError, explain
        from rowtrail.proof import seals
        from rowtrail.proof.digests import publish

        try:
            with self.target.engine.connect() as connection:
                made = seals.seal_all(connection)
                known = None if self.place is None else seals.last_digest(connection)
        except DBAPIError as error:
            raise RowtrailError(explain(error)) from None
        for one in made:
            self.say(one)
        if self.place is not None and known is not None and known["seal"] != self.published:
            publish(known, self.place, self.signer)
            self.published = known["seal"]
        return bool(made)

    def say(self, made: "Sealed") -> None:
        """Says which seal was made."""
        if self.json_wanted:
            print_json(made._asdict())
            return
        from rowtrail.commands.terminal import moment

        versions = plural(made.versions, "version")
        click.echo(f"seal {made.seal} at {moment(made.sealed_at)}: {versions}, {made.hash}")
