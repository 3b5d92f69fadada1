"""This machine and what is installed on it.

Owns the checks of Python, of the packages whose versions matter, and of the embedded
engine's weights. Loads none of those packages: it asks for their versions only.
"""

import hashlib
import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files

from darkroom.adapters.doctor.findings import Check, failed, passed

_OLDEST_PYTHON = (3, 11)
_REINSTALL = "install again with `pip install -c constraints.txt -e .`"
_NUMBERS = re.compile(r"\d+")
_PACKAGES = (
    # from, below: with others the Prefect server does not start or never schedules
    ("prefect", (3, 8, 8), (4,)),
    ("fastapi", (0, 139), (0, 151)),
    ("sqlalchemy", (2, 0), (2, 1)),
    ("duckdb", (1, 5, 5), (1, 5, 6)),
)


def machine_checks() -> Iterator[Check]:
    """Python, packages, weights."""
    said = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info[:2] >= _OLDEST_PYTHON:
        yield passed("python", said)
    else:
        yield failed("python", said, "use Python 3.11 or newer")
    for name, least, below in _PACKAGES:
        yield _package(name, least, below)
    yield _weights()


def _package(name: str, least: tuple[int, ...], below: tuple[int, ...]) -> Check:
    try:
        found = version(name)
    except PackageNotFoundError:
        return failed(name, "is not installed", _REINSTALL)
    numbers = tuple(int(number) for number in _NUMBERS.findall(found)[:3])
    if least <= numbers < below:
        return passed(name, found)
    wanted = f"{_dotted(least)} or newer, below {_dotted(below)}"
    return failed(name, f"{found} does not fit: {wanted}", _REINSTALL)


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))


def _weights() -> Check:
    folder = files("darkroom").joinpath("engine", "weights")
    sums = folder.joinpath("SHA256SUMS")
    try:
        listed = [line.split() for line in sums.read_text(encoding="ascii").splitlines() if line]
        wrong = [
            name
            for digest, name in listed
            if hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() != digest
        ]
    except (OSError, ValueError) as exc:
        return failed("weights", f"cannot be read: {type(exc).__name__}", _REINSTALL)
    if wrong or not listed:
        return failed("weights", f"damaged: {', '.join(wrong) or 'none are listed'}", _REINSTALL)
    return passed("weights", f"{len(listed)} files of the embedded engine, as shipped")
