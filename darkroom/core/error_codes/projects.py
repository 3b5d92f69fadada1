"""The error codes of projects and local files."""

from darkroom.core.error_codes.code import ErrorCode

ROWS = (
    ErrorCode(
        "project-name-invalid",
        "A project cannot have this name.",
        "use lower-case letters a-z, digits, '-' and '_', starting with a letter or digit",
    ),
    ErrorCode(
        "project-unknown",
        "There is no project of this name.",
        "`darkroom project list` shows the projects; `darkroom project create` makes one",
    ),
    ErrorCode(
        "project-exists",
        "A project or another file already has this name.",
        "choose another name, or move the existing folder away",
    ),
    ErrorCode(
        "project-outside",
        "A project's folder is a link that leads out of the projects folder.",
        "move the folder itself into the projects folder",
    ),
    ErrorCode(
        "project-link",
        "A project to be copied holds something other than plain files and folders.",
        "replace the link or special file by a plain file and try again",
    ),
    ErrorCode(
        "project-not-written",
        "The folder of a new project could not be written; nothing of it is left.",
        "check the space and the permissions of the projects folder",
    ),
)
