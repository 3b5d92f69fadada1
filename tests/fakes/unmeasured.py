"""Processes of tests whose lines nobody counts: those that are killed, and those that are not ours.

Coverage makes a process that loads Prefect half as slow again, and a killed one leaves
no data. What else is started here is measured, by the environment it inherits.
"""

from collections.abc import Mapping

_TRACING = ("COVERAGE_", "COV_CORE_")


def unmeasured(environ: Mapping[str, str]) -> dict[str, str]:
    """This environment without what has coverage begin in a process."""
    return {name: value for name, value in environ.items() if not name.startswith(_TRACING)}
