"""A run whose worker is killed goes on: what it says to nobody does not end it."""

import os
import subprocess
import sys
from pathlib import Path

from flows.environment import OUTLIVES_READERS

SAYS = """
import sys
from pathlib import Path
from prefect.logging import get_logger
from prefect.logging.configuration import ensure_logging_setup
ensure_logging_setup()
logger = get_logger("of_a_test")
logger.info("heard")
sys.stdin.readline()
for _ in range(3):
    logger.info("said to nobody")
    sys.stderr.write("nor this\\n")
    sys.stderr.flush()
Path(sys.argv[1]).write_text("went on")
"""


def test_a_process_whose_reader_is_gone_goes_on(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    known = {**os.environ, **OUTLIVES_READERS, "PREFECT_LOGGING_LEVEL": "INFO"}
    command = [sys.executable, "-P", "-c", SAYS, str(mark)]
    with subprocess.Popen(command, env=known, stdin=-1, stdout=-1, stderr=-1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        assert b"heard" in process.stderr.readline()
        process.stdout.close()
        process.stderr.close()
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.wait(60) == 0
    assert mark.read_text() == "went on"
