"""Stores full of images that nobody drew: what a laboratory's store holds, written directly."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from darkroom.adapters.stores.protocol import Store
from darkroom.core.keys import RunKeys, sidecar_key
from darkroom.core.sidecar import combination_hash
from darkroom.core.ulids import ulid
from tests.fakes.sidecars import document, example

RUN = "2026-11-21_11-30-00"
JSON = "application/json"
_START_MS = 1_795_000_000_000


@dataclass
class Archive:
    """A store and the documents put into it, one call each; later ids are greater."""

    store: Store
    project: str = "demo"
    run_id: str = RUN
    _events: int = field(default=0)

    @property
    def keys(self) -> RunKeys:
        return RunKeys(self.project, self.run_id)

    def put(self, key: str, content: object) -> str:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.store.put(key, data, JSON)
        return key

    def image(self, iteration: int = 1, **changes: Any) -> str:
        """One sidecar of ours; `changes` replace whole values by their JSON pointer."""
        content = sidecar(self.keys, iteration)
        for pointer, value in changes.items():
            place: Any = content
            *way, last = pointer.split("__")
            for part in way:
                place = place[part]
            place[last] = value
        self.put(self.keys.sidecar(iteration), content)
        return self.keys.image(iteration)

    def foreign(self, form: str, key: str) -> str:
        """A worked example of another form."""
        return self.put(key, example(form))

    def run(self, **changes: Any) -> str:
        content = {
            "schema": "darkroom/run",
            "version": 1,
            "run_id": self.run_id,
            "project": self.project,
            "title": "A title",
            "started_at": "2026-11-21T11:30:00.000000Z",
            "host": "embedded",
            "engine": "embedded/0.1.0",
            "workflow": "txt2img.json",
            "judge": {"provider": "embedded", "model": None},
            "rules": {"project": {"strategy": "predicate", "max_iterations": 5}},
        }
        return self.put(f"{self.keys.root}/run.json", content | changes)

    def result(self, number: int = 1, **changes: Any) -> str:
        name = "result.json" if number == 1 else f"result.{number}.json"
        content = {
            "status": "accepted",
            "reason": "every criterion is met",
            "best": 1,
            "score": 100.0,
            "image_key": self.keys.image(1),
            "iterations": [{}],
            "closed_at": "2026-11-21T11:40:00.000000Z",
        }
        return self.put(f"{self.keys.root}/{name}", content | changes)

    def say(self, target: str, **changes: Any) -> str:
        """An annotation event on an image (by its key) or on this archive's run (`run`)."""
        event = self.next_id()
        where = (
            {"kind": "run", "run": f"{self.project}/{self.run_id}"}
            if target == "run"
            else {"kind": "image", "image": target}
        )
        content = {
            "schema": "darkroom.annotation/1",
            "id": event,
            "at": "2026-11-21T12:00:00.000000Z",
            "by": "ada",
            "target": where,
            "set": changes,
        }
        folder = target.rpartition("/images/")[0] if target != "run" else self.keys.root
        return self.put(f"{folder}/human/{event}.json", content)

    def score(self, image: str, at: str, composite: float, *scores: Mapping[str, Any]) -> str:
        root, _, name = image.rpartition("/images/")
        content = {
            "schema": "darkroom.scores/1",
            "image": image,
            "image_sha256": "0" * 64,
            "at": at,
            "scores": list(scores),
            "composite_score": composite,
            "grade": "B",
            "coverage": 1.0,
            "calibration": "2026-12",
        }
        stem = name.rpartition(".")[0]
        return self.put(f"{root}/scores/{stem}.{self.next_id()}.json", content)

    def rank(self, order: list[int], notes: dict[str, str] | None = None) -> str:
        content = {"ranking": order, "notes": notes or {}, "updated_at": "2026-11-21T12:00:00Z"}
        return self.put(self.keys.ranking(), content)

    def skip_ids(self, count: int) -> None:
        """Let the ids of several archives of one store be different."""
        self._events += count

    def next_id(self) -> str:
        self._events += 1
        return ulid(_START_MS + self._events, self._events)


def sidecar(keys: RunKeys, iteration: int) -> dict[str, Any]:
    """A whole sidecar of ours at that place, each with a seed of its own."""
    content = document()
    key = keys.image(iteration)
    content["identity"] |= {
        "key": key,
        "project": keys.project,
        "run_id": keys.run_id,
        "iteration": iteration,
        "sha256": hashlib.sha256(key.encode()).hexdigest(),
    }
    content["iteration"]["iteration"] = iteration
    content["parameters"]["seed"] = 1000 + iteration
    content["variations"] = {"colour": "red" if iteration % 2 else "blue", "place": "above"}
    content["variation_combination_hash"] = combination_hash(content["variations"])
    assert sidecar_key(key) == keys.sidecar(iteration)
    return content
