"""Which text is a path of some machine, and what may stand in its place.

Owns the rule that no sidecar carries a path of the machine that wrote it: the
tests used by the models, and the shortening used before a sidecar is composed.
"""

import re

_ABSOLUTE = re.compile(r"(?:/|~[/\\]|[A-Za-z]:[\\/]|\\\\|file:)")
_OF_A_MACHINE = re.compile(
    r"(?:/(?:home|root|users|volumes|mnt|media|tmp|var|opt|srv|data|etc|usr|workspace|content)/"
    r"|~[/\\]|[a-z]:[\\/]|\\\\[\w.]|file:)",
    re.IGNORECASE,
)
_WITHIN_TEXT = re.compile(
    r"(?<![\w:/.~-])(?:file:/{1,3}|~)?/(?:[^\s/'\":,;()<>]+/)+[^\s/'\":,;()<>]*"
    r"|(?<!\w)[A-Za-z]:\\(?:[^\s\\'\":,;()<>]+\\)*[^\s\\'\":,;()<>]*"
)
_PATH_LIKE = re.compile(
    r"(?:\A|_)(?:name|path|file|filename|dir|directory|folder|image|images|video|audio|mask"
    r"|prefix|root|model|ckpt|checkpoint|vae|lora|clip|unet)\Z",
    re.IGNORECASE,
)
_WORDS = re.compile(r"(?:\A|_)(?:text|prompt|positive|negative|string|caption)\Z", re.IGNORECASE)


def is_absolute(text: str) -> bool:
    """Whether the text, as a whole, is a path from the root of some machine."""
    return _ABSOLUTE.match(text) is not None


def climbs(text: str) -> bool:
    """Whether the text, read as a relative path, leaves its folder."""
    return ".." in re.split(r"[/\\]", text)


def last_part(text: str) -> str:
    """What remains of a machine path once the machine is taken away."""
    parts = [part for part in re.split(r"[/\\]", text) if part not in {"", ".", "..", "~"}]
    return parts[-1] if parts else "(path removed)"


def is_machine_path(name: str, text: str) -> bool:
    """Whether a graph input of this name holds a path of a machine."""
    if "\n" in text or _WORDS.search(name):
        return False
    return bool((is_absolute(text) and _PATH_LIKE.search(name)) or _OF_A_MACHINE.match(text))


def without_machine_paths(text: str) -> str:
    """Shorten every path of a machine within a message to its last part."""
    return _WITHIN_TEXT.sub(lambda found: f".../{last_part(found.group())}", text)
