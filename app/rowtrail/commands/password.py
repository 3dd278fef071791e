"""The command `rowtrail password`: who may read the pages, where ROWTRAIL_AUTH is basic."""

from pathlib import Path

import click


@click.command()
@click.argument("person")
@click.option(
    "--file",
    metavar="FILE",
    envvar="ROWTRAIL_PASSWORDS",
    show_envvar=True,
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Of the people and the hashes of their passwords.",
)
def password(person: str, file: Path) -> None:
    """Set the password by which PERSON reads the pages, where ROWTRAIL_AUTH is basic.

    It is asked for twice. The file is made if there is none; a running rowtrail serve reads it
    again by itself. Whoever is to read no more is deleted from it with an editor.
    """
    from rowtrail.reader.passwords import require_name, set_password

    require_name(person)
    given = click.prompt("Password", hide_input=True, confirmation_prompt="The same again")
    was_there = set_password(file, person, given)
    click.echo(f"{file}: {person} has {'another' if was_there else 'a'} password")
