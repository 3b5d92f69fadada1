"""The examination behind `darkroom doctor`: everything a run needs, tried one by one.

Each check says what it found and, where something is wrong, what to do. No check
raises: what goes wrong while checking is the finding.
"""

from darkroom.adapters.doctor.examination import examine
from darkroom.adapters.doctor.findings import Check, exit_code

__all__ = ["Check", "examine", "exit_code"]
