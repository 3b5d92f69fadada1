"""What Prefect is given before it is imported, and that a door does not import it early."""

import subprocess
import sys
from pathlib import Path

from flows.launching import needs_own_server, prepare


def test_prefect_tells_nobody_anything_and_keeps_to_our_folder():
    environ: dict[str, str] = {"PREFECT_SERVER_ANALYTICS_ENABLED": "true"}
    prepare(Path("home"), environ)
    assert environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert environ["DO_NOT_TRACK"] == "1"
    assert environ["PREFECT_HOME"] == "home/.darkroom/prefect"


def test_what_a_person_set_for_prefect_stays():
    environ = {"PREFECT_LOGGING_LEVEL": "DEBUG", "PREFECT_HOME": "theirs"}
    prepare(Path("home"), environ)
    assert environ["PREFECT_LOGGING_LEVEL"] == "DEBUG"
    assert environ["PREFECT_HOME"] == "theirs"


def test_a_server_is_started_only_where_none_is_named():
    assert needs_own_server({})
    assert not needs_own_server({"PREFECT_API_URL": "http://127.0.0.1:4200/api"})


def test_launching_does_not_import_prefect_before_a_flow_starts():
    code = "import sys, flows.launching; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
