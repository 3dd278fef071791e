"""Signing in by OpenID Connect (ROWTRAIL_AUTH=oidc), with Authlib: a provider says who somebody is.

The authorization code flow with PKCE, state and nonce. What is known of a person is in a signed
cookie, which ends after a time, whatever is done meanwhile; no token is kept.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import (
    Blueprint,
    Flask,
    Request,
    Response,
    current_app,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from joserfc.errors import JoseError
from requests import RequestException
from werkzeug.exceptions import HTTPException, Unauthorized
from werkzeug.wrappers import Response as BaseResponse

from rowtrail.errors import RowtrailError
from rowtrail.reader.access import is_local, person_of, required

signing = Blueprint("oidc", __name__)

#: How long the provider may take to answer.
TIMEOUT = 10  # seconds

#: How long somebody stays signed in.
HOURS = 8

#: So many characters at least make a key.
KEY = 32


@dataclass(frozen=True)
class Oidc:
    """Whom a provider knows.

    Attributes:
        issuer: the provider.
        client_id: the application's name there.
        client_secret: its password there.
        claim: what of the provider's words is the person's name.
        address: of the application, as people write it.
        key: signs the cookie.
        seconds: how long somebody stays signed in.
    """

    issuer: str
    client_id: str
    client_secret: str
    claim: str
    address: str
    key: str
    seconds: int

    def person(self, request: Request) -> str | None:
        person, until = session.get("person"), session.get("until", 0)
        if isinstance(person, str) and time.time() < until:
            return person
        if request.method == "GET" and request.accept_mimetypes.accept_html:
            place = request.full_path.removesuffix("?")
            raise HTTPException(response=redirect(url_for("oidc.sign_in", next=place)))
        raise Unauthorized("who are you? sign in with a browser, at /sign-in")

    def init_app(self, app: Flask) -> None:
        """Adds the pages on which somebody signs in and out."""
        app.config.update(
            SECRET_KEY=self.key,
            SESSION_COOKIE_NAME="rowtrail_session",
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Lax",
            SESSION_COOKIE_SECURE=self.address.startswith("https:"),
        )
        provider = OAuth(app).register(
            "rowtrail",
            client_id=self.client_id,
            client_secret=self.client_secret,
            server_metadata_url=f"{self.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid profile email",
                "code_challenge_method": "S256",
                "default_timeout": TIMEOUT,
            },
        )
        app.extensions["rowtrail.oidc"] = (self, provider)
        app.register_blueprint(signing)
        app.context_processor(lambda: {"sign_out": url_for("oidc.sign_out")})


def way_of(environ: Mapping[str, str]) -> Oidc:
    """What the environment says.

    Raises:
        RowtrailError: something is missing, or cannot be meant.
    """
    hours = environ.get("ROWTRAIL_SESSION_HOURS") or str(HOURS)
    if not hours.isascii() or not hours.isdigit() or not 1 <= int(hours) <= 24 * 30:
        raise RowtrailError(
            f"ROWTRAIL_SESSION_HOURS={hours!r} is no number of hours from 1 to {24 * 30}; "
            "set another, or none for 8"
        )
    way = Oidc(
        issuer=safe_url(environ, "ROWTRAIL_OIDC_ISSUER", "the URL of the provider"),
        client_id=required(environ, "ROWTRAIL_OIDC_CLIENT_ID", "its name at the provider"),
        client_secret=required(environ, "ROWTRAIL_OIDC_CLIENT_SECRET", "its secret there"),
        claim=required(environ, "ROWTRAIL_OIDC_CLAIM", "the claim that is the person's name"),
        address=safe_url(environ, "ROWTRAIL_URL", "the URL by which people ask for it"),
        key=required(environ, "ROWTRAIL_SECRET_KEY", "a key of its own for its cookies"),
        seconds=int(hours) * 3600,
    )
    if len(way.key) < KEY:
        raise RowtrailError(
            f"ROWTRAIL_SECRET_KEY has {len(way.key)} characters, which can be guessed; "
            "set what this prints: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return way


def safe_url(environ: Mapping[str, str], name: str, what: str) -> str:
    """A URL to which secrets can be sent."""
    url = required(environ, name, what)
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return url
    if parts.scheme == "http" and is_local(parts.hostname or "nowhere"):
        return url
    raise RowtrailError(f"{name}={url!r} is not an https:// URL; name one")


@signing.get("/sign-in")
def sign_in() -> Response:
    """Leads to the provider, and back to ?next=."""
    way, provider = current_app.extensions["rowtrail.oidc"]
    # An attempt that was broken off is not kept: a cookie has little room.
    session.clear()
    try:
        if provider.load_server_metadata().get("issuer") != way.issuer:
            raise RowtrailError(
                f"the provider at {way.issuer} calls itself otherwise; "
                "set ROWTRAIL_OIDC_ISSUER to its own name"
            )
        back = way.address.rstrip("/") + url_for("oidc.signed_in")
        leads = provider.authorize_redirect(back)
    except (RequestException, RuntimeError, ValueError) as error:
        raise unreachable(way, error) from None
    session["next"] = place_here(request.args.get("next", ""))
    # Not by a redirect: what began as a form of ours may not end elsewhere.
    page = render_template("sign_in.html", place=leads.location)
    response: Response = current_app.response_class(page)
    return response


@signing.get("/signed-in")
def signed_in() -> BaseResponse:
    """Where the provider sends somebody back to."""
    way, provider = current_app.extensions["rowtrail.oidc"]
    place = session.get("next", "/")
    try:
        # It checks the signature, issuer, audience, nonce and times of what the provider says.
        token = provider.authorize_access_token()
    except (AuthlibBaseError, JoseError) as error:
        current_app.logger.warning("nobody is signed in: %r", str(error)[:300])
        session.clear()
        raise Unauthorized(
            "the provider's answer does not fit what was asked, so nobody is signed in; "
            "begin anew at /sign-in"
        ) from None
    except (RequestException, RuntimeError, ValueError) as error:
        session.clear()
        raise unreachable(way, error) from None
    session.clear()
    session["person"] = person_by(token.get("userinfo") or {}, way.claim)
    session["until"] = int(time.time()) + way.seconds
    return redirect(place_here(place))


@signing.get("/sign-out")
def sign_out() -> str:
    """Forgets who asks. At the provider they stay signed in."""
    session.clear()
    return render_template("signed_out.html")


def person_by(claims: Mapping[str, Any], claim: str) -> str:
    """The person whom the claim names; raises Unauthorized where it names nobody for sure."""
    named = claims.get(claim)
    person = person_of(named) if isinstance(named, str) else None
    if person is None:
        raise Unauthorized(f"the provider names nobody by the claim {claim!r}")
    if claim == "email" and claims.get("email_verified") is not True:
        raise Unauthorized("the provider has not verified this address of e-mail")
    return person


def place_here(place: str) -> str:
    """The place if it is one of this application, else its start: nobody is sent elsewhere."""
    begins_here = place.startswith("/") and not place.startswith(("//", "/\\"))
    return place if begins_here and place.isprintable() and "\\" not in place else "/"


def unreachable(way: Oidc, error: Exception) -> RowtrailError:
    """The error for a provider that does not answer, or not as it must."""
    return RowtrailError(
        f"the provider {way.issuer} cannot be asked who you are ({type(error).__name__}); "
        "try again in a moment"
    )
