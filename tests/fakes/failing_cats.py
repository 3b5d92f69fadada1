"""A laboratory in which every cat failed and no dog did, in the word of a person."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from darkroom.adapters.settings import open_lab
from darkroom.adapters.stores import FolderStore
from darkroom.apps import console
from darkroom.apps.cli import main
from darkroom.archive.syncing import sync
from darkroom.core import annotations
from darkroom.core.ulids import ulid
from tests.fakes.comfy_server import ComfyServer, running_server
from tests.fakes.workflows import FOLDER, document

WORKFLOW = ["--workflow", str(FOLDER / "api" / "sd15_txt2img.json")]
_AT = "2026-11-21T12:00:00.000000Z"


@contextmanager
def laboratory(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ComfyServer]:
    """A home with one scripted server."""
    with running_server() as (server, url):
        server.catalogue = document("object_info")
        (home / "darkroom.yaml").write_text(f"hosts:\n  studio:\n    url: {url}\n")
        monkeypatch.setenv("DARKROOM_HOME", str(home))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "none"))
        monkeypatch.chdir(home)
        console.configure(as_json=False, verbose=False)
        yield server


def generated(prompt: str, *more: str, count: int = 4) -> None:
    assert main(["generate", *(more or WORKFLOW), "--prompt", prompt, "--count", str(count)]) == 0


def images(home: Path, word: str) -> list[str]:
    """The keys of images whose prompt has a word."""
    root = home / "projects"
    found = [
        path
        for path in sorted(root.glob("*/working/*/images/*.json"))
        if word in json.loads(path.read_text())["input"]["prompt"]
    ]
    return [path.relative_to(root).as_posix().removesuffix(".json") for path in found]


def said(home: Path, keys: list[str], status: str, later: int = 0) -> None:
    """A person marks images."""
    store = FolderStore(home / "projects")
    for number, key in enumerate(keys):
        target = annotations.ImageTarget(image=key)
        name = ulid(1_790_000_000_000 + later, number + 1)
        event = annotations.compose(annotations.Stamp(name, _AT, "me"), target, {"status": status})
        path = annotations.annotation_key(target, name)
        store.put(path, annotations.serialise(event), "application/json")


def cats_and_dogs(home: Path) -> None:
    """Three runs of cats that failed, three of dogs that did not."""
    for _ in range(3):
        generated("a cat on a mat")
        generated("a dog on a mat")
    said(home, images(home, "cat"), "ko")
    said(home, images(home, "dog"), "ok")
    sync(open_lab())
