"""`darkroom --help` must answer at once: what it may not load, seen in a real process."""

import subprocess
import sys

HEAVY = (
    "prefect",
    "torch",
    "duckdb",
    "onnxruntime",
    "pandas",
    "numpy",
    "cv2",
    "minio",
    "PIL",
    "pydantic",
)

PROBE = f"""
import sys
from darkroom.apps.cli import main
code = main(["--help"])
loaded = sorted(name for name in {HEAVY!r} if name in sys.modules)
sys.stderr.write(f"loaded={{loaded}} code={{code}}")
"""


def test_help_loads_no_heavy_library() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    assert done.stderr == "loaded=[] code=0"
    assert "Usage: darkroom" in done.stdout
