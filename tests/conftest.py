"""What every test starts with."""

import pytest

from darkroom.apps import console


@pytest.fixture(autouse=True)
def plain_console() -> None:
    """A command run in this process must not leave its `--json` to the next test."""
    console.configure(as_json=False, verbose=False)
