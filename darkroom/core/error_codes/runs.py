"""The error codes of runs."""

from darkroom.core.error_codes.code import ErrorCode

ROWS = (
    ErrorCode(
        "ranking-empty",
        "A run cannot start from a ranking that orders nothing.",
        "rank at least one iteration of that run first, or name another run",
    ),
    ErrorCode(
        "ranking-missing",
        "A run was to start from a ranking that nobody made.",
        "rank the iterations of that run first, or name another run",
    ),
    ErrorCode(
        "run-document-damaged",
        "A JSON document of a run is not what Darkroom wrote.",
        "restore the file, or start anew with --reset; the images stay where they are",
    ),
    ErrorCode(
        "run-unknown",
        "There is no such run, or nothing in the store says how it began.",
        "look into projects/NAME/working for run ids, or start anew with --reset",
    ),
    ErrorCode(
        "run-unnamed",
        "Others began runs of the project each time this one was to get its name.",
        "start it again; if nobody else runs anything, look at the clock of this machine",
    ),
    ErrorCode(
        "run-open",
        "The last run is still open, and what was asked for needs a new one.",
        "finish it with a plain `darkroom run NAME`, or add --reset to archive it",
    ),
    ErrorCode(
        "run-none-yet",
        "There is no such iteration to resume from.",
        "leave --resume-from out, or name an iteration the last run has",
    ),
    ErrorCode(
        "run-input-changed",
        "The input image is not the one the run began with.",
        "put the old image back, or start anew with --reset",
    ),
    ErrorCode(
        "run-file-missing",
        "A rules file or an input image that the command names cannot be used.",
        "check the path; names are also looked for in the project and in the shipped rules",
    ),
    ErrorCode(
        "iteration-undrawn",
        "The server ended a job without an image.",
        "see the message and the server's log; the run goes on with the next iteration",
    ),
    ErrorCode(
        "not-accepted",
        "The run ended and no image met every criterion; the best one is kept.",
        "look at what failed, then change rules or prompts, or raise project.max_iterations",
    ),
    ErrorCode(
        "run-without-image",
        "The run ended without a single image.",
        "see logs/app.log of the project for what the server said",
    ),
    ErrorCode(
        "prefect-failed",
        "Prefect, which carries runs out, could not do so.",
        "run again; if PREFECT_API_URL is set, check that this server answers",
    ),
)
