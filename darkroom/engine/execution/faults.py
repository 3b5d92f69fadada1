"""What may be told of an exception: its kind, its words, where in the code; no machine paths."""

import re
import traceback

_LIBRARY = re.compile(r"^.*?(?:site-packages|lib/python\d[\d.]*)[\\/]")
_OURS = re.compile(r"^.*?(?=darkroom[\\/]engine[\\/])")
_ANY_FOLDER = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?[\\/](?:[^\\/\s'\"]+[\\/])+")


def frames(exc: BaseException) -> list[str]:
    """The stack, outermost first, one text per frame, with paths relative to their package."""
    return [
        f'  File "{_relative(frame.filename)}", line {frame.lineno}, in {frame.name}\n'
        f"    {frame.line or ''}"
        for frame in traceback.extract_tb(exc.__traceback__)
    ]


def _relative(filename: str) -> str:
    for pattern in (_LIBRARY, _OURS):
        if pattern.match(filename):
            return pattern.sub("", filename, count=1)
    return filename.replace("\\", "/").rpartition("/")[2]


def message(exc: BaseException) -> str:
    """The words of an exception, ended by a newline as ComfyUI ends them."""
    return _ANY_FOLDER.sub("", str(exc)) + "\n"


def type_name(exc: BaseException) -> str:
    """The kind of an exception; the module only where it is not built in."""
    kind = type(exc)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"
