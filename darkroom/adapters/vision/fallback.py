"""Ask one model, and another when the first does not answer.

Owns the order of the two and the budget they share. The first failure is kept in
the reply's record, so that a run judged by its second choice says so.
"""

import threading
from dataclasses import dataclass, field

from darkroom.adapters.vision.chat import ChatModel, ChatReply, ChatRequest, Usage
from darkroom.core.errors import VisionError


@dataclass
class Allowance:
    """What a run may still spend on asking; shared between threads."""

    calls: int | None = None
    tokens: int | None = None
    spent: Usage = field(default_factory=lambda: Usage(0))
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def take(self) -> None:
        """Count the next request beforehand, or refuse it when the budget is spent."""
        with self._lock:
            over_calls = self.calls is not None and self.spent.calls >= self.calls
            used = self.spent.tokens_in + self.spent.tokens_out
            over_tokens = self.tokens is not None and used >= self.tokens
            if over_calls or over_tokens:
                raise VisionError(
                    "vision-budget", f"{self.spent.calls} requests and {used} tokens are spent"
                )
            self.spent += Usage(1)

    def charge(self, usage: Usage) -> None:
        """Count what a request cost beyond what was counted beforehand."""
        with self._lock:
            self.spent += usage


@dataclass(frozen=True)
class Reached:
    """A reply and whom it came from."""

    reply: ChatReply
    using_fallback: bool = False
    first_error: str | None = None


@dataclass(frozen=True)
class Panel:
    """A first choice, perhaps a second one, and what both may spend."""

    first: ChatModel
    second: ChatModel | None = None
    allowance: Allowance = field(default_factory=Allowance)

    def ask(self, request: ChatRequest) -> Reached:
        """Ask the first choice, then the second; raises the first error when both fail."""
        self.allowance.take()
        try:
            return self._charged(Reached(self.first.ask(request)))
        except VisionError as error:
            if self.second is None:
                raise
            return self._second(self.second, request, error)

    def _second(self, model: ChatModel, request: ChatRequest, error: VisionError) -> Reached:
        self.allowance.take()
        try:
            reply = model.ask(request)
        except VisionError as also:
            raise also.extend(f"; before that, {error.message}") from error
        return self._charged(Reached(reply, using_fallback=True, first_error=error.message))

    def _charged(self, reached: Reached) -> Reached:
        usage = reached.reply.usage
        self.allowance.charge(Usage(max(0, usage.calls - 1), usage.tokens_in, usage.tokens_out))
        return reached
