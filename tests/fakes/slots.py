"""A slot that remembers who holds it and how often it was asked for."""

from collections.abc import Iterator
from contextlib import contextmanager


class Slots:
    """Stands where Prefect's limits are asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.held: list[str] = []

    @contextmanager
    def __call__(self, host: str) -> Iterator[None]:
        self.asked.append(host)
        self.held.append(host)
        try:
            yield
        finally:
            self.held.remove(host)
