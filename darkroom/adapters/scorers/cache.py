"""What was measured before: raw values by image, metric identity and prompt.

Owns `scores.sqlite`, a file that any number of processes use at once and that may be
deleted at any time. It keeps measurements, not scores: normalising again with another
calibration costs nothing. A damaged file is put aside and begun anew.
"""

import contextlib
import hashlib
import sqlite3
import time
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from darkroom.core.errors import UsageError
from darkroom.core.scoring.measuring import measured, unmeasured
from darkroom.core.scoring.metrics import MetricSpec, identity
from darkroom.core.sidecar.judging import Score

_SCHEMA = """
create table if not exists measured (
    image text not null, metric text not null, prompt text not null,
    raw real, reason text, ms real, weights text,
    primary key (image, metric, prompt),
    check ((raw is null) <> (reason is null))
) without rowid
"""
_WAIT_S = 30.0
_EVERY_S = 0.01
_DAMAGED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


@dataclass(frozen=True)
class Key:
    """One measurement: of which image, by what, against which prompt."""

    image: str
    metric: str
    prompt: str

    @classmethod
    def of(cls, image: str, spec: MetricSpec, digest: str | None, prompt: str | None) -> Self:
        """The key of one metric on one image; the prompt matters only to those that read it."""
        asked = (prompt or "") if spec.needs_prompt else ""
        return cls(image, identity(spec, digest), hashlib.sha256(asked.encode()).hexdigest()[:32])

    def put_aside(self, code: str) -> "Key":
        """Where it stands that this measurement killed a process that ran this code."""
        return Key(self.image, f"{self.metric}!{code}", self.prompt)


@dataclass(frozen=True)
class Measurement:
    """A raw value, or why there never will be one."""

    raw: float | None
    reason: str | None
    ms: float | None = None
    weights: str | None = None
    """The digest of the weights it was measured with."""

    @classmethod
    def of(cls, score: Score) -> Self:
        """What is kept of a score."""
        return cls(score.raw, score.reason, score.ms, score.weights_sha256)

    def as_score(self, spec: MetricSpec) -> Score:
        """The score it comes to with the metric's present normalisation."""
        if self.raw is None:
            return unmeasured(spec, self.reason or "")
        return measured(spec, self.raw, ms=self.ms, weights_sha256=self.weights)


class ScoreCache:
    """One connection to the file; for one thread at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._rows = self._opened()

    def find(self, keys: Iterable[Key]) -> dict[Key, Measurement]:
        """The measurements there are."""
        asked = set(keys)
        found: dict[Key, Measurement] = {}
        with self._translated():
            for image in {key.image for key in asked}:
                for metric, prompt, *row in self._rows.execute(
                    "select metric, prompt, raw, reason, ms, weights from measured where image = ?",
                    (image,),
                ):
                    if (key := Key(image, metric, prompt)) in asked:
                        found[key] = Measurement(*row)
        return found

    def keep(self, measurements: Mapping[Key, Measurement]) -> None:
        """Add measurements in one transaction; the latest of a key wins."""
        rows = [
            (key.image, key.metric, key.prompt, one.raw, one.reason, one.ms, one.weights)
            for key, one in measurements.items()
        ]
        with self._translated(), self._rows:
            self._rows.executemany(
                "insert or replace into measured values (?, ?, ?, ?, ?, ?, ?)", rows
            )

    def close(self) -> None:
        """Let go of the file."""
        self._rows.close()

    def _opened(self) -> sqlite3.Connection:
        with self._translated():
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                return _connected(self._file)
            except sqlite3.DatabaseError as exc:
                if getattr(exc, "sqlite_errorcode", None) not in _DAMAGED:
                    raise
                self._put_aside()
                return _connected(self._file)

    def _put_aside(self) -> None:
        self._file.replace(self._file.with_suffix(".damaged"))
        for companion in ("-wal", "-shm"):
            self._file.with_name(self._file.name + companion).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as exc:
            message = f"the scores measured before cannot be used: {exc}"
            raise UsageError("scores-unusable", message, where=self._file.name) from exc


def _connected(file: Path) -> sqlite3.Connection:
    rows = sqlite3.connect(file, timeout=_WAIT_S)
    try:
        _use_wal(rows)
        rows.execute("pragma synchronous = normal")  # the last rows may go with the power
        with rows:
            rows.execute(_SCHEMA)
    except sqlite3.DatabaseError:
        rows.close()
        raise
    return rows


def _use_wal(rows: sqlite3.Connection) -> None:
    """Where several begin the file at once, SQLite refuses all but one without any waiting."""
    until = time.monotonic() + _WAIT_S
    while True:
        try:
            rows.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            time.sleep(_EVERY_S)
        else:
            return
