"""The error codes of the warehouse, annotations, import and export."""

from darkroom.core.error_codes.code import ErrorCode

ROWS: tuple[ErrorCode, ...] = ()
