"""What one query may use.

Owns the record alone, apart from DuckDB, so that whoever only passes it on loads nothing.
"""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one query may use."""

    memory_mb: int = 4096
    threads: int = min(4, os.cpu_count() or 1)
    """More than the machine has cost time in every short query."""
    time_s: float = 60.0
