"""Say something of images and runs: the verbs people and programs annotate with.

Owns which fields each verb sets. Every verb takes one name or several, appends one
event per target and returns what it wrote; all of it can be undone. Reading back is
`searching`'s and `statistics`'s.
"""

import getpass
import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import Final

from darkroom.adapters.annotation_journal import journal_of
from darkroom.adapters.settings import Lab
from darkroom.adapters.stores import opened_store
from darkroom.archive.annotating_log import Changes, EventLog, Said, key_of
from darkroom.archive.annotating_targets import Named
from darkroom.core.annotations import (
    FailureCategory,
    ImageTarget,
    Quality,
    RunTarget,
    Target,
)
from darkroom.core.errors import UsageError
from darkroom.core.keys import sidecar_key
from darkroom.core.sidecar.fields import Bag, Json

BY_VARIABLE = "DARKROOM_BY"
Names = str | Sequence[str]


class Keep(Enum):
    """Stands for "leave this field as it is", because None sets it back to nothing."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP
Advance = Callable[[int], None]


def _unmoved(_count: int) -> None:
    return


class Annotator:
    """One person or program that annotates, with S1's verbs."""

    def __init__(self, log: EventLog, advance: Advance = _unmoved) -> None:
        self.log = log
        self._advance = advance

    def register_session(self, run: Names, manifest: Bag, *, is_test: bool = False) -> Said:
        """Keep what somebody knows of a run beside what its images say."""
        return self._on_runs(run, {"is_test": is_test}, manifest)

    def update_session(
        self,
        run: Names,
        *,
        display_name: str | Keep | None = KEEP,
        notes: str | Keep | None = KEEP,
        extra: Bag | None = None,
    ) -> Said:
        """Name a run, note something, or keep further values with it."""
        return self._on_runs(run, _given(display_name=display_name, notes=notes), extra)

    def flag_session(
        self,
        run: Names,
        *,
        is_test: bool | Keep = KEEP,
        is_failed: bool | Keep = KEEP,
        is_archived: bool | Keep = KEEP,
    ) -> Said:
        """Mark a run as a test, as failed, as archived, or as none of these."""
        flags = _given(is_test=is_test, is_failed=is_failed, is_archived=is_archived)
        return self._on_runs(run, flags)

    def soft_delete_session(self, run: Names) -> Said:
        """Leave a run and its images out of every answer; nothing is erased."""
        return self._on_runs(run, {"is_deleted": True})

    def restore_session(self, run: Names) -> Said:
        """Take a run back in."""
        return self._on_runs(run, {"is_deleted": False})

    def register_image(self, image: str, extra: Bag) -> Said:
        """Keep further values with an image that is in the store."""
        if self.log.store.head(sidecar_key(image)) is None:
            message = "no image is committed under this key"
            raise UsageError("annotation-target", message, where=image[:200])
        return self._on_images(image, {}, extra)

    def update_image(
        self,
        image: Names,
        *,
        notes: str | Keep | None = KEEP,
        extra: Bag | None = None,
    ) -> Said:
        """Note something on an image, or keep further values with it."""
        return self._on_images(image, _given(notes=notes), extra)

    def update_image_rating(
        self,
        image: Names,
        *,
        technical_quality: Quality | Keep | None = KEEP,
        is_liked: bool | Keep | None = KEEP,
        rating: float | Keep | None = KEEP,
    ) -> Said:
        """Say how good an image is: perfect or imperfect, liked, 0 to 10."""
        said = _given(technical_quality=technical_quality, is_liked=is_liked, rating=rating)
        return self._on_images(image, said)

    def update_image_failure(
        self, image: Names, category: FailureCategory | None, notes: str | Keep | None = KEEP
    ) -> Said:
        """Say that an image failed, and how; None says that it did not."""
        status = "ok" if category is None else "ko"
        said = {"status": status, "failure_category": category}
        if category is None and notes is KEEP:
            notes = None
        return self._on_images(image, said | _given(failure_notes=notes))

    def set_on_images(self, image: Names, changes: Changes) -> Said:
        """Set any fields of an image; null sets one back to nothing."""
        return self._on_images(image, changes)

    def set_on_sessions(self, run: Names, changes: Changes) -> Said:
        """Set any fields of a run; null sets one back to nothing."""
        return self._on_runs(run, changes)

    def store_predictions(self, image: Names, predictions: Bag) -> Said:
        """Keep what a model thinks, beside what people said and never over it."""
        return self._on_images(image, {"ml_predictions": predictions})

    def soft_delete_image(self, image: Names) -> Said:
        """Leave an image out of every answer; nothing is erased."""
        return self._on_images(image, {"is_deleted": True})

    def restore_image(self, image: Names) -> Said:
        """Take an image back in."""
        return self._on_images(image, {"is_deleted": False})

    def _on_images(self, names: Names, changes: Changes, extra: Bag | None = None) -> Said:
        return self._say([_image(name) for name in _several(names)], changes, extra)

    def _on_runs(self, names: Names, changes: Changes, extra: Bag | None = None) -> Said:
        return self._say([_run(name) for name in _several(names)], changes, extra)

    def _say(self, targets: list[Target], changes: Changes, extra: Bag | None) -> Said:
        if extra is None:
            return self.log.say(targets, changes, self._advance)
        kept = self.log.extras(targets, extra)
        each = [(target, {**changes, "extra": kept[key_of(target)]}, None) for target in targets]
        return self.log.say_each(each, self._advance)


def _several(names: Names) -> list[str]:
    """The names, each once, in their order."""
    return list(dict.fromkeys([names] if isinstance(names, str) else names))


def _given(**fields: Json | Keep) -> dict[str, Json]:
    return {name: value for name, value in fields.items() if not isinstance(value, Keep)}


def _image(key: str) -> Target:
    return _checked(lambda: ImageTarget(image=key), key)


def _run(name: str) -> Target:
    return _checked(lambda: RunTarget(run=name), name)


def _checked(make: Callable[[], Target], name: str) -> Target:
    try:
        return make()
    except ValueError as exc:
        message = f"{name[:80]!r} names no image and no run"
        raise UsageError("annotation-target", message) from exc


def targets_of(named: Named) -> list[Target]:
    """The images and runs that names mean, as targets of annotations."""
    return [*map(_image, named.images), *map(_run, named.runs)]


def whoever(by: str | None = None) -> str:
    """Who annotates: as given, as the environment says, else the user of this machine."""
    try:
        return by or os.environ.get(BY_VARIABLE) or getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


@contextmanager
def opened_annotator(
    lab: Lab, by: str | None = None, advance: Advance = _unmoved
) -> Generator[Annotator]:
    """An annotator over the configured store."""
    with opened_store(lab) as store:
        yield Annotator(EventLog(store, whoever(by), journal_of(lab)), advance)
