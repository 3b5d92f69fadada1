"""What keeps an engine in a laboratory: it ends with it, and not because one answer is late."""

from collections.abc import Sequence

import pytest

from darkroom.adapters import engine_keeping

SILENT = engine_keeping._STALLED_AFTER


class Engine:
    """One that answers as it is told, and ends after that."""

    def __init__(self, answers: Sequence[bool], *, then_lives: bool = False) -> None:
        self.left = list(answers)
        self.then_lives = then_lives

    def start(self) -> None:
        """It is there."""

    @property
    def lives(self) -> bool:
        return bool(self.left) or self.then_lives

    def status(self) -> object | None:
        return object() if self.left.pop(0) else None


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_keeping, "_EVERY_S", 0.0)


@pytest.mark.parametrize(
    "answers",
    [[True, True], [True, *[False] * (SILENT - 1), True, *[False] * (SILENT - 1)]],
    ids=["prompt", "late"],
)
def test_an_engine_is_kept_until_it_has_ended(answers: list[bool]) -> None:
    engine = Engine(answers)
    assert engine_keeping.keep(engine) == 1  # pyright: ignore[reportArgumentType]
    assert engine.left == []


def test_one_that_stays_silent_is_given_up() -> None:
    engine = Engine([True, *[False] * SILENT, True], then_lives=True)
    assert engine_keeping.keep(engine) == 1  # pyright: ignore[reportArgumentType]
    assert engine.left == [True]
