"""The error codes of scoring and refinement."""

from darkroom.core.error_codes.code import ErrorCode

ROWS: tuple[ErrorCode, ...] = (
    ErrorCode(
        "lite-weights-damaged",
        "The coefficients of the lite scorers are not the file that was shipped.",
        "install Darkroom again, or make them anew with `python -m training.lite fit`",
    ),
    ErrorCode(
        "scores-damaged",
        "A document of scores in the store is not what Darkroom wrote.",
        "delete it and run `darkroom rescore`; the image and its sidecar are as they were",
    ),
    ErrorCode(
        "scores-without-sidecar",
        "An image has no sidecar that says what it is.",
        "run `darkroom reconcile`, which commits what a crash left",
    ),
    ErrorCode(
        "images-unscored",
        "Some of the images named have no score; the others have.",
        "read the reason in each row: a broken file, too small a picture, missing weights",
    ),
    ErrorCode(
        "scores-metric-unknown",
        "There is no metric of that name in that tier.",
        "see defaults/metrics.yaml for the metrics of each tier",
    ),
    ErrorCode(
        "scores-tier-unusable",
        "No metric of a tier can run on this machine.",
        "run `darkroom weights list`, or choose --tier lite, which needs nothing",
    ),
    ErrorCode(
        "scores-file-missing",
        "A calibration or weights file is not there.",
        "run `darkroom scores show` for what there is, or `darkroom scores use shipped`",
    ),
    ErrorCode(
        "scores-file-damaged",
        "A calibration or weights file is not what Darkroom wrote.",
        "make it anew with `darkroom scores calibrate` or `fit`, or `darkroom scores use shipped`",
    ),
    ErrorCode(
        "fit-too-few",
        "Too few rated images have scores.",
        "rate more images, or name a CSV with the columns path and rating",
    ),
    ErrorCode(
        "fit-explains-nothing",
        "The scores do not rise with the ratings.",
        "rate more images, or score with another tier; the weights in use stay",
    ),
    ErrorCode(
        "ratings-invalid",
        "A file of ratings has mistakes.",
        "write the columns path and rating, with a number from 0 to 10 in each row",
    ),
    ErrorCode(
        "calibrate-nothing",
        "Nothing was named to calibrate from.",
        "name images, folders, store keys, or --project NAME",
    ),
    ErrorCode(
        "calibrate-too-few",
        "Too few images could be measured for a calibration.",
        "name more images; some hundred of your own make a good calibration",
    ),
    ErrorCode(
        "generate-without-image",
        "No attempt of a series gave an image.",
        "read the reasons in the table; the server's log says more",
    ),
    ErrorCode(
        "quality-not-reached",
        "No image of a series reached the threshold; the best one is kept.",
        "raise --max-attempts, choose another --retry-strategy, or lower the threshold",
    ),
    ErrorCode(
        "weights-unknown",
        "No digest of such a file was ever taken down.",
        "run `darkroom weights list` for the files and their names",
    ),
    ErrorCode(
        "weights-busy",
        "Another process writes to the weights folder.",
        "try again in a moment",
    ),
    ErrorCode(
        "weights-not-writable",
        "The digests of the weights cannot be written down.",
        "make the weights folder writable, or run `darkroom weights check` as its owner",
    ),
    ErrorCode(
        "weights-refused",
        "A file of weights is not the one it should be, or does not fit its model.",
        "fetch the file again; `darkroom weights check` says which ones are right",
    ),
    ErrorCode(
        "weights-not-converted",
        "The weights of a metric cannot be converted to the onnx tier.",
        "run `darkroom weights list`: the torch tier of this metric must be ready first",
    ),
    ErrorCode(
        "models-extra-missing",
        "The torch tier needs libraries that are not installed.",
        "install them with `pip install 'darkroom[models]'`, or use the tiers lite and onnx",
    ),
    ErrorCode(
        "models-unknown-metric",
        "No code measures a metric of the table.",
        "see defaults/metrics.yaml for the metrics of each tier",
    ),
    ErrorCode(
        "scoring-not-started",
        "The scoring process did not come up.",
        "read the log file named above",
    ),
    ErrorCode(
        "scoring-died",
        "The scoring process died again and again.",
        "read the log file named above; too little memory is the usual reason",
    ),
    ErrorCode(
        "scores-unusable",
        "The file of scores measured before cannot be read or written.",
        "free disk space, or delete the file: everything in it can be measured again",
    ),
)
