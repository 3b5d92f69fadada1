"""The error codes of the local laboratory and of experiments."""

from darkroom.core.error_codes.code import ErrorCode

ROWS: tuple[ErrorCode, ...] = (
    ErrorCode(
        "laboratory-busy",
        "Another command is starting or ending the laboratory.",
        "wait for it, then try again",
    ),
    ErrorCode(
        "port-taken",
        "Another program listens on the port of the Prefect server.",
        "end that program, or give another one: `darkroom up --port 4300`",
    ),
    ErrorCode(
        "laboratory-not-up",
        "A part of the laboratory did not come up.",
        "read the log that is named, then `darkroom up` again; `darkroom down` ends the rest",
    ),
    ErrorCode(
        "worker-without-server",
        "A worker was started and nobody said for which Prefect server.",
        "set PREFECT_API_URL and PREFECT_API_AUTH_STRING (deploy/worker.env.example);"
        " on one machine `darkroom up` does it all",
    ),
    ErrorCode(
        "worker-server-away",
        "The Prefect server that PREFECT_API_URL names does not answer.",
        "check the address, which ends in /api, and that its server runs and can be reached",
    ),
    ErrorCode(
        "worker-refused",
        "The Prefect server refuses the password of this machine.",
        "set PREFECT_API_AUTH_STRING to the value the server has",
    ),
    ErrorCode(
        "worker-not-set-up",
        "The Prefect server does not know what is Darkroom's.",
        "once, from any machine: `python -P -m flows.set_up`",
    ),
    ErrorCode(
        "block-missing",
        "A run names a block that its Prefect server does not have or that cannot be read.",
        "`prefect block ls` lists those there are; make it in the UI, or name no block",
    ),
    ErrorCode(
        "notify-address",
        "The address in DARKROOM_NOTIFY_URL cannot or must not be told anything.",
        "use a public http or https address, or set notify.allow_private in darkroom.yaml",
    ),
    ErrorCode(
        "notify-refused",
        "The address in DARKROOM_NOTIFY_URL refused a message.",
        "check the address, and what its owner wants a message to look like",
    ),
    ErrorCode(
        "notify-failed",
        "The address in DARKROOM_NOTIFY_URL did not take a message, however often it was sent.",
        "check that its server runs; raise notify.retries or notify.timeout_s in darkroom.yaml",
    ),
    ErrorCode(
        "optimiser-needs-torch",
        "The sampler `gp` of an adaptive experiment needs torch.",
        "install the extra `models`, or write sampler: tpe",
    ),
    ErrorCode(
        "experiment-unknown",
        "No experiment has this name.",
        "name it project/experiment; `darkroom experiment list` shows those there are",
    ),
    ErrorCode(
        "experiment-size",
        "An experiment means too many images, or none.",
        "leave out values, narrow the constraints, or let `adaptive:` choose the cells",
    ),
    ErrorCode(
        "experiment-constraint",
        "A constraint of an experiment cannot be tested for some combination.",
        "compare numbers with numbers; texts only with == and in",
    ),
    ErrorCode(
        "experiment-judge",
        "An experiment is to be judged by rules that the project does not have.",
        "write acceptance_criteria in config/rules.yaml, or judge: scores",
    ),
    ErrorCode(
        "experiment-none-open",
        "There is no run of this experiment to go on with.",
        "start one with `darkroom experiment run`",
    ),
    ErrorCode(
        "experiment-document-damaged",
        "A document of an experiment's run is not what Darkroom wrote.",
        "restore the file from a backup; the images stay where they are",
    ),
    ErrorCode(
        "experiment-incomplete",
        "The experiment ended, and some images could not be drawn.",
        "see what failed, mend it, then `darkroom experiment resume`: only those are drawn",
    ),
    ErrorCode(
        "experiment-without-image",
        "The experiment ended without a single image.",
        "see what the server said of each; `darkroom experiment plan` checks everything first",
    ),
    ErrorCode(
        "grid-axis",
        "A grid has no such axis, or one axis would stand across and down.",
        "give --x and --y two different axes; the message says which there are",
    ),
    ErrorCode(
        "grid-seed",
        "A grid cannot show that seed.",
        "give --seed one of the seeds, or its place among them, from 1",
    ),
    ErrorCode(
        "grid-write",
        "The files of a grid cannot be written.",
        "check the folder's permissions and free space, or name another with --output",
    ),
)
