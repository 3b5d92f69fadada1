"""What is told when a run is over, whoever carries it out: here without Prefect."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom.core.errors import Interrupted
from darkroom.core.notices import Notice
from tasks import notify
from tests.fakes.webhook_receiver import Receiver, webhook_receiver
from tests.runs.run_scenes import Lab, connect

TOLD = "notify: {allow_private: true, include_prompts: true, timeout_s: 60}\n"


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    (tmp_path / "darkroom.yaml").write_text(TOLD)
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setattr(notify, "notify", notify.notify.fn)
    with webhook_receiver() as made:
        monkeypatch.setenv("DARKROOM_NOTIFY_URL", made.url)
        yield made


def test_without_prefect_it_is_told_as_well(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = connect(Lab(tmp_path), monkeypatch)
    made.write()
    assert made.run().status == "accepted"
    assert receiver.said[0]["link"] is None
    assert "hat" in receiver.said[0]["prompt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Interrupted("interrupted", "stopped")])
def test_what_a_person_stopped_is_not_told(receiver: Receiver, error: BaseException) -> None:
    with pytest.raises(type(error)), notify.Notified("iterate", "demo"):
        raise error
    assert receiver.bodies == []


def test_an_error_nobody_foresaw_is_told_without_its_text(receiver: Receiver) -> None:
    with pytest.raises(ZeroDivisionError), notify.Notified("iterate", "demo"):
        raise ZeroDivisionError("a secret, who knows")
    assert receiver.said[0]["status"] == "ZeroDivisionError"
    assert "who knows" not in str(receiver.said)


def test_without_an_address_nobody_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    monkeypatch.setattr(notify, "notify", lambda _: pytest.fail("told"))
    with notify.Notified("iterate", "demo") as told:
        told.notice = Notice("done", "iterate", "demo", "r", "accepted", "")
