"""The command `rowtrail prove`: a file by which a stranger can check a version."""

import json
from pathlib import Path
from typing import Any

import click

from rowtrail.commands.archive import from_archive, opened_archive
from rowtrail.commands.options import on_database, opened


@click.command()
@on_database
@click.argument("version", type=click.IntRange(1, 2**63 - 1), required=False)
@click.option(
    "--from-seal",
    "first",
    metavar="N",
    type=click.IntRange(min=1),
    help="Instead of a version: that the later seal goes on where seal N ended.",
)
@click.option(
    "--digest-of",
    "head",
    metavar="N",
    type=click.IntRange(min=1),
    help="The seal on whose digest the proof stands; without it, the last.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Without it, standard output.",
)
@from_archive
def prove(
    database: str | None,
    data: Path | None,
    version: int | None,
    first: int | None,
    head: int | None,
    output: Path | None,
    archive: str | None,
) -> None:
    """Prove to a stranger that VERSION was there, as it is, when it was sealed.

    VERSION is its id, as rowtrail history shows it. The proof is a small JSON file, which
    docs/check_proof.py checks without a database, by a digest that was kept elsewhere. With
    --archive it comes out of the archive, and no database is asked.
    """
    if (version is None) == (first is None):
        raise click.UsageError("give the id of a version, or --from-seal")
    proof: dict[str, Any]
    if archive is not None:
        of = opened_archive(archive)
        proof = (
            of.prove(version, head)
            if version is not None
            else of.prove_consistency(first or 1, head)
        )
    else:
        with opened(database, data) as target:
            from rowtrail.proof import seals

            with target.engine.connect() as connection:
                proof = (
                    seals.prove(connection, version, head)
                    if version is not None
                    else seals.prove_consistency(connection, first or 1, head)
                )
    written = json.dumps(proof, indent=1, ensure_ascii=False) + "\n"
    if output is None or str(output) == "-":
        click.echo(written, nl=False)
        return
    from rowtrail.errors import RowtrailError

    try:
        output.write_text(written, encoding="utf-8")
    except OSError as error:
        raise RowtrailError(f"{output} cannot be written: {error.strerror}") from None
