"""OpenRouter and every server that speaks OpenAI's chat protocol.

Owns the shape of that one request and reply. What differs between servers is the
`Dialect`; nothing here decides what is asked.
"""

import base64
from dataclasses import dataclass, field
from typing import Any, cast

from darkroom.adapters.vision.chat import ChatReply, ChatRequest, Usage
from darkroom.adapters.vision.exchange import Endpoint, Json, post_json
from darkroom.core.errors import VisionError

_TOP_LOGPROBS = 10
_MAX_TOKENS = 1500


@dataclass(frozen=True)
class Dialect:
    """What one server wants beside the common form."""

    path: str = "/chat/completions"
    extra: Json = field(default_factory=dict[str, Any])


OPENAI = Dialect()
OPENROUTER = Dialect(
    # only providers that honour what we ask for, and that do not keep the images
    extra={"provider": {"require_parameters": True, "data_collection": "deny"}}
)


@dataclass(frozen=True)
class OpenAIChat:
    """A model behind an OpenAI-compatible address."""

    endpoint: Endpoint
    model: str
    dialect: Dialect = OPENAI

    @property
    def provider(self) -> str:
        """Return the configured name of the provider."""
        return self.endpoint.provider

    def ask(self, request: ChatRequest) -> ChatReply:
        """Send one request and return the reply, or raise VisionError."""
        reply, attempts = post_json(self.endpoint, self.dialect.path, self._body(request))
        choice = _first_choice(reply, self.endpoint)
        return ChatReply(
            text=_text(choice),
            provider=self.provider,
            model=self.model,
            usage=_usage(reply),
            first_token=_first_token(choice) if request.odds else None,
            attempts=attempts,
        )

    def _body(self, request: ChatRequest) -> Json:
        content: list[Json] = [{"type": "text", "text": request.prompt}]
        content += [
            {"type": "image_url", "image_url": {"url": _data_url(i)}} for i in request.images
        ]
        body: Json = {
            "model": self.model,
            "messages": [{"role": "user", "content": content}],
            "temperature": 0,
            "max_tokens": 1 if request.odds else _MAX_TOKENS,
        }
        if request.odds:
            body |= {"logprobs": True, "top_logprobs": _TOP_LOGPROBS}
        if request.schema is not None:
            schema = {"name": "answers", "strict": True, "schema": request.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body | self.dialect.extra


def _data_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _first_choice(reply: Json, endpoint: Endpoint) -> Json:
    choices: object = reply.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        choice = cast("Json", choices[0])
        if choice.get("finish_reason") != "error":
            return choice
    raise VisionError(
        "vision-bad-reply",
        f"{endpoint.provider} sent a reply without an answer in it",
        where=endpoint.base_url,
    )


def _text(choice: Json) -> str:
    message: object = choice.get("message")
    if not isinstance(message, dict):
        return ""
    known = cast("Json", message)
    # models that think aloud may leave the answer itself empty
    return str(known.get("content") or known.get("reasoning") or "")


def _first_token(choice: Json) -> dict[str, float] | None:
    """Read the candidates of the first word; many servers accept the wish and send null."""
    try:
        rows = choice["logprobs"]["content"][0]["top_logprobs"]
        return {str(row["token"]): float(row["logprob"]) for row in rows} or None
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _usage(reply: Json) -> Usage:
    told: object = reply.get("usage")
    counts = cast("Json", told) if isinstance(told, dict) else {}
    return Usage(1, _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens")))


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
