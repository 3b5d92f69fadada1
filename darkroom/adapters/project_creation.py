"""Make a new project out of the defaults, the demo or another project.

Owns what is copied. A project appears whole or not at all: it is put together
under a hidden name and renamed. What runs left behind is never copied, and links
are refused rather than followed.
"""

import os
import re
import secrets
import shutil
import stat
from pathlib import Path

from darkroom.adapters.confined import Refused, read_bounded
from darkroom.adapters.image_encoding import png_of
from darkroom.adapters.images import MAX_BYTES, decode
from darkroom.adapters.project_content import INPUT_NAMES
from darkroom.adapters.projects import project_folder, project_names
from darkroom.adapters.settings import Lab
from darkroom.adapters.shipped import defaults_folder
from darkroom.adapters.yaml_files import parse_yaml, read_yaml
from darkroom.core.config.slugs import checked_slug
from darkroom.core.config.tree import Leaf, find
from darkroom.core.errors import OutsideError, UsageError

DEMO = "demo"
_PARTS = ("config", "experiments", "input", "workflows", "workflow", "presets", "rules")
_TEMPLATE_PARTS = ("config", "input", "workflows")
_EXAMPLE = "example.jpg"


def create_project(lab: Lab, name: str, source: str | None = None) -> Path:
    """Make a project and return its folder; refuses a name that is taken."""
    target = lab.projects / checked_slug(name)
    template, parts = _template(lab, source)
    if os.path.lexists(target):
        raise _taken(lab, name)
    draft = lab.projects / f".new-{name}-{secrets.token_hex(4)}"
    try:
        draft.mkdir(parents=True)
        _fill(draft, template, parts, title=name)
        draft.rename(target)
    except FileExistsError as error:
        raise _taken(lab, name) from error
    except Refused as error:
        raise UsageError("project-link", f"a file of the project to copy {error}") from error
    except OSError as error:
        if os.path.lexists(target):
            raise _taken(lab, name) from error
        reason = os.strerror(error.errno or 0)
        raise OutsideError("project-not-written", f"{lab.shown(target)}: {reason}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _taken(lab: Lab, name: str) -> UsageError:
    return UsageError("project-exists", f"{lab.shown(lab.projects / name)} exists already")


def _template(lab: Lab, source: str | None) -> tuple[Path, tuple[str, ...]]:
    if source is None:
        return defaults_folder(), _TEMPLATE_PARTS
    if source == DEMO and DEMO not in project_names(lab):
        return defaults_folder() / DEMO, _PARTS
    return project_folder(lab, source), _PARTS


def _fill(draft: Path, template: Path, parts: tuple[str, ...], title: str) -> None:
    for part in parts:
        if os.path.lexists(template / part):
            _copy(template / part, draft / part)
    _add_input_from_example(draft / "input")
    _retitle(draft / "config" / "rules.yaml", title)


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a folder of files; hidden ones and caches stay behind."""
    kind = source.lstat().st_mode
    if stat.S_ISDIR(kind):
        target.mkdir()
        for entry in sorted(source.iterdir()):
            if not entry.name.startswith((".", "__")):
                _copy(entry, target / entry.name)
    elif stat.S_ISREG(kind):
        target.write_bytes(read_bounded(source, MAX_BYTES))
    else:
        what = "a link" if stat.S_ISLNK(kind) else "no regular file"
        raise UsageError("project-link", f"{source.name!r} in the project to copy is {what}")


def _add_input_from_example(folder: Path) -> None:
    """Give the project an input image: the example, until a person puts in their own."""
    example = folder / _EXAMPLE
    if example.is_file() and not any((folder / name).exists() for name in INPUT_NAMES):
        picture = decode(example.read_bytes()).picture
        (folder / INPUT_NAMES[0]).write_bytes(png_of(picture))


def _retitle(rules: Path, title: str) -> None:
    """Write the project's name over the template's, leaving every other byte alone."""
    if not rules.is_file():
        return
    named = find(read_yaml(rules, rules.name).tree, ("project", "name"))
    if not isinstance(named, Leaf) or not named.origin.line:
        return
    lines = rules.read_bytes().decode("utf-8").splitlines(keepends=True)
    place = named.origin.line - 1
    lines[place] = re.sub(r"^(\s*name:\s*)\S.*", rf'\g<1>"{title}"', lines[place])
    retitled = "".join(lines).encode()
    if not parse_yaml(retitled, rules.name).problems:  # a title over several lines stays
        rules.write_bytes(retitled)
