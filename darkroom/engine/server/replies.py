"""Answers in the form ComfyUI gives them, and reading request bodies."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

_JSON = "application/json; charset=utf-8"
_TEXT = "text/plain; charset=utf-8"
TROUBLE = "500 Internal Server Error\n\nServer got itself in trouble"


class ServerTrouble(Exception):
    """A request that makes ComfyUI stumble; it answers 500, and so do we."""


def as_json(data: Any, status: int = 200) -> Response:
    """JSON as ComfyUI writes it."""
    return Response(json.dumps(data), status, media_type=_JSON)


def nothing(status: int = 200) -> Response:
    """An answer that is only a status."""
    return Response(status_code=status)


def plain(text: str, status: int) -> Response:
    """A line of text."""
    return Response(text, status, media_type=_TEXT)


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request; anything else is trouble."""
    try:
        parsed = json.loads(await request.body())
    except (ValueError, RecursionError) as exc:
        raise ServerTrouble from exc
    if not isinstance(parsed, dict):
        raise ServerTrouble
    return parsed  # pyright: ignore[reportUnknownVariableType]


async def optional_body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request that may have none."""
    return await body_of(request) if await request.body() else {}
