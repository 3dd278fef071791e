"""The time zone in which pages show times: what `?tz=` says, which a cookie keeps; else UTC.

JSON, exports and filters are in UTC whatever it is.
"""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, g, request

zones = Blueprint("zones", __name__)

COOKIE = "rowtrail_tz"
KEPT = 365 * 24 * 3600  # seconds


def zone() -> tzinfo:
    """The zone of this request; one in a cookie that is no zone is passed over."""
    if "zone" not in g:
        g.zone = named(request.cookies.get(COOKIE, "")) or UTC
    found: tzinfo = g.zone
    return found


def named(name: str) -> tzinfo | None:
    """The zone with a name of the tz database, as Europe/Berlin; None where there is none."""
    if name.upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(name) if 0 < len(name) <= 64 else None
    except (KeyError, ValueError, OSError):
        return None


@zones.before_app_request
def read_zone() -> None:
    given = request.args.get("tz")
    if given is None:
        return
    found = named(given)
    if found is None:
        abort(400, f"there is no time zone {given!r}; write it as Europe/Berlin, or UTC")
    g.zone = found


@zones.after_app_request
def keep_zone(response: Response) -> Response:
    if "tz" in request.args and response.status_code < 400:
        response.set_cookie(
            COOKIE,
            zone_name(),
            max_age=KEPT,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure,
        )
    return response


@zones.app_template_global()
def zone_name() -> str:
    """The name of the zone."""
    found = zone()
    return found.key if isinstance(found, ZoneInfo) else "UTC"


@zones.app_template_filter()
def clock(moment: datetime) -> str:
    """Date and time to the second, by the clock of the zone."""
    return moment.astimezone(zone()).strftime("%Y-%m-%d %H:%M:%S")


@zones.app_template_filter()
def offset(moment: datetime) -> str:
    """How far that clock is from UTC at the moment: +01:00."""
    written = moment.astimezone(zone()).strftime("%z")
    return f"{written[:3]}:{written[3:5]}"
