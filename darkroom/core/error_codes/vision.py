"""The error codes of judges and vision providers."""

from darkroom.core.error_codes.code import ErrorCode

ROWS = (
    ErrorCode(
        "vision-unreachable",
        "The vision provider did not answer in time.",
        "check that it runs and that base_url is right; `darkroom doctor` tries it",
    ),
    ErrorCode(
        "vision-denied",
        "The vision provider refused the key.",
        "set the key in the environment or in .env (OPENROUTER_API_KEY for OpenRouter)",
    ),
    ErrorCode(
        "vision-credit",
        "The vision provider wants payment first; even free models are refused then.",
        "add credit with the provider, or name another provider in AIVis.yaml",
    ),
    ErrorCode(
        "vision-model-missing",
        "The vision provider does not have this model.",
        "pull it (`ollama pull MODEL`) or correct `model` in AIVis.yaml",
    ),
    ErrorCode(
        "vision-throttled",
        "The vision provider's rate limit held through every retry.",
        "lower max_concurrent, wait, or name a fallback_provider in AIVis.yaml",
    ),
    ErrorCode(
        "vision-failed",
        "The vision provider failed to answer this request.",
        "read its message; a model without vision refuses images",
    ),
    ErrorCode(
        "judge-cannot-chat",
        "The embedded judge measures; it cannot answer for a language model.",
        "name another fallback_provider in AIVis.yaml, or none",
    ),
    ErrorCode(
        "judge-without-model",
        "A vision provider needs to be told which model to use.",
        "set `model` in AIVis.yaml, for example qwen3-vl:8b for Ollama",
    ),
    ErrorCode(
        "judge-no-holdout",
        "The project names no judge that only watches.",
        "name one under `holdout` in AIVis.yaml, or leave --holdout out",
    ),
    ErrorCode(
        "judge-fails",
        "A judge is mistaken on planted controls more often than it may be.",
        "do not let it decide alone: name another model, or a holdout judge beside it",
    ),
    ErrorCode(
        "vision-budget",
        "The run's budget for asking vision models is spent.",
        "raise `budget` in AIVis.yaml and run again: what was judged is kept",
    ),
    ErrorCode(
        "vision-bad-reply",
        "The vision provider's reply cannot be used.",
        "prefer an instruct model; the raw reply is kept beside the image",
    ),
)
