"""What is committed names no machine, no package index and no secret."""

import re
import subprocess
from contextlib import suppress

import pytest

from tests.architecture.trees import ROOT

FORBIDDEN = {
    "a path of a machine": re.compile(r"(?<![\w.])/(?:root|home/\w+|Users/\w+)/"),
    "a package index": re.compile(r"(?:index.url|files\.pythonhosted|registry\.npmjs)"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an API key": re.compile(r"\bsk-[A-Za-z0-9]{20,}"),
}
ITSELF = "tests/architecture/test_nothing_leaks.py"


def _committed_texts() -> dict[str, str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    texts: dict[str, str] = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if name != ITSELF and path.is_file():
            with suppress(FileNotFoundError):  # what another test has just taken away again
                texts[name] = path.read_bytes().decode("utf-8", errors="replace")
    return texts


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_committed_file_holds(what: str) -> None:
    found = [name for name, text in _committed_texts().items() if FORBIDDEN[what].search(text)]
    assert found == []
