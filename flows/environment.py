"""What Prefect is told before it is imported, here and in every process of ours.

Owns the names and values alone.
"""

from collections.abc import Mapping

PREFECT_HOME = ".darkroom/prefect"
RUN_ID = "PREFECT__FLOW_RUN_ID"
"""How Prefect tells a process which flow run it carries out."""
WHOLE_LABORATORY = "DARKROOM_WHOLE_LABORATORY"
"""Set where every worker of the Prefect server runs on this machine: `darkroom up` sees to that."""
ALWAYS: Mapping[str, str] = {
    # nothing is told to anybody
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
}
OUTLIVES_READERS: Mapping[str, str] = {
    "PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS": "flows.lasting_console.LastingConsole"
}
"""For workers, whose runs inherit it: see that module."""
