"""Tell the address an operator named that a run is over, and let no run fail by it.

Owns what is told to whom: the events asked for, signed where a secret is set, known
secrets masked. What goes wrong is the answer, never an error.
"""

import secrets
import time
from datetime import UTC, datetime

from darkroom.adapters.redaction import redact_document
from darkroom.adapters.settings import Lab
from darkroom.adapters.webhook import Sleep, Webhook, post
from darkroom.core.errors import DarkroomError
from darkroom.core.notices import Notice, body_of, document, signature
from darkroom.core.ulids import RANDOM_BITS, milliseconds, ulid


def send(lab: Lab, notice: Notice, sleep: Sleep = time.sleep) -> str | None:
    """Tell it, if somebody is to be told; returns why it could not be."""
    told = lab.config.notify
    url = lab.secrets.notify_url
    if url is None or notice.event not in told.events:
        return None
    now = datetime.now(UTC)
    name = ulid(milliseconds(now), secrets.randbits(RANDOM_BITS))
    said = document(notice, name, now.isoformat(), prompts=told.include_prompts)
    body = body_of(redact_document(said, lab.secrets.known()))
    hook = Webhook(url, told.timeout_s, told.retries, told.allow_private)
    try:
        post(hook, body, _headers(lab, name, int(now.timestamp()), body), sleep)
    except DarkroomError as error:
        return f"{error.message}; {error.hint}"
    return None


def _headers(lab: Lab, name: str, at: int, body: bytes) -> dict[str, str]:
    headers = {
        "User-Agent": "darkroom",
        "X-Darkroom-Delivery": name,
        "X-Darkroom-Timestamp": str(at),
    }
    if secret := lab.secrets.notify_secret:
        headers["X-Darkroom-Signature"] = signature(secret.get_secret_value(), at, body)
    return headers
