"""The error codes of the write path."""

from darkroom.core.error_codes.code import ErrorCode

ROWS = (
    ErrorCode(
        "lock-busy",
        "Another process of this machine is working on the same thing.",
        "wait until it ends; the lock of a process that died holds nothing and needs no removal",
    ),
    ErrorCode(
        "turn-taken",
        "Another machine that shares the store is drawing the same job.",
        "wait until it ends; what a machine that died has begun is taken over within a minute",
    ),
    ErrorCode(
        "locks-unavailable",
        "The folder for this machine's locks cannot be used.",
        "make the folder .darkroom beside darkroom.yaml writable, and free space on its disk",
    ),
    ErrorCode(
        "image-key-taken",
        "Something else lies where the image of this job is meant to go.",
        "start another run; see `darkroom reconcile` for images that nothing commits",
    ),
    ErrorCode(
        "commit-differs",
        "The store did not return what was just written to it.",
        "run `darkroom store check`, then `darkroom reconcile`; nothing is drawn twice",
    ),
    ErrorCode(
        "intent-damaged",
        "A promise made before a submission cannot be read.",
        "the job it belongs to is left alone; draw it again in another run",
    ),
    ErrorCode(
        "outcome-damaged",
        "The record of how a submission ended cannot be read.",
        "the job it belongs to is left alone; draw it again in another run",
    ),
    ErrorCode(
        "claim-damaged",
        "An entry of the index of jobs cannot be read.",
        "run `darkroom reconcile --verify`; the index is rebuilt from the sidecars",
    ),
    ErrorCode(
        "graph-holds-secret",
        "A secret of this process stands in the graph or in its description.",
        "take it out: graphs are kept in intents and sidecars for good",
    ),
    ErrorCode(
        "adoption-too-early",
        "Orphans may be adopted only when they are old enough.",
        "give --adopt-after at least 24 hours",
    ),
    ErrorCode(
        "job-unsettled",
        "A server gave an answer about a job that is no ending.",
        "run `darkroom reconcile`; the job's promise is still open",
    ),
    ErrorCode(
        "host-unknown",
        "A job was promised to a host that is not configured here.",
        "name the host in darkroom.yaml under hosts, or reconcile on the machine that has it",
    ),
    ErrorCode(
        "crash-point-unknown",
        "DARKROOM_CRASH_AT names no crash point.",
        "unset it; it exists for tests only",
    ),
    ErrorCode(
        "job-handed-back",
        "A server lost a job that it had, and no other server drew it.",
        "see `darkroom hosts` for what the servers say, then draw it again",
    ),
    ErrorCode(
        "job-quarantined",
        "A job is left alone because it stopped one server after another.",
        "`darkroom hosts poison` lists such jobs; --release KEY lets one be drawn again",
    ),
    ErrorCode(
        "poison-unknown",
        "A job that is to be released is not found, or not the only one.",
        "`darkroom hosts poison` lists the keys of all jobs that are set aside",
    ),
    ErrorCode(
        "order-withheld",
        "An image was not begun: the batch was stopped, or its budget is spent.",
        "start it again for the rest; what is drawn already is found",
    ),
    ErrorCode(
        "order-stranded",
        "No server is left that may draw an image.",
        "see `darkroom hosts`: start a server, resume one that is drained, or allow it the model",
    ),
    ErrorCode(
        "fleet-empty",
        "There is no server to draw on.",
        "name servers under `hosts` in darkroom.yaml, or use the built-in engine, `embedded`",
    ),
    ErrorCode(
        "host-not-configured",
        "A server is named that darkroom.yaml does not have.",
        "`darkroom hosts` lists the servers there are",
    ),
    ErrorCode(
        "host-drained-by-file",
        "A server cannot be resumed because darkroom.yaml drains it.",
        "take `drain: true` out of darkroom.yaml",
    ),
)
