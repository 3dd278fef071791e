"""The command `rowtrail digest`: what tells a seal, to be kept elsewhere."""

import json
from pathlib import Path

import click

from rowtrail.commands.options import on_database, on_key, opened


@click.command()
@on_database
@click.option(
    "--seal", "number", metavar="N", type=click.IntRange(min=1), help="Of it; else the last one."
)
@click.option(
    "--to",
    "place",
    metavar="PLACE",
    help="Put it there: a file, to which a line is added; git:FILE, committed in its repository; "
    "or an http(s) URL, to which it is posted.",
)
@on_key
def digest(
    database: str | None, data: Path | None, number: int | None, place: str | None, key: Path | None
) -> None:
    """Print the digest of a seal, or put it where the database's superusers cannot change it.

    It is a line of JSON: the text of the seal and the SHA-256 of that. It holds all that was sealed
    until then: rowtrail verify --digests FILE finds out if any of it was changed.
    """
    from rowtrail.proof.digests import place_of, publish, signed
    from rowtrail.proof.signing import Signer

    signer = None if key is None else Signer(key)
    where = None if place is None else place_of(place)
    with opened(database, data) as target:
        from rowtrail.proof import seals

        with target.engine.connect() as connection:
            known = seals.digest(connection, number)
    if where is None:
        click.echo(json.dumps(signed(known, signer), ensure_ascii=False))
    else:
        publish(known, where, signer)
