"""SQLite with JSON columns, the design of S1: two tables, nine indexes, metadata as text."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

_SCHEMA = """
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, folder_name TEXT UNIQUE NOT NULL, created_at TEXT,
    is_test INTEGER DEFAULT 0, is_failed INTEGER DEFAULT 0, is_archived INTEGER DEFAULT 0,
    metadata TEXT, display_name TEXT, notes TEXT, is_deleted INTEGER DEFAULT 0
);
CREATE TABLE images (
    id INTEGER PRIMARY KEY, session_id INTEGER NOT NULL REFERENCES sessions (id),
    filename TEXT NOT NULL, status TEXT DEFAULT 'ok', technical_quality TEXT,
    is_liked INTEGER DEFAULT 0, failure_category TEXT, failure_notes TEXT, metadata TEXT,
    ml_predictions TEXT, notes TEXT, is_deleted INTEGER DEFAULT 0,
    UNIQUE (session_id, filename)
);
CREATE INDEX s1 ON sessions (is_test); CREATE INDEX s2 ON sessions (is_failed);
CREATE INDEX s3 ON sessions (is_archived); CREATE INDEX s4 ON sessions (is_deleted);
CREATE INDEX i1 ON images (status); CREATE INDEX i2 ON images (is_liked);
CREATE INDEX i3 ON images (technical_quality); CREATE INDEX i4 ON images (is_deleted);
CREATE INDEX i5 ON images (session_id);
"""


def build(path: Path, root: Path, keys: Iterable[str]) -> sqlite3.Connection:
    """Read every sidecar below the root and insert it, in one transaction."""
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA journal_mode = WAL;" + _SCHEMA)
    sessions: dict[str, int] = {}
    with connection:
        for key in keys:
            project, _, run_id, *_ = key.split("/")
            name = f"{project}/{run_id}"
            if name not in sessions:
                cursor = connection.execute(
                    "INSERT INTO sessions (folder_name) VALUES (?)", (name,)
                )
                sessions[name] = cursor.lastrowid or 0
            connection.execute(
                "INSERT INTO images (session_id, filename, metadata) VALUES (?, ?, ?)",
                (sessions[name], key, (root / key).read_text(encoding="utf-8")),
            )
    return connection
