"""A run tells that it is over: signed, masked, only what was asked for, and it fails nothing."""

from pathlib import Path

import pytest

from darkroom.adapters.notifying import send
from darkroom.adapters.settings import Lab, open_lab
from darkroom.core.notices import Notice, signature
from tests.fakes.webhook_receiver import webhook_receiver

NOTICE = Notice("done", "iterate", "demo", "r", "accepted", "met; sk-key-in-text", prompt="a cat")


def lab(
    home: Path, url: str, told: str = "{allow_private: true, timeout_s: 60}", **more: str
) -> Lab:
    (home / "darkroom.yaml").write_text(f"notify: {told}\n")
    return open_lab(environ={"DARKROOM_NOTIFY_URL": url, **more}, cwd=home)


def test_a_notice_is_signed_and_holds_no_secret(tmp_path: Path) -> None:
    with webhook_receiver() as receiver:
        secrets = {"DARKROOM_NOTIFY_SECRET": "shared-secret", "OPENAI_API_KEY": "sk-key-in-text"}
        assert send(lab(tmp_path, receiver.url, **secrets), NOTICE) is None
    (headers,), (body,), (said,) = receiver.headers, receiver.bodies, receiver.said
    at = int(headers["X-Darkroom-Timestamp"])
    assert headers["X-Darkroom-Signature"] == signature("shared-secret", at, body)
    assert headers["X-Darkroom-Delivery"] == said["id"]
    assert said["reason"] == "met; ***"
    assert "prompt" not in said


def test_prompts_are_told_on_request_and_without_a_secret_nothing_is_signed(tmp_path: Path) -> None:
    with webhook_receiver() as receiver:
        told = "{allow_private: true, timeout_s: 60, include_prompts: true}"
        assert send(lab(tmp_path, receiver.url, told), NOTICE) is None
    assert receiver.said[0]["prompt"] == "a cat"
    assert "X-Darkroom-Signature" not in receiver.headers[0]


@pytest.mark.parametrize(
    ("address", "told"), [("", "{}"), ("http://127.0.0.1:9/", "{events: [failed]}")]
)
def test_nobody_is_told_what_nobody_asked_for(tmp_path: Path, address: str, told: str) -> None:
    assert send(lab(tmp_path, address, told), NOTICE) is None


def test_a_failure_is_an_answer_with_what_to_do(tmp_path: Path) -> None:
    answer = send(lab(tmp_path, "http://127.0.0.1:9/secret-path", "{}"), NOTICE)
    assert answer is not None
    assert "allow_private" in answer
    assert "secret-path" not in answer
