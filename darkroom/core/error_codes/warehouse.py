"""The error codes of the warehouse, annotations, import and export."""

from darkroom.core.error_codes.code import ErrorCode

ROWS: tuple[ErrorCode, ...] = (
    ErrorCode(
        "annotation-invalid",
        "What is to be said of an image or run cannot be said.",
        "see `darkroom rate --help` and its neighbours for what each field takes",
    ),
    ErrorCode(
        "annotation-damaged",
        "An annotation in the store cannot be read; it is left as it is, and does not count.",
        "say it again; the damaged document may stay",
    ),
    ErrorCode(
        "annotation-target",
        "A name means no image and no run.",
        "give an image's key, PROJECT/RUN_ID/ITERATION, or the start of its sha256;"
        " `darkroom search` lists them",
    ),
    ErrorCode(
        "annotation-unknown",
        "There is no such annotation to take back.",
        "`darkroom undo --list` shows what was said on this machine",
    ),
    ErrorCode(
        "annotation-undone",
        "The annotation has been taken back already.",
        "`darkroom show` tells what is true now; taking the undoing back brings it again",
    ),
    ErrorCode(
        "annotation-unconfirmed",
        "Many images would be annotated at once, and nobody said yes.",
        "look at the list and run the same command with --yes",
    ),
    ErrorCode(
        "export-exists",
        "Something stands already where an export should go.",
        "choose another name, or say --overwrite",
    ),
    ErrorCode(
        "export-too-big",
        "An export is larger than a store takes at once.",
        "narrow it, export to Parquet, or export to a file",
    ),
    ErrorCode(
        "selection-invalid",
        "A filter cannot be understood.",
        "see `darkroom search --help`; ranges are written 5..7, moments 2026-01-31 or 7d",
    ),
    ErrorCode(
        "ulid-time",
        "A time-ordered name cannot be made: a clock is far from the present.",
        "check the clock of this machine and of those that share the store",
    ),
    ErrorCode(
        "warehouse-missing",
        "There is no warehouse on this machine yet.",
        "build it with `darkroom warehouse sync`",
    ),
    ErrorCode(
        "warehouse-damaged",
        "The warehouse file cannot be read, or is not what it says it is.",
        "build it anew with `darkroom warehouse rebuild`; the store has everything",
    ),
    ErrorCode(
        "warehouse-memory",
        "The warehouse needs more memory than it may use.",
        "ask for less at once, or allow more with --memory-mb",
    ),
    ErrorCode(
        "warehouse-store-empty",
        "The store shows none of the documents the warehouse was built from.",
        "mount the disk or bring the store back; if it is empty, `darkroom warehouse rebuild`",
    ),
    ErrorCode(
        "warehouse-check-failed",
        "A check of the warehouse found rows that contradict one another: a fault in Darkroom.",
        "build it anew with `darkroom warehouse rebuild`; if it comes back, report the check",
    ),
    ErrorCode(
        "query-unknown",
        "There is no named query of that name.",
        "the files in analytics/queries are the queries",
    ),
    ErrorCode(
        "query-parameter-unknown",
        "A named query was given a parameter it does not have.",
        "the file in analytics/queries shows its parameters as $name",
    ),
    ErrorCode(
        "sql-refused",
        "Only one statement that reads is taken; files, settings and the network are out of reach.",
        "ask one SELECT; to change data, open a copy of the file with the duckdb command line",
    ),
    ErrorCode(
        "sql-failed",
        "DuckDB could not answer the statement.",
        '`darkroom sql "show tables"` and `darkroom sql "describe image"` tell what there is',
    ),
    ErrorCode(
        "sql-timeout",
        "The statement took longer than it may.",
        "ask for less, or allow more with --timeout-s",
    ),
    ErrorCode(
        "sql-ended",
        "The process that answers the statement ended before its answer did.",
        "ask for less at once or in another way: memory ran out, or DuckDB has a fault there",
    ),
    ErrorCode(
        "sql-output",
        "The answer cannot be written in that form to that place.",
        "give --output a new file; Parquet cannot go to a terminal",
    ),
    ErrorCode(
        "patterns-limits",
        "Failure patterns cannot be looked for within these limits.",
        "see `darkroom patterns --help`",
    ),
    ErrorCode(
        "trial-damaged",
        "The document of a pattern's trial cannot be read; the trial does not count.",
        "try the pattern again with `darkroom patterns --confirm`",
    ),
    ErrorCode(
        "import-folder",
        "What is to be imported is no folder that can be read.",
        "name the folder that holds the sessions or images of the other tool",
    ),
    ErrorCode(
        "backup-damaged",
        "A backup cannot be trusted: it was cut off, changed, or is none. Nothing was restored.",
        "restore from another backup; the store is as it was",
    ),
)
