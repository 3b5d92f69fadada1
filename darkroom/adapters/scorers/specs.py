"""The table of metrics from disk: what is shipped, read once.

Owns where the file is; its rules are in darkroom.core.scoring.metrics.
"""

from functools import cache

from darkroom.adapters.shipped import label, shipped
from darkroom.adapters.yaml_files import load_yaml
from darkroom.core.errors import ConfigError
from darkroom.core.scoring.metrics import MetricTable, parsed

_NAME = "metrics.yaml"


@cache
def metric_table() -> MetricTable:
    """The shipped table; ConfigError with every mistake where the file was spoilt."""
    table, problems = parsed(load_yaml(shipped(_NAME), label(_NAME)))
    if table is None:
        raise ConfigError("config-invalid", problems)
    return table
