"""HTTP to one server: sessions, time limits, bounded retries of reads, sizes.

Owns `requests`. A session per thread, because sessions are not made to be shared; no
redirection is followed. Only reads are ever repeated here: what a POST did is not known.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from darkroom.adapters.comfyui.address import Address
from darkroom.adapters.comfyui.faults import refused_status, translated
from darkroom.adapters.comfyui.timing import Timing
from darkroom.core.errors import ComfyError, ComfyUnreachable

MAX_JSON_BYTES = 128_000_000
MAX_FILE_BYTES = 256_000_000
_PIECE = 1 << 16
OK = 200


@dataclass(frozen=True)
class Reply:
    """One answer, whole."""

    status: int
    content_type: str
    body: bytes
    where: str

    @property
    def is_ok(self) -> bool:
        """Whether the server did what was asked."""
        return self.status == OK

    def expect_ok(self) -> "Reply":
        """This answer, or our error for a status that says no."""
        if not self.is_ok:
            raise refused_status(self.status, self.where)
        return self

    def json(self) -> Any:
        """The body as JSON; NaN is taken, as some nodes write it."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as exc:
            kind = self.content_type.partition(";")[0] or "no content type"
            message = f"{len(self.body)} bytes ({kind}) are not the JSON that ComfyUI answers with"
            raise ComfyError("comfy-answer", message, where=self.where) from exc


class Transport:
    """Requests to one server, from any thread."""

    def __init__(self, address: Address, timing: Timing) -> None:
        self.address = address
        self.timing = timing
        self._own = threading.local()
        self._sessions: list[requests.Session] = []
        self._lock = threading.Lock()

    def get(
        self, path: str, params: Mapping[str, str] | None = None, *, limit_s: float | None = None
    ) -> Reply:
        """Read; repeated when the server does not answer."""
        for _ in range(self.timing.get_attempts - 1):
            try:
                return self.get_once(path, params, limit_s=limit_s)
            except ComfyUnreachable:
                time.sleep(self.timing.retry_pause_s)
        return self.get_once(path, params, limit_s=limit_s)

    def get_once(
        self, path: str, params: Mapping[str, str] | None = None, *, limit_s: float | None = None
    ) -> Reply:
        """Read, in one attempt."""
        limits = (self.timing.connect_s, limit_s or self.timing.read_s)
        most = MAX_FILE_BYTES if path == "/view" else MAX_JSON_BYTES
        return self._sent(
            path,
            most,
            lambda session, url: session.get(
                url, params=params, timeout=limits, stream=True, allow_redirects=False
            ),
        )

    def post_json(self, path: str, body: object, *, limit_s: float | None = None) -> Reply:
        """Send JSON, once."""
        data = json.dumps(body, allow_nan=False).encode()
        limits = (self.timing.connect_s, limit_s or self.timing.read_s)
        headers = {"Content-Type": "application/json"}
        return self._sent(
            path,
            MAX_JSON_BYTES,
            lambda session, url: session.post(
                url,
                data=data,
                headers=headers,
                timeout=limits,
                stream=True,
                allow_redirects=False,
            ),
        )

    def post_file(
        self, path: str, file: tuple[str, bytes, str], fields: Mapping[str, str]
    ) -> Reply:
        """Send one file as a form does, once."""
        limits = (self.timing.connect_s, self.timing.transfer_s)
        return self._sent(
            path,
            MAX_JSON_BYTES,
            lambda session, url: session.post(
                url,
                files={"image": file},
                data=dict(fields),
                timeout=limits,
                stream=True,
                allow_redirects=False,
            ),
        )

    def _sent(
        self,
        path: str,
        most_bytes: int,
        send: Callable[[requests.Session, str], requests.Response],
    ) -> Reply:
        where = self.address.url(path)
        with translated(where), send(self._session(), where) as response:
            body = _body(response, most_bytes, where)
            kind = response.headers.get("Content-Type", "")
            return Reply(response.status_code, kind, body, where)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._own, "session", None)
        if session is None:
            session = requests.Session()
            session.auth = self.address.auth
            # a proxy of the environment is meant for the outer world
            session.trust_env = not self.address.is_local
            self._own.session = session
            with self._lock:
                self._sessions.append(session)
        return session

    def close(self) -> None:
        """Close every connection; the next request opens new ones."""
        with self._lock:
            sessions, self._sessions = self._sessions, []
            self._own = threading.local()
        for session in sessions:
            session.close()


def _body(response: requests.Response, most_bytes: int, where: str) -> bytes:
    pieces: list[bytes] = []
    size = 0
    for piece in response.iter_content(_PIECE):
        size += len(piece)
        if size > most_bytes:
            message = f"the answer is longer than {most_bytes} bytes"
            raise ComfyError("comfy-answer", message, where=where)
        pieces.append(piece)
    return b"".join(pieces)
