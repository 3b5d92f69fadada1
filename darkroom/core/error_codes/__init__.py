"""The registry of error codes: what each means and what usually helps.

Owns stable codes only, one module per part of the house. A code, once released,
keeps its meaning; a test walks the code and requires that codes used and codes
registered are the same set.
"""

from darkroom.core.error_codes import (
    comfyui,
    configuration,
    doors,
    engine,
    images,
    orchestration,
    projects,
    runs,
    scoring,
    sidecars,
    stores,
    vectors,
    verification,
    vision,
    warehouse,
    workflows,
    writing,
)
from darkroom.core.error_codes.code import ErrorCode

ROWS: tuple[ErrorCode, ...] = (
    *doors.ROWS,
    *stores.ROWS,
    *configuration.ROWS,
    *projects.ROWS,
    *sidecars.ROWS,
    *images.ROWS,
    *writing.ROWS,
    *workflows.ROWS,
    *comfyui.ROWS,
    *engine.ROWS,
    *runs.ROWS,
    *vision.ROWS,
    *scoring.ROWS,
    *warehouse.ROWS,
    *vectors.ROWS,
    *verification.ROWS,
    *orchestration.ROWS,
)

CODES: dict[str, ErrorCode] = {row.code: row for row in ROWS}
