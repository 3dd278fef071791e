"""Signing in by OpenID Connect, from end to end, with a provider that speaks real HTTP."""

import html
import re
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from provider import CLIENT, Provider
from sqlalchemy import URL, Engine
from werkzeug.test import TestResponse

from rowtrail.errors import RowtrailError

MakeClient = Callable[[URL | str], FlaskClient]

HERE = "https://history.example"
HTML = {"Accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.end()


@pytest.fixture
def client(
    web: Engine, make_client: MakeClient, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> FlaskClient:
    for name, value in (
        ("AUTH", "oidc"),
        ("URL", HERE),
        ("HOSTS", "history.example"),
        ("SECRET_KEY", "k" * 40),
        ("OIDC_ISSUER", provider.issuer),
        ("OIDC_CLIENT_ID", CLIENT[0]),
        ("OIDC_CLIENT_SECRET", CLIENT[1]),
        ("OIDC_CLAIM", "preferred_username"),
    ):
        monkeypatch.setenv(f"ROWTRAIL_{name}", value)
    client = make_client(web.url)
    client.application.logger.disabled = True
    return client


def get(client: FlaskClient, place: str, **headers: str) -> TestResponse:
    return client.get(place, base_url=HERE, headers=HTML | headers)


class NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def sent_back(place: str) -> str:
    """Signs in at the provider, and gives where it sends the browser."""
    from urllib.error import HTTPError

    with pytest.raises(HTTPError) as answer:
        build_opener(NoRedirect).open(Request(place))
    with answer.value as found:
        assert found.code == 302
        return str(found.headers["Location"])


def led_to(client: FlaskClient, place: str) -> str:
    """Where the page on which one signs in leads."""
    page = get(client, place)
    assert page.status_code == 200
    found = re.search(r'content="0; url=([^"]+)"', page.text)
    assert found, page.text
    assert f'href="{found[1]}"' in page.text
    return html.unescape(found[1])


def sign_in(client: FlaskClient, place: str = "/sign-in") -> TestResponse:
    back = sent_back(led_to(client, place))
    assert back.startswith(f"{HERE}/signed-in?")
    return get(client, back.removeprefix(HERE))


def test_a_person_signs_in_and_comes_back_to_where_they_were(
    client: FlaskClient, provider: Provider
) -> None:
    place = "/changes?actor=bob&op=insert"
    first = get(client, place)
    assert first.status_code == 302
    done = sign_in(client, first.location)
    assert (done.status_code, done.location) == (302, place)
    page = get(client, place)
    assert page.status_code == 200
    assert "signed in as alice (role rowtrail_reader)" in page.text
    [asked] = provider.asked
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert min(len(asked["state"]), len(asked["nonce"])) >= 20
    assert asked["redirect_uri"] == f"{HERE}/signed-in"


def test_nothing_is_shown_before(client: FlaskClient) -> None:
    for place in ("/tables", "/", "/nowhere", "/changes/export.csv"):
        assert get(client, place).status_code == 302
    for place in ("/tables.json", "/changes/export.jsonl"):
        refused = client.get(place, base_url=HERE, headers={"Accept": "application/json"})
        assert refused.status_code == 401
        assert "WWW-Authenticate" not in refused.headers
    assert get(client, "/health").status_code == 200


def test_the_cookie_is_kept_from_others_and_cannot_be_made(
    client: FlaskClient, provider: Provider
) -> None:
    cookie = sign_in(client).headers["Set-Cookie"]
    for part in ("rowtrail_session=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie
    value = re.findall(r"rowtrail_session=([^;]+)", cookie)[0]
    stranger = client.application.test_client()
    for given, status in ((value, 200), (value[:-4] + "AAAA", 302), (value[1:], 302)):
        stranger.set_cookie("rowtrail_session", given, domain="history.example")
        assert get(stranger, "/tables").status_code == status


def test_who_signed_in_long_ago_signs_in_again_whatever_they_did_meanwhile(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    sign_in(client)
    for hours, status in ((4, 200), (7.9, 200), (8.1, 302)):
        monkeypatch.setattr(
            "rowtrail.reader.oidc.time.time", lambda hours=hours: now + hours * 3600
        )
        assert get(client, "/tables").status_code == status


def test_who_signs_out_is_signed_out(client: FlaskClient) -> None:
    sign_in(client)
    page = get(client, "/tables").text
    assert '<a href="/sign-out">sign out</a>' in page
    assert "signed out" in get(client, "/sign-out").text
    assert get(client, "/tables").status_code == 302


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example",
        "javascript:alert(1)", "/\t/evil.example", "", "tables", "/tables\nSet-Cookie: x=y",
    ],
)  # fmt: skip
def test_nobody_is_sent_elsewhere(client: FlaskClient, place: str) -> None:
    from urllib.parse import urlencode

    done = sign_in(client, f"/sign-in?{urlencode({'next': place})}")
    assert (done.status_code, done.location) == (302, "/")


def refused(client: FlaskClient, place: str) -> None:
    answer = get(client, place)
    assert answer.status_code == 401, answer.text
    assert "Traceback" not in answer.text
    assert get(client, "/tables").status_code == 302


def test_an_answer_that_was_not_asked_for_signs_nobody_in(
    client: FlaskClient, provider: Provider
) -> None:
    for place in ("/signed-in", "/signed-in?code=x&state=y", "/signed-in?error=access_denied"):
        refused(client, place)
    back = sent_back(led_to(client, "/sign-in")).removeprefix(HERE)
    # Somebody else's browser, or the same one with another state.
    refused(client.application.test_client(), back)
    refused(client, back.replace("state=", "state=x"))
    # Twice.
    place = sent_back(led_to(client, "/sign-in")).removeprefix(HERE)
    assert get(client, place).status_code == 302
    get(client, "/sign-out")
    refused(client, place)


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://evil.example"},
        {"aud": "another client"},
        {"nonce": "another"},
        {"exp": 1_000_000_000},
        {"preferred_username": None},
        {"preferred_username": ""},
        {"preferred_username": ["alice"]},
        {"preferred_username": "al\u200bice"},
        {"preferred_username": "x" * 201},
    ],
)
def test_a_token_that_does_not_hold_signs_nobody_in(
    client: FlaskClient, provider: Provider, lie: dict[str, Any]
) -> None:
    provider.claims |= lie
    refused(client, sent_back(led_to(client, "/sign-in")).removeprefix(HERE))


