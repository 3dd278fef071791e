"""Who asks, and as which role of the database they read.

ROWTRAIL_AUTH says how people are known:

  proxy   a proxy knows them, and names them in a header; nobody else is answered
  basic   they name themselves, with a password (HTTP Basic); a file has the hashes
  oidc    a provider of OpenID Connect says who they are (oidc.py)
  none    not at all: whoever can reach the application reads

Without it nobody is asked either, and only this machine is answered. What each person sees is
decided by the database: each transaction acts as the role of who asks.
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from flask import Flask, Request, Response, current_app, g, has_request_context, request
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import Forbidden, Unauthorized

from rowtrail.errors import RowtrailError
from rowtrail.reader.passwords import Passwords, is_line
from rowtrail.reader.people import PeopleFile

#: The role that sees all history.
READER = "rowtrail_reader"

#: The role of a login that acts as nobody else.
ITSELF = "none"

#: What everybody may ask: nothing of the history is in it.
OPEN = (
    *("static", "pages.health", "api.health", "v1.health", "v1.openapi", "v1.problem"),
    *("oidc.sign_in", "oidc.signed_in", "oidc.sign_out"),
)

WAYS = (
    "ROWTRAIL_AUTH=proxy (a proxy that asks), ROWTRAIL_AUTH=basic (a file of passwords) "
    "or ROWTRAIL_AUTH=oidc (OpenID Connect)"
)

#: Of a person's name.
LONGEST = 200  # characters

NETWORK = ipaddress.IPv4Network | ipaddress.IPv6Network


class Way(Protocol):
    """How people are known."""

    def person(self, request: Request) -> str | None:
        """Who asks; None where nobody is asked for their name.

        Raises:
            Unauthorized: they have to say who they are.
            Forbidden: they may not ask.
        """


class Anyone:
    """Whoever can reach the application."""

    def person(self, request: Request) -> str | None:
        return None


class ThisMachine:
    """Whoever is on this machine."""

    def person(self, request: Request) -> str | None:
        if not is_local(request.remote_addr):
            raise Forbidden(
                "rowtrail asks nobody for a password yet, so only its own machine is answered; "
                f"let its operator set {WAYS}, or ROWTRAIL_AUTH=none where something else decides "
                "who can reach it"
            )
        return None


@dataclass(frozen=True)
class Proxy:
    """Whom a proxy names.

    Attributes:
        header: in which it does.
        peers: its addresses.
    """

    header: str
    peers: tuple[NETWORK, ...]

    def person(self, request: Request) -> str | None:
        peer = address_of(request.remote_addr)
        if peer is None or not any(peer in network for network in self.peers):
            raise Forbidden("only the proxy of this rowtrail may ask it; go by way of the proxy")
        named = person_in(request.headers.get(self.header, ""))
        if named is None:
            raise Forbidden(
                f"the proxy names nobody in {self.header}, or not one person by up to {LONGEST} "
                "visible characters without a comma; let its operator look"
            )
        return named


@dataclass(frozen=True)
class Basic:
    """Who knows a password.

    Attributes:
        passwords: of each person.
    """

    passwords: Passwords

    def person(self, request: Request) -> str | None:
        given = request.authorization
        if given is None or given.type != "basic":
            raise Unauthorized("who are you? sign in by your name and password")
        person = given.username or ""
        if not self.passwords.are_right(person, given.password or ""):
            raise Unauthorized("there is no such person with this password; sign in again")
        return person


@dataclass(frozen=True)
class Roles:
    """As which role somebody reads.

    Attributes:
        rule: its name, in which {person} stands for the person's.
        by_person: the roles of people, where each has a line; nobody else then has any.
    """

    rule: str = READER
    by_person: PeopleFile | None = None

    def of(self, person: str | None) -> str:
        """The role of the person; raises Forbidden where there is none."""
        role: str | None = self.rule
        if person is not None and self.by_person is not None:
            role = self.by_person.get(person)
            if role is None:
                raise Forbidden(
                    f"{person} has no role here; let the operator add a line to the file of roles"
                )
        elif person is not None:
            role = self.rule.replace("{person}", person)
        if not role or role == ITSELF:
            raise Forbidden(f"{person} cannot read as the role {role!r}; it means no role at all")
        return role

    def of_nobody(self) -> str:
        """The role that looks whether the history is there, without reading it."""
        return ITSELF if self.by_person or "{person}" in self.rule else self.rule


@dataclass(frozen=True)
class Access:
    """How people are known, and as whom they read."""

    way: Way
    roles: Roles

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Access":
        """What the environment says.

        Raises:
            RowtrailError: it says nothing that can be meant.
        """
        way = way_of(environ)
        rule = environ.get("ROWTRAIL_ROLE") or READER
        file = environ.get("ROWTRAIL_ROLES")
        if isinstance(way, Anyone | ThisMachine) and (file or "{person}" in rule):
            raise RowtrailError(
                "ROWTRAIL_ROLE and ROWTRAIL_ROLES give people roles, but nobody is asked for a "
                f"name; set {WAYS}"
            )
        if file and environ.get("ROWTRAIL_ROLE"):
            raise RowtrailError(
                "ROWTRAIL_ROLE and ROWTRAIL_ROLES both say who has which role; set one of them"
            )
        return cls(way, Roles(rule, PeopleFile(Path(file), lambda _: None) if file else None))


def way_of(environ: Mapping[str, str]) -> Way:
    """How people are known, by ROWTRAIL_AUTH and what it needs."""
    mode = environ.get("ROWTRAIL_AUTH", "")
    if mode == "proxy":
        header = required(environ, "ROWTRAIL_PROXY_HEADER", "the header that names a person")
        if not re.fullmatch(r"[A-Za-z0-9-]+", header):
            raise RowtrailError(
                f"ROWTRAIL_PROXY_HEADER={header!r} is not the name of a header; "
                "letters, digits and - are in one: X-Remote-User"
            )
        peers = required(environ, "ROWTRAIL_PROXY_PEERS", "the addresses of the proxy")
        return Proxy(header, tuple(network_of(peer.strip()) for peer in peers.split(",")))
    if mode == "basic":
        file = required(environ, "ROWTRAIL_PASSWORDS", "the file of people and their passwords")
        return Basic(Passwords(Path(file)))
    if mode == "oidc":
        try:
            from rowtrail.reader import oidc
        except ImportError:
            raise RowtrailError(
                "ROWTRAIL_AUTH=oidc needs Authlib; install it: pip install 'rowtrail[oidc]'"
            ) from None
        return oidc.way_of(environ)
    if mode not in ("", "none"):
        raise RowtrailError(f"ROWTRAIL_AUTH={mode!r} is no way to know people; set {WAYS}")
    return Anyone() if mode == "none" else ThisMachine()


def required(environ: Mapping[str, str], name: str, what: str) -> str:
    """What the environment must say; raises a RowtrailError where it does not."""
    if value := environ.get(name):
        return value
    raise RowtrailError(f"ROWTRAIL_AUTH={environ['ROWTRAIL_AUTH']} needs {what}; set {name}")


def network_of(peer: str) -> NETWORK:
    """An address, or a range of them."""
    try:
        return ipaddress.ip_network(peer)
    except ValueError as error:
        raise RowtrailError(
            f"ROWTRAIL_PROXY_PEERS: {error}; write addresses or ranges with commas between them: "
            "127.0.0.1,10.0.0.0/24"
        ) from None


def init_app(app: Flask, access: Access) -> None:
    """Lets the application ask everybody who they are, before anything else."""
    app.extensions["rowtrail.access"] = access
    if begin := getattr(access.way, "init_app", None):
        begin(app)
    app.before_request(identify)
    app.after_request(ask_for_password)
    app.context_processor(known_to_pages)


def known_to_pages() -> dict[str, object]:
    """What each page knows of who asks."""
    role = g.get("role")
    reads_all = g.get("reads_all", role == READER)
    return {"signed_in": g.get("person"), "role": role, "reads_all": reads_all}


def identify() -> None:
    """Finds out who asks, and their role."""
    if request.endpoint in OPEN:
        return
    access: Access = current_app.extensions["rowtrail.access"]
    person = access.way.person(request)
    g.role = access.roles.of(person)
    g.person = person


def ask_for_password(response: Response) -> Response:
    """Lets the browser ask who it is."""
    access: Access = current_app.extensions["rowtrail.access"]
    if response.status_code == 401 and isinstance(access.way, Basic):
        response.headers["WWW-Authenticate"] = 'Basic realm="rowtrail", charset="UTF-8"'
    return response


def role() -> str:
    """The role of who asks."""
    if "role" in g:
        return str(g.role)
    if has_request_context() and request.endpoint not in OPEN:
        raise Forbidden("nobody is known to have asked this")
    access: Access = current_app.extensions["rowtrail.access"]
    return access.roles.of_nobody()


#: Of the role that a transaction acts as. A superuser, and who owns the history, is bound by no
#: grant and no policy.
STANDING = """
select
  r.rolsuper or pg_has_role(r.oid, n.nspowner, 'usage') as is_boundless,
  has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') as may_read,
  (
    select has_table_privilege(s.oid, 'select')
    from pg_class as s
    where s.relnamespace = n.oid and s.relname = 'seals') as reads_all
