"""Ollama's own protocol, and its ways round answers that get lost.

Owns /api/chat and /api/generate. Thinking models may put the JSON into
`thinking` and leave the answer empty, or ignore the schema on /api/chat: then
the same request goes once to /api/generate, which holds to it.
"""

import base64
from dataclasses import dataclass
from typing import Any, cast

from darkroom.adapters.vision.chat import ChatReply, ChatRequest, Usage
from darkroom.adapters.vision.exchange import Endpoint, Json, post_json
from darkroom.adapters.vision.replies import json_object

_CONTEXT_TOKENS = 8192
_TOP_LOGPROBS = 10


@dataclass(frozen=True)
class OllamaChat:
    """A model served by Ollama on this or another machine."""

    endpoint: Endpoint
    model: str

    @property
    def provider(self) -> str:
        """Return the configured name of the provider."""
        return self.endpoint.provider

    def ask(self, request: ChatRequest) -> ChatReply:
        """Send one request and return the reply, or raise VisionError."""
        first = self._chat(request)
        if request.odds or not _lost(first.text, request):
            return first
        second = self._generate(request)
        return ChatReply(
            text=second.text or first.text,
            provider=self.provider,
            model=self.model,
            usage=first.usage + second.usage,
            attempts=first.attempts + second.attempts,
        )

    def _chat(self, request: ChatRequest) -> ChatReply:
        message: Json = {"role": "user", "content": request.prompt, "images": _encoded(request)}
        body = self._common(request) | {"messages": [message]}
        reply, attempts = post_json(self.endpoint, "/api/chat", body)
        told: object = reply.get("message")
        known = cast("Json", told) if isinstance(told, dict) else {}
        return self._reply(reply, known.get("content") or known.get("thinking"), attempts)

    def _generate(self, request: ChatRequest) -> ChatReply:
        body = self._common(request) | {"prompt": request.prompt, "images": _encoded(request)}
        reply, attempts = post_json(self.endpoint, "/api/generate", body)
        return self._reply(reply, reply.get("response") or reply.get("thinking"), attempts)

    def _common(self, request: ChatRequest) -> Json:
        options: Json = {"temperature": 0, "seed": 0, "num_ctx": _CONTEXT_TOKENS}
        body: Json = {"model": self.model, "stream": False, "think": False, "options": options}
        if request.schema is not None:
            body["format"] = request.schema
        if request.odds:
            options["num_predict"] = 1
            body |= {"logprobs": True, "top_logprobs": _TOP_LOGPROBS}
        return body

    def _reply(self, reply: Json, text: object, attempts: int) -> ChatReply:
        return ChatReply(
            text=str(text or ""),
            provider=self.provider,
            model=self.model,
            usage=Usage(1, _count(reply, "prompt_eval_count"), _count(reply, "eval_count")),
            first_token=_first_token(reply),
            attempts=attempts,
        )


def _encoded(request: ChatRequest) -> list[str]:
    return [base64.b64encode(image).decode("ascii") for image in request.images]


def _lost(text: str, request: ChatRequest) -> bool:
    return not text.strip() or (request.schema is not None and json_object(text) is None)


def _count(reply: Json, name: str) -> int:
    value = reply.get(name)
    return value if isinstance(value, int) and value > 0 else 0


def _first_token(reply: dict[str, Any]) -> dict[str, float] | None:
    try:
        rows = reply["logprobs"][0]["top_logprobs"]
        return {str(row["token"]): float(row["logprob"]) for row in rows} or None
    except (KeyError, IndexError, TypeError, ValueError):
        return None
