"""A folder store, the warehouse made of it, and questions to that warehouse."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse.opening import reading
from darkroom.adapters.warehouse.updating import Files
from tests.fakes.archives import Archive

Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def folder(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def archive(folder: FolderStore) -> Archive:
    return Archive(folder)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "warehouse.duckdb")


@pytest.fixture
def ask(files: Files) -> Ask:
    """Put one statement to the published warehouse."""

    def put(sql: str, *values: object) -> list[tuple[Any, ...]]:
        connection = reading(files.published)
        try:
            return connection.execute(sql, list(values)).fetchall()
        finally:
            connection.close()

    return put