from pg_roles as r
join pg_namespace as n on n.nspname = 'rowtrail'
join pg_class as c on c.relnamespace = n.oid and c.relname = 'versions'
where r.rolname = current_user
"""


def require_bounds(connection: Connection, role: str) -> bool | None:
    """Raises Forbidden where the transaction acts as a role by which nobody may read the history.

    Args:
        connection: in a transaction that acts as the role.
        role: its name.

    Returns:
        Whether it reads all; None of those that need not be asked.
    """
    if role in (READER, ITSELF):
        return None
    found = connection.execute(text(STANDING)).one_or_none()
    if found is None:
        # Not installed: whoever reads next says so.
        return None
    if found.is_boundless:
        raise Forbidden(
            f"the role {role} is a superuser's or the owner of the history, which no grant bounds; "
            "let the operator name another role"
        )
    if not found.may_read:
        raise Forbidden(
            f"the role {role} may not read any history; let its owner run: "
            f"grant rowtrail_limited_reader to {quoted(role)};"
        )
    return bool(found.reads_all)


def refusal(error: DBAPIError, role: str, login: str | None) -> Forbidden | None:
    """What to say where a transaction cannot act as a person's role; None for all else."""
    code = getattr(error.orig, "pgcode", None)
    login = login or "<the login>"
    if role in (READER, ITSELF) or code not in ("42501", "22023"):
        return None
    if code == "22023":
        return Forbidden(
            f"there is no role {role} in the database; let an administrator run: "
            f"create role {quoted(role)}; grant rowtrail_limited_reader to {quoted(role)}; "
            f"grant {quoted(role)} to {quoted(login)};"
        )
    return Forbidden(
        f"the application may not act as the role {role}; let an administrator run: "
        f"grant {quoted(role)} to {quoted(login)};"
    )


