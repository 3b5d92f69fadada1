"""The error codes of stores and the spool."""

from darkroom.core.error_codes.code import ErrorCode

ROWS = (
    ErrorCode(
        "store-unavailable",
        "The store did not answer in time, or cannot serve now.",
        "start the store or check its address, then run again; finished images wait in the spool",
    ),
    ErrorCode(
        "store-internal-error",
        "The store answered with an internal error, several times.",
        "read the server's own log: its disk may be full or failing",
    ),
    ErrorCode(
        "store-circuit-open",
        "The store failed several times in a row, so it is left alone for a moment.",
        "wait some seconds; if it goes on, see `darkroom store check`",
    ),
    ErrorCode(
        "store-answer-unreadable",
        "Something answered, but not the way an S3 server does.",
        "check that the endpoint is the S3 port of the server and not its console or a proxy",
    ),
    ErrorCode(
        "store-denied",
        "The store refused the credentials.",
        "check DARKROOM_S3_ACCESS_KEY and DARKROOM_S3_SECRET_KEY, and the region in darkroom.yaml",
    ),
    ErrorCode(
        "store-clock-skew",
        "This machine's clock and the store's differ too much for signed requests.",
        "set this machine's clock (NTP); trying again will not help before",
    ),
    ErrorCode(
        "store-full",
        "There is no room left where bytes should be written.",
        "free space in the store; what is finished waits in the spool",
    ),
    ErrorCode(
        "store-refused",
        "The store refused a request in a way that trying again will not change.",
        "check endpoint, bucket and region in darkroom.yaml against the server",
    ),
    ErrorCode(
        "store-bucket-missing",
        "The bucket does not exist.",
        "create it, or run `darkroom store check --create-bucket`",
    ),
    ErrorCode(
        "store-key-missing",
        "The store has no object under this key.",
        "check the key with a listing; it may have been deleted",
    ),
    ErrorCode(
        "store-key-conflict",
        "One key is the folder of another, which file systems cannot hold.",
        "choose another name for one of the two",
    ),
    ErrorCode(
        "store-write-differs",
        "The store holds something else than what was sent, twice.",
        "check the server's disk; the bytes are kept in the spool",
    ),
    ErrorCode(
        "store-content-differs",
        "The bytes in the store are not those that were written.",
        "restore the object from a backup; it is left out of scores and exports",
    ),
    ErrorCode(
        "store-listing-disorder",
        "The store lists keys out of order, so a listing cannot be followed to its end.",
        "use a server whose listings ascend, as S3 demands",
    ),
    ErrorCode(
        "store-not-permitted",
        "The file system does not permit reading or writing here.",
        "check owner, rights and mount options of the folder",
    ),
    ErrorCode(
        "store-path-unsafe",
        "A symbolic link or special file stands where a plain file or folder belongs.",
        "remove the link; a folder store follows none",
    ),
    ErrorCode(
        "store-root-missing",
        "The folder of the store is gone, or its disk is not mounted.",
        "mount the disk or restore the folder, then try again",
    ),
    ErrorCode(
        "store-io-failed",
        "The file system failed to read or write.",
        "check the disk; then run the command again",
    ),
    ErrorCode(
        "store-object-too-big",
        "The object is larger than a store takes at once.",
        "keep single objects under 128 MiB",
    ),
    ErrorCode(
        "content-type-invalid",
        "A content type is not of the form type/subtype.",
        "use a plain one, such as image/png",
    ),
    ErrorCode(
        "store-insecure",
        "The store lets in a wrong secret or a stranger.",
        "use a server that checks signatures, or say --allow-insecure-store for a test bench",
    ),
    ErrorCode(
        "store-check-failed",
        "The store does not do what a laboratory relies on.",
        "see the table; docs/stores.md says what each check means",
    ),
    ErrorCode(
        "store-has-no-bucket",
        "A folder was asked for what only an S3 bucket has.",
        "leave out --public-read and --create-bucket, or set store.kind to s3 in darkroom.yaml",
    ),
    ErrorCode(
        "store-endpoint-invalid",
        "The address of the S3 server cannot be used.",
        "write http://host:port or https://host, without path, user or password",
    ),
    ErrorCode(
        "store-bucket-invalid",
        "The name cannot be that of a bucket.",
        "use 3 to 63 lower-case letters, digits, '-' and '.'",
    ),
    ErrorCode(
        "store-region-invalid",
        "The name cannot be that of a region.",
        "use the server's region, `us-east-1` where it has none",
    ),
    ErrorCode(
        "store-credentials-incomplete",
        "Only one of the two S3 credentials is set.",
        "set both DARKROOM_S3_ACCESS_KEY and DARKROOM_S3_SECRET_KEY",
    ),
    ErrorCode(
        "spool-full",
        "The spool for bytes that wait for the store has reached its limit.",
        "bring the store back and run `darkroom store drain`, or raise spool.max_bytes",
    ),
    ErrorCode(
        "spool-failed",
        "Neither the store nor the spool could take the bytes.",
        "free space on this machine or bring the store back, then run again",
    ),
    ErrorCode(
        "spool-damaged",
        "A waiting file in the spool has changed on the disk.",
        "it lies in the spool's folder `aside`; the image must be drawn again",
    ),
    ErrorCode(
        "spool-busy",
        "Another process is delivering the spool.",
        "wait until it has finished",
    ),
)
