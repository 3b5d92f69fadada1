"""A renderer whose server is a folder: what it knows outlives the kill of any client.

One file per job, a log line per submission, one lock for all processes. The script
file says how long jobs take (in questions asked, never in seconds) and what goes wrong.
"""

import fcntl
import hashlib
import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from darkroom.adapters.renderer import Graph
from darkroom.core.errors import ComfyUnreachable, JobRejected
from darkroom.core.jobs import (
    Cancelled,
    Done,
    EngineReceipt,
    Failed,
    FinalState,
    JobState,
    Lost,
    OutputFile,
    Pending,
    Progress,
    Running,
)

POLL_S = 0.001


def drawn_by(graph: Graph) -> str:
    """What the graph draws, wherever its file is saved."""
    drawn = {
        node: {name: value for name, value in content["inputs"].items() if "prefix" not in name}
        for node, content in graph.items()
    }
    return json.dumps(drawn, sort_keys=True)


def picture(graph: Graph) -> bytes:
    """The same graph gives the same bytes."""
    digest = hashlib.sha256(drawn_by(graph).encode()).digest()
    buffer = io.BytesIO()
    Image.frombytes("RGB", (5, 2), digest[:30]).save(buffer, "PNG")
    return buffer.getvalue()


class FakeRenderer:
    """A scripted server in a folder; several processes may be its clients."""

    def __init__(self, folder: Path, name: str = "fake") -> None:
        self.folder = folder
        self._name = name
        (folder / "jobs").mkdir(parents=True, exist_ok=True)
        (folder / "inputs").mkdir(exist_ok=True)

    # -- what tests do to the server

    def script(self, **changes: Any) -> None:
        """Change how it behaves: questions, down, held, result, bad_fetches, ..."""
        with self._alone():
            self._write(self.folder / "script.json", json.dumps(self._script() | changes))

    def restart(self) -> None:
        """Forget queue and history, as a server does."""
        with self._alone():
            for path in (self.folder / "jobs").iterdir():
                path.unlink()

    def finish_all(self) -> None:
        """Let time pass until everything it has is done."""
        with self._alone():
            for job in self._jobs():
                self._save(job | {"asked": 10**6})

    @property
    def submissions(self) -> list[str]:
        """The id of every job it ever accepted, in order."""
        path = self.folder / "submissions.log"
        return path.read_text().split() if path.exists() else []

    @property
    def doubles(self) -> list[str]:
        """Submissions of what it was drawing already, or had drawn and still had."""
        path = self.folder / "doubles.log"
        return path.read_text().split() if path.exists() else []

    @property
    def most_at_once(self) -> int:
        """The longest its queue ever was, the running job included."""
        path = self.folder / "longest"
        return int(path.read_text()) if path.exists() else 0

    # -- the contract

    @property
    def name(self) -> str:
        return self._name

    def receipt(self) -> EngineReceipt:
        self._answer()
        return EngineReceipt("fake", "1.0", self._name)

    def submit(self, graph: Graph, prompt_id: str) -> None:
        script = self._answer()
        if script.get("rejects"):
            raise JobRejected("usage", str(script["rejects"]))
        with self._alone():
            with (self.folder / "submissions.log").open("a") as log:
                log.write(prompt_id + "\n")
            number = len(self.submissions)
            self._note_double(graph, prompt_id)
            self._save({"id": prompt_id, "number": number, "graph": graph, "asked": 0})
            waiting = len([job for job in self._jobs() if not self._ended(job)])
            self._write(self.folder / "longest", str(max(self.most_at_once, waiting)))
            if number in script.get("forgets_at", []):
                (self.folder / "jobs" / prompt_id).unlink()

    def state(self, prompt_id: str) -> JobState:
        self._answer()
        with self._alone():
            path = self.folder / "jobs" / prompt_id
            if not path.exists():
                return Lost()
            job = json.loads(path.read_text())
            ahead = [o for o in self._jobs() if o["number"] < job["number"] and not self._ended(o)]
            if ahead and not job.get("cancelled"):
                self._save(ahead[0] | {"asked": ahead[0]["asked"] + 1})
                return Pending(len(ahead))
            self._save(job | {"asked": job["asked"] + 1})
            return self._ending(job) if self._ended(job) else Running()

    def wait(
        self, prompt_id: str, on_progress: Callable[[Progress], None] | None = None
    ) -> FinalState:
        while isinstance(state := self.state(prompt_id), Pending | Running):
            if on_progress is not None:
                on_progress(Progress(prompt_id, step=1, steps=2))
            time.sleep(POLL_S)
        return state

    def fetch(self, output: OutputFile) -> bytes:
        self._answer()
        if self._is_page_due():
            return b"<html>busy</html>"
        return (self.folder / output.filename).read_bytes()

    def upload(self, data: bytes, filename: str) -> str:
        self._answer()
        name = f"sent-{filename}"
        (self.folder / "inputs" / name).write_bytes(data)
        return name

    def cancel(self, prompt_id: str) -> bool:
        self._answer()
        with self._alone():
            path = self.folder / "jobs" / prompt_id
            if not path.exists():
                return False
            job = json.loads(path.read_text())
            if self._ended(job):
                return False
            self._save(job | {"cancelled": True})
            return True

    def free(self) -> None:
        self._answer()
        with (self.folder / "freed.log").open("a") as log:
            log.write("freed\n")

    # -- inside

    def _answer(self) -> dict[str, Any]:
        script = self._script()
        if script.get("down"):
            raise ComfyUnreachable("usage", "the fake server is down", where=self._name)
        return script

    def _is_page_due(self) -> bool:
        with self._alone():
            script = self._script()
            bad = int(script.get("bad_fetches", 0))
            if bad:
                self._write(
                    self.folder / "script.json", json.dumps(script | {"bad_fetches": bad - 1})
                )
        return bad > 0

    def _script(self) -> dict[str, Any]:
        try:
            return json.loads((self.folder / "script.json").read_text())
        except FileNotFoundError:
            return {}

    def _ended(self, job: dict[str, Any]) -> bool:
        if job.get("cancelled"):
            return True
        script = self._script()
        return not script.get("held") and job["asked"] >= script.get("questions", 1)

    def _ending(self, job: dict[str, Any]) -> FinalState:
        if job.get("cancelled"):
            return Cancelled()
        result = job.get("result") or self._script().get("result", "done")
        self._save(job | {"result": result})
        if result == "done":
            return Done(self._saved(job["graph"]), seconds=0.25)
        if result == "nothing":
            return Done(())
        return Failed(result, f"scripted: {result}", "3")

    def _saved(self, graph: Graph) -> tuple[OutputFile, ...]:
        """One file, or as many as the save node's `copies` says: a batch."""
        inputs = graph["9"]["inputs"]
        copies = range(1, inputs.get("copies", 1) + 1)
        names = [f"{inputs['filename_prefix']}_{number:05d}_.png" for number in copies]
        for name in names:
            (self.folder / name).write_bytes(picture(graph))
        return tuple(OutputFile("9", name, "", "output") for name in names)

    def _note_double(self, graph: Graph, prompt_id: str) -> None:
        for job in self._jobs():
            collectable = not job.get("cancelled") and job.get("result", "done") == "done"
            if collectable and drawn_by(job["graph"]) == drawn_by(graph):
                with (self.folder / "doubles.log").open("a") as log:
                    log.write(prompt_id + "\n")

    def _jobs(self) -> list[dict[str, Any]]:
        jobs = [json.loads(path.read_text()) for path in (self.folder / "jobs").iterdir()]
        return sorted(jobs, key=lambda job: job["number"])

    def _save(self, job: dict[str, Any]) -> None:
        self._write(self.folder / "jobs" / job["id"], json.dumps(job))

    def _write(self, path: Path, text: str) -> None:
        """All or nothing: a client killed in here must not damage the server."""
        staged = self.folder / "staged"
        staged.write_text(text)
        staged.replace(path)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / "lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