def quoted(name: str) -> str:
    """The name as SQL has it."""
    is_plain = re.fullmatch(r"[a-z_][a-z0-9_]*", name)
    return name if is_plain else '"' + name.replace('"', '""') + '"'


def person_in(header: str) -> str | None:
    """The one person whom the value of a header names; None where it names nobody, or several."""
    try:
        # WSGI gives the bytes of a header as Latin-1.
        named = header.strip().encode("latin-1").decode()
    except UnicodeError:
        return None
    # Of two headers the server makes one value, with a comma.
    return None if "," in named else person_of(named)


def person_of(named: str) -> str | None:
    """The person of this name; None where nobody can be called so."""
    return named if named and len(named) <= LONGEST and is_line(named) else None


def address_of(peer: str | None) -> Any:
    """The address of a peer; None where it has none."""
    try:
        address = ipaddress.ip_address(peer or "")
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_local(peer: str | None) -> bool:
    """Whether the peer is on this machine; one that came by a socket in the file system is."""
    address = address_of(peer)
    return peer in (None, "", "localhost") or (address is not None and address.is_loopback)


def hosts_of(environ: Mapping[str, str]) -> list[str]:
    """The hosts by which the application may be asked: those that are named, else this machine."""
    named = [host.strip() for host in environ.get("ROWTRAIL_HOSTS", "").split(",")]
    return [host for host in named if host] or ["localhost", "127.0.0.1"]


def asks(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether people are asked who they are."""
    return not isinstance(way_of(environ), Anyone | ThisMachine)
