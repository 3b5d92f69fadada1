"""What a vision model is to the rest of the house: text and images in, text out.

States the contract that the providers keep. A reply carries what the server said
and what it cost, and nothing of the server's own format.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class ChatRequest:
    """One question to a model; images are PNG bytes without metadata."""

    prompt: str
    images: tuple[bytes, ...] = ()
    schema: Mapping[str, object] | None = None
    """A JSON schema the reply should follow, where the server can hold to one."""
    odds: bool = False
    """Ask for the probabilities of the first word as well."""


@dataclass(frozen=True)
class Usage:
    """What one exchange cost."""

    calls: int = 1
    tokens_in: int = 0
    tokens_out: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
        )


@dataclass(frozen=True)
class ChatReply:
    """What the model said; `first_token` maps candidate words to log-probabilities."""

    text: str
    provider: str
    model: str
    usage: Usage
    first_token: Mapping[str, float] | None = None
    attempts: int = 1


class ChatModel(Protocol):
    """A model behind a server; every call ends within a bounded time."""

    @property
    def provider(self) -> str:
        """Return the name of the provider, e.g. `ollama`."""
        ...

    @property
    def model(self) -> str:
        """Return the model's name as the provider knows it."""
        ...

    def ask(self, request: ChatRequest) -> ChatReply:
        """Send one request and return the reply, or raise VisionError."""
        ...