def test_a_token_that_somebody_else_signed_signs_nobody_in(
    client: FlaskClient, provider: Provider
) -> None:
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "first"})
    refused(client, sent_back(led_to(client, "/sign-in")).removeprefix(HERE))


@pytest.mark.parametrize(("verified", "status"), [(True, 302), (False, 401), (None, 401)])
def test_an_address_of_e_mail_counts_only_where_it_is_verified(
    client: FlaskClient, provider: Provider, web: Engine, make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch, verified: bool | None, status: int,
) -> None:  # fmt: skip
    monkeypatch.setenv("ROWTRAIL_OIDC_CLAIM", "email")
    provider.claims |= {"email": "alice@example.org", "email_verified": verified}
    client = make_client(web.url)
    assert sign_in(client).status_code == status


def test_a_provider_that_is_not_there_or_not_itself_is_one_line(
    client: FlaskClient, provider: Provider
) -> None:
    provider.metadata["issuer"] = "https://evil.example"
    answer = get(client, "/sign-in")
    assert answer.status_code == 503
    assert "calls itself otherwise" in answer.text


def test_a_provider_that_does_not_answer_is_one_line(
    client: FlaskClient, provider: Provider, monkeypatch: pytest.MonkeyPatch,
    web: Engine, make_client: MakeClient,
) -> None:  # fmt: skip
    monkeypatch.setenv("ROWTRAIL_OIDC_ISSUER", "http://127.0.0.1:1")
    client = make_client(web.url)
    client.application.logger.disabled = True
    answer = get(client, "/sign-in")
    assert answer.status_code == 503
    assert "cannot be asked who you are" in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("OIDC_ISSUER", "http://login.example", "is not an https:// URL"),
        ("OIDC_ISSUER", "", "set ROWTRAIL_OIDC_ISSUER"),
        ("OIDC_CLIENT_ID", "", "set ROWTRAIL_OIDC_CLIENT_ID"),
        ("OIDC_CLIENT_SECRET", "", "set ROWTRAIL_OIDC_CLIENT_SECRET"),
        ("OIDC_CLAIM", "", "set ROWTRAIL_OIDC_CLAIM"),
        ("URL", "http://history.example", "ROWTRAIL_URL='http://history.example' is not"),
        ("SECRET_KEY", "short", "has 5 characters"),
        ("SESSION_HOURS", "forever", "is no number of hours"),
        ("SESSION_HOURS", "0", "is no number of hours"),
    ],
)
def test_what_is_missing_is_one_line_at_the_start(
    client: FlaskClient, make_client: MakeClient, web: Engine, monkeypatch: pytest.MonkeyPatch,
    name: str, value: str, part: str,
) -> None:  # fmt: skip
    monkeypatch.setenv(f"ROWTRAIL_{name}", value)
    with pytest.raises(RowtrailError) as error:
        make_client(web.url)
    assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_the_way_back_is_the_address_that_people_know(client: FlaskClient) -> None:
    place = led_to(client, "/sign-in")
    assert urlsplit(place).path == "/authorize"
    assert "redirect_uri=https%3A%2F%2Fhistory.example%2Fsigned-in" in place
