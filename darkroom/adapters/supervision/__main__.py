"""The keeper as a process: `python -m darkroom.adapters.supervision FOLDER HOME`."""

import os
import sys
from pathlib import Path

from darkroom.adapters.supervision.keeper import Keeper

os.chdir(sys.argv[2])
Keeper(Path(sys.argv[1])).run()
