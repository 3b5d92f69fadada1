"""`python -m benchmarks.recovery`: kill parts of a laboratory at random moments, then check.

Every round starts two runs by the worker, and often one by the command, kills three times a
random choice of what lives (worker, flow process, Prefect server, engine, keeper, command)
and waits until all runs are over without anybody's help, but for a killed keeper (`darkroom up`
again) and a killed command (the same command again). Prints figures; exit code 1 when anything
is broken.
"""

import argparse
import random
import shutil
import socket
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.recovery.checks import broken, counted, violations
from benchmarks.recovery.place import PROJECTS, Place, ended

BOUND_S = 420.0
"""So long a round may take to recover; three missed heartbeats are 90 s of it."""
_LONGEST_START_S = 60.0
_LATEST_KILL_S = 12.0
_COMMAND_TOO = 0.4
_EVERY_S = 1.0


@dataclass
class Soak:
    """All rounds in one home."""

    place: Place
    chance: random.Random
    waves: int = 3
    """As often as a run is started again: one more might rightly be the end of it."""
    kills: Counter[str] = field(default_factory=Counter[str])
    recovered_s: list[float] = field(default_factory=list[float])
    stuck: list[str] = field(default_factory=list[str])

    def round(self, number: int) -> None:
        """Start, kill in waves, wait."""
        first, second, third = self.chance.sample(PROJECTS, 3)
        for project in (first, second):
            self.place.deployed(project)
        if self.chance.random() < _COMMAND_TOO:
            self.place.commanded(third, anew=True)
        waves = [self._wave() for _ in range(self.waves)]
        began = time.monotonic()
        if not (is_over := self._await_ended(began)):
            self.stuck.append(f"round {number}: killed {waves}, then {self.place.states()}")
        self.recovered_s.append(time.monotonic() - began)
        took = f"over {self.recovered_s[-1]:.0f} s after the last"
        print(f"round {number}: killed {waves}, {took}", flush=True)
        if is_over and (said := broken(self.place, counted(self.place.home / "projects"))):
            self.stuck.append(f"after round {number}: {said}")
            print(f"  {said}", flush=True)

    def _wave(self) -> list[str]:
        """Kill some of what lives, once something is at work."""
        ends_at = time.monotonic() + _LONGEST_START_S
        while time.monotonic() < ends_at and "flow" not in self.place.victims():
            time.sleep(_EVERY_S)
        time.sleep(self.chance.uniform(0.0, _LATEST_KILL_S))
        living = sorted(self.place.victims())
        chosen = self.chance.sample(living, min(len(living), self.chance.randint(1, 4)))
        done = [kind for kind in chosen if self.place.kill(kind, self.chance)]
        self.kills.update(done)
        if "keeper" in done:
            self.place.up()
        return done

    def _await_ended(self, began: float) -> bool:
        while time.monotonic() - began < BOUND_S:
            self._again()
            if ended(self.place.states()) and not self.place.commands:
                return True
            time.sleep(_EVERY_S)
        return False

    def _again(self) -> None:
        """A person whose command was killed gives it again."""
        for project, process in list(self.place.commands.items()):
            if process.poll() is None:
                continue
            _, said = process.communicate()
            if process.returncode in {0, 1}:
                del self.place.commands[project]
            else:
                if process.returncode > 0:
                    print(f"  the command ended with {process.returncode}: {said[-300:]}")
                self.place.commanded(project, anew=False)


def main() -> int:
    """Run and print."""
    asked = argparse.ArgumentParser(prog="benchmarks.recovery", description=__doc__)
    asked.add_argument("--runs", type=int, default=50, help="rounds")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--minutes", type=float, default=60.0, help="no new round after that")
    asked.add_argument("--keep", type=Path, help="the folder to work in; it stays")
    told = asked.parse_args()
    home = told.keep or Path(tempfile.mkdtemp(prefix="darkroom recovery "))
    home.mkdir(parents=True, exist_ok=True)
    soak = Soak(Place(home.resolve(), _free_port()), random.Random(told.seed))
    try:
        code = _soaked(soak, told.runs, time.monotonic() + told.minutes * 60)
    finally:
        for process in soak.place.commands.values():
            process.kill()
            process.communicate()
        soak.place.down()
    left = soak.place.victims()
    print(f"left after down: {left or 'nothing'}")
    if not told.keep:
        shutil.rmtree(home)
    return code or bool(left)


def _soaked(soak: Soak, rounds: int, ends_at: float) -> int:
    soak.place.prepare()
    soak.place.up()
    for number in range(1, rounds + 1):
        if time.monotonic() > ends_at:
            break
        soak.round(number)
    soak.place.command("reconcile")
    found = counted(soak.place.home / "projects")
    kills = soak.kills.total()
    said = [*soak.stuck, *violations(soak.place, found, kills)]
    took = sorted(soak.recovered_s)
    print(f"{len(soak.recovered_s)} of {rounds} rounds, {kills} kills: {dict(soak.kills)}")
    if len(soak.recovered_s) < rounds:
        print("the time was over before: `--minutes` gives more (2 to 5 for a round)")
    typical = f"{took[0]:.0f} to {took[-1]:.0f} s, median {took[len(took) // 2]:.0f} s"
    print(f"over after the last kill of a round: {typical}")
    print(f"{found}")
    print("\n".join(said) or "nothing lost, nothing doubled, nothing silently running")
    return 1 if said else 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
