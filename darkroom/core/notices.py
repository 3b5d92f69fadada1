"""What is told to a webhook when a run is over: the document, and the proof of its sender.

Owns the form of the message and of its signature. Sending it, the clock and chance are
the caller's; words a person wrote into a prompt are in it only where they were asked for.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Literal, TypeAlias

SCHEMA = "darkroom.notice/1"
FLOW_RUN_SCHEMA = "darkroom.flow-run/1"
LONGEST_REASON = 500

Event: TypeAlias = Literal["done", "failed"]


@dataclass(frozen=True)
class Notice:
    """One run that is over."""

    event: Event
    flow: str
    project: str | None
    run: str | None
    """Its id, where it came so far as to have one."""
    status: str
    reason: str
    score: float | None = None
    scale: float | None = None
    """The best score there is: 100 for criteria, 10 for quality."""
    image: str | None = None
    """The store key of the best image."""
    images: int | None = None
    link: str | None = None
    """A page of this laboratory, for who may see it; never one that lets anybody in."""
    prompt: str | None = None


def document(notice: Notice, name: str, at: str, *, prompts: bool = False) -> dict[str, object]:
    """The message as JSON has it; `name` is the same however often it is sent."""
    said: dict[str, object] = {
        "schema": SCHEMA,
        "id": name,
        "at": at,
        "event": notice.event,
        "flow": notice.flow,
        "project": notice.project,
        "run": notice.run,
        "status": notice.status,
        "reason": notice.reason[:LONGEST_REASON],
        "score": notice.score,
        "score_of": notice.scale if notice.score is not None else None,
        "image": notice.image,
        "images": notice.images,
        "link": notice.link,
    }
    if prompts:
        said["prompt"] = notice.prompt
    return said


def body_of(said: object) -> bytes:
    """The bytes that are sent and signed."""
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Who knows the secret sent this, and when: HMAC-SHA256 over time and bytes."""
    signed = str(timestamp).encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def standing_token(secret: str) -> str:
    """What Prefect's own automation shows, which cannot sign; the secret cannot be told from it."""
    return hmac.new(secret.encode(), FLOW_RUN_SCHEMA.encode(), hashlib.sha256).hexdigest()
