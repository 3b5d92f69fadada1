"""The JSON documents of a run in the store: S2's files, each written once.

Owns how they are written and read: indented for people, secrets masked, and the first
one written stays, so that a resumed run acts on what was saved and asks nothing twice.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import SecretStr

from darkroom.adapters.redaction import redact_document
from darkroom.adapters.stores.protocol import Store
from darkroom.core.errors import DataError, KeyNotFound
from darkroom.core.keys import RunKeys, is_run_id

JSON = "application/json"
MAX_BYTES = 8_000_000
Document = dict[str, object]


@dataclass(frozen=True)
class Documents:
    """The documents of one run."""

    store: Store
    keys: RunKeys
    secrets: tuple[SecretStr, ...] = ()

    def of(self, kind: str, iteration: int) -> Document | None:
        """The document of one iteration, or None."""
        return self.get(self.keys.document(kind, iteration))

    def save(self, kind: str, iteration: int, content: Mapping[str, object]) -> Document:
        """Write the document of one iteration unless it is there; returns the one that counts."""
        return self.put(self.keys.document(kind, iteration), content)

    def named(self, name: str) -> Document | None:
        """A document of the run as a whole, for example run.json."""
        return self.get(f"{self.keys.root}/{name}")

    def save_named(self, name: str, content: Mapping[str, object]) -> Document:
        """Write a document of the run as a whole unless it is there."""
        return self.put(f"{self.keys.root}/{name}", content)

    def get(self, key: str) -> Document | None:
        """Read one document; DataError where it is none."""
        try:
            data = self.store.get(key)
        except KeyNotFound:
            return None
        return _parsed(data, key)

    def put(self, key: str, content: Mapping[str, object]) -> Document:
        """Write one document unless it is there; returns the one that counts."""
        before = self.get(key)
        if before is not None:
            return before
        clean = cast("Document", redact_document(dict(content), self.secrets))
        text = json.dumps(clean, indent=2, ensure_ascii=False, allow_nan=False)
        self.store.put(key, text.encode() + b"\n", JSON)
        return cast("Document", json.loads(text))

    def iterations(self) -> Iterator[Document]:
        """The metadata of every iteration that came to its end, in order."""
        prefix = f"{self.keys.root}/metadata/"
        for key in self.store.iter_keys(prefix):
            if key.endswith("_metadata.json") and (found := self.get(key)) is not None:
                yield found


def run_ids(store: Store, project: str) -> list[str]:
    """The runs of a project, oldest first."""
    prefix = f"{project}/working/"
    after, found = "", list[str]()
    while key := next(iter(store.iter_keys(prefix, after)), None):
        group = key.removeprefix(prefix).split("/")[0]
        if is_run_id(group):
            found.append(group)
        # past everything under this name, without listing it: no character sorts after z
        after = f"{prefix}{group}/" + "z" * 100 if "/" in key.removeprefix(prefix) else key
    return found


def _parsed(data: bytes, key: str) -> Document:
    try:
        found: object = json.loads(data[:MAX_BYTES])
    except (ValueError, RecursionError) as exc:
        raise DataError("run-document-damaged", "is not JSON", where=key) from exc
    if not isinstance(found, dict):
        raise DataError("run-document-damaged", "is no JSON object", where=key)
    return cast("Document", found)
