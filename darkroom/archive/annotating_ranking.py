"""Put a run's images in order: one more event, from which `ranking.json` is derived.

Owns what a ranking may name, and that a ranking written by other means is kept as an event
before it is replaced: whoever undoes the new one finds it again.
"""

from collections.abc import Mapping, Sequence

from darkroom.archive.annotating_derived import filed, keys_of, said_as
from darkroom.archive.annotating_log import EventLog, Said
from darkroom.core.annotations import RunTarget
from darkroom.core.errors import UsageError

FOUND = "ranking.json"
"""Who said what only the file knew."""


def rank(log: EventLog, run: str, order: Sequence[int], notes: Mapping[int, str]) -> Said:
    """Say the order of `PROJECT/RUN_ID`'s iterations, the best first; the latest counts."""
    _check(log, run, order, notes)
    target = RunTarget(run=run)
    found = filed(log.store, run)
    if found is not None and found != log.current(target).get("ranking"):
        EventLog(log.store, FOUND, log.journal).say([target], {"ranking": found})
    return log.say([target], {"ranking": said_as(list(order), notes)})


def _check(log: EventLog, run: str, order: Sequence[int], notes: Mapping[int, str]) -> None:
    keys = keys_of(run)
    mistakes = [] if order else ["no iteration is ranked"]
    mistakes += [f"{n} stands twice" for n in sorted({n for n in order if order.count(n) > 1})]
    mistakes += [f"the note on {n} is on no ranked iteration" for n in notes if n not in order]
    absent = [n for n in dict.fromkeys(order) if n < 1 or log.store.head(keys.sidecar(n)) is None]
    mistakes += [f"the run has no iteration {n}" for n in absent]
    if mistakes:
        raise UsageError("annotation-invalid", "; ".join(mistakes), where=keys.root)
