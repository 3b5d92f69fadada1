"""No known secret gets through, in whatever form it is written."""

import base64
import io
import json
import logging
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from darkroom.adapters.redaction import MASK, protect, redact, redact_document

CANARY = 'cañ/ary+48=15 "16"'
SECRETS = [SecretStr(CANARY), SecretStr("sk-other-canary")]
FORMS = [
    CANARY,
    quote(CANARY, safe=""),
    json.dumps(CANARY)[1:-1],
    json.dumps(CANARY, ensure_ascii=False)[1:-1],
    base64.b64encode(CANARY.encode()).decode(),
]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_secret_is_masked(form: str) -> None:
    text = redact(f"before {form} after sk-other-canary", SECRETS)
    assert text == f"before {MASK} after {MASK}"


def test_a_longer_secret_that_starts_like_another_is_masked_whole() -> None:
    assert redact("abcdefgh", [SecretStr("abcd"), SecretStr("abcdefgh")]) == MASK


def test_text_without_secrets_is_left_alone() -> None:
    assert redact("nothing here", SECRETS) == "nothing here"
    assert redact("nothing here", []) == "nothing here"


def test_a_secret_too_short_to_tell_apart_is_left() -> None:
    assert redact("a cat", [SecretStr("a"), SecretStr("")]) == "a cat"


def test_documents_are_masked_in_keys_and_values() -> None:
    document = {"k": [CANARY, 1, None, True, ("x", CANARY)], CANARY: {"deep": f"<{CANARY}>"}}
    masked = redact_document(document, SECRETS)
    assert masked == {"k": [MASK, 1, None, True, ["x", MASK]], MASK: {"deep": f"<{MASK}>"}}


@given(st.text(min_size=4, max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_a_masked_text_never_holds_the_secret(secret: str, before: str, after: str) -> None:
    masked = redact(before + secret + after, [SecretStr(secret)])
    assert secret in MASK or secret not in masked.replace(MASK, "\0")


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    protect(handler, SECRETS)
    root = logging.Logger("root-of-test")
    root.addHandler(handler)
    child = logging.Logger("child")
    child.parent = root
    yield child, stream
    handler.close()


def test_a_log_record_from_any_logger_is_masked(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.warning("key %s in %s", CANARY, {"k": CANARY})
    assert CANARY not in stream.getvalue()
    assert MASK in stream.getvalue()


def test_a_logged_exception_is_masked(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    try:
        int(f"refused {CANARY}")
    except ValueError:
        logger.exception("failed", stack_info=True)
    assert "'refused ***'" in stream.getvalue()
    assert CANARY not in stream.getvalue()


def test_a_message_can_neither_forge_a_line_nor_act_on_a_terminal(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = log
    logger.warning("prompt %s", "x\nroot forged\x1b]0;title\x07")
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


def test_arguments_that_do_not_fit_are_still_masked(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = log
    logger.warning("%d items", CANARY.replace('"', ""))
    logger.warning("%s %s", "sk-other-canary")
    assert "canary" not in stream.getvalue()
