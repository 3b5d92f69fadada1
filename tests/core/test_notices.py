"""What is told when a run is over: no more than was asked for, and provably from us."""

import hashlib
import hmac

from darkroom.core.notices import (
    LONGEST_REASON,
    SCHEMA,
    Notice,
    body_of,
    document,
    signature,
    standing_token,
)

NOTICE = Notice("done", "iterate", "demo", "r1", "accepted", "met", 100.0, 100.0, prompt="a cat")


def test_the_prompt_is_told_only_where_it_was_asked_for() -> None:
    assert "prompt" not in document(NOTICE, "n", "now")
    assert document(NOTICE, "n", "now", prompts=True)["prompt"] == "a cat"


def test_the_document_names_its_form_its_delivery_and_the_run() -> None:
    said = document(NOTICE, "n", "now")
    assert (said["schema"], said["id"], said["at"]) == (SCHEMA, "n", "now")
    assert (said["event"], said["project"], said["run"]) == ("done", "demo", "r1")
    assert (said["score"], said["score_of"]) == (100.0, 100.0)


def test_without_a_score_no_scale_is_told() -> None:
    failed = Notice("failed", "iterate", "demo", None, "x", "y" * 900, scale=100.0)
    said = document(failed, "n", "now")
    assert (said["score"], said["score_of"]) == (None, None)
    assert len(str(said["reason"])) == LONGEST_REASON


def test_a_receiver_can_prove_sender_time_and_bytes() -> None:
    body = body_of({"a": "é"})
    assert body == '{"a":"é"}'.encode()
    proof = hmac.new(b"secret", b"17." + body, hashlib.sha256).hexdigest()
    assert signature("secret", 17, body) == f"v1={proof}"
    assert signature("secret", 18, body) != signature("secret", 17, body)
    assert signature("other", 17, body) != signature("secret", 17, body)


def test_the_standing_token_follows_from_the_secret_and_does_not_hold_it() -> None:
    assert standing_token("secret") == standing_token("secret") != standing_token("other")
    assert "secret" not in standing_token("secret")
