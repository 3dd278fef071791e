"""The OpenAPI 3.1 document of the API."""

from typing import Any

from rowtrail import __version__
from rowtrail.history.answers import OPERATIONS
from rowtrail.reader.problems import MEDIA_TYPE, PROBLEMS
from rowtrail.reader.questions import QUESTIONS, Parameter, Question
from rowtrail.reader.shapes import SHAPES, Schema, ref

INTRODUCTION = f"""
Who changed which row, when, from what to what. All is read only: GET, and HEAD, which answers as
GET does but for the body.

**Numbers are exact.** A value of a row has the digits that PostgreSQL has: 1.50 stays 1.50, and a
`numeric` of 100 digits has 100. Parse with decimals where that matters, not with floating point.
Transactions' numbers are text, since 64 bits are more than some readers of JSON keep.

**Times** are RFC 3339 in UTC, ending in Z.

**Pages** are linked: follow `older`, `newer` and `next`, which keep the filters. They start from
the id of a version, so what is written meanwhile moves nothing.

**Parameters** that do not exist here are refused, and so is one that is given twice or is empty:
it would answer with more than is meant. Only a row's key may be an empty text.

**Who may read** what is decided by the database; whether and how people have to say who they are,
by whoever runs this rowtrail.

**Errors** are problem details ({MEDIA_TYPE}, RFC 9457); their kinds are at `/problems/…`:
{", ".join(f"`{problem.name}` ({problem.status})" for problem in PROBLEMS)}.

What is done to a row or a table is {", ".join(f"`{word}`" for word in OPERATIONS.values())};
`baseline` is a row as it was when tracking began.
""".strip()


def document(url: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document.

    Args:
        url: where the API is, without a slash at its end.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "rowtrail",
            "summary": "The row history of a PostgreSQL database",
            "description": INTRODUCTION,
            "version": __version__,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": url}],
        "paths": {one.path: {"get": described(one)} for one in QUESTIONS.values()},
        "components": {
            "schemas": SHAPES,
            "responses": {
                "Problem": {
                    "description": "What is wrong",
                    "headers": UNKEPT,
                    "content": {MEDIA_TYPE: {"schema": ref("Problem")}},
                }
            },
        },
    }


def described(question: Question) -> dict[str, Any]:
    """A question, as an operation of OpenAPI has it."""
    more = {"description": question.more} if question.more else {}
    answered = {"description": question.summary, "headers": HEADERS}
    if question.is_file:
        # Its hash is not known before all of it was read.
        parameters = question.parameters
        done = {"200": {**answered, "headers": UNKEPT, "content": FILE}}
    else:
        parameters = (*question.parameters, KNOWN)
        content = {"application/json": {"schema": ref(question.answer)}}
        if question.is_feed:
            content |= EVENTS
            answered["headers"] = {**HEADERS, "ETag": {**HEADERS["ETag"], "required": False}}
        done = {
            "200": {**answered, "content": content},
            "304": {"description": "What you have is still so.", "headers": HEADERS},
        }
    errors = [
        "400",
        *([] if question.is_open else ["401", "403"]),
        *(["404"] if "{" in question.path or question.is_feed else []),
        *(["410"] if question.is_feed else []),
        *("500", "503"),
    ]
    return {
        "operationId": question.id,
        "summary": question.summary,
        **more,
        "parameters": [parameter(one) for one in parameters],
        "responses": {
            **done,
            **{status: {"$ref": "#/components/responses/Problem"} for status in errors},
        },
    }


def parameter(one: Parameter) -> dict[str, Any]:
    """A parameter, as OpenAPI has it."""
    return {
        "name": one.name,
        "in": one.place,
        "description": one.meaning,
        **({"required": True} if one.is_required else {}),
        "schema": one.schema,
        **({} if one.example is None else {"example": one.example}),
    }


KNOWN = Parameter(
    "If-None-Match",
    {"type": "string"},
    "The ETag of an answer that you keep: if it is still the same, you get 304 and no body.",
    place="header",
)


UNKEPT: Schema = {
    "Cache-Control": {
        "description": "History is kept in no cache on the way.",
        "required": True,
        "schema": {"const": "no-store"},
    },
}

HEADERS: Schema = {
    "ETag": {
        "description": "The SHA-256 of the answer.",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9a-f]{64}"$'},
    },
    **UNKEPT,
}

EVENTS: Schema = {"text/event-stream": {"schema": {"type": "string"}}}

FILE: Schema = {
    "application/jsonl": {"schema": {"type": "string"}},
    "text/csv": {"schema": {"type": "string"}},
}
