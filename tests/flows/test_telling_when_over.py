"""A run tells a real receiver that it is over, once, under a Prefect server."""

from collections.abc import Iterator

import pytest
from prefect.client.orchestration import get_client

from darkroom.core.config.forms import Connections
from darkroom.core.errors import DarkroomError
from darkroom.runs.telling import heard_by
from flows.iterate import iterate
from tests.fakes.webhook_receiver import Receiver, webhook_receiver
from tests.runs.run_scenes import Lab

SECRET = "canary-signing-secret"


@pytest.fixture
def receiver(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    (lab.home / "darkroom.yaml").write_text(
        "notify: {allow_private: true, retries: 0, timeout_s: 60}\n"
    )
    monkeypatch.setenv("DARKROOM_HOME", str(lab.home))
    with webhook_receiver() as made:
        monkeypatch.setenv("DARKROOM_NOTIFY_URL", f"{made.url}?key=canary-in-url")
        monkeypatch.setenv("DARKROOM_NOTIFY_SECRET", SECRET)
        yield made


def test_a_run_that_is_done_is_told_once_with_its_best_image(lab: Lab, receiver: Receiver) -> None:
    report = iterate("demo")
    (said,) = receiver.said
    assert (said["event"], said["status"], said["run"]) == ("done", "accepted", report.run_id)
    assert (said["score"], said["image"], said["images"]) == (100.0, report.image_key, 3)
    assert "X-Darkroom-Signature" in receiver.headers[0]
    assert "prompt" not in said
    with get_client(sync_client=True) as client:
        told = [log.message for log in client.read_logs()]
    written = [path.read_bytes() for path in lab.home.rglob("*") if path.is_file()]
    for canary in (SECRET, "canary-in-url"):
        assert all(canary not in text for text in told)
        assert all(canary.encode() not in data for data in written)


@pytest.mark.parametrize(
    ("project", "connections", "status"),
    [
        ("nothere", Connections(), "project-unknown"),
        # not even begun: of a schedule nobody would hear that its block was renamed
        ("demo", Connections(store="renamed"), "block-missing"),
    ],
)
def test_a_run_that_fails_is_told_and_fails_as_it_would(
    receiver: Receiver, project: str, connections: Connections, status: str
) -> None:
    with pytest.raises(DarkroomError):
        iterate(project, connections=connections)
    (said,) = receiver.said
    assert (said["event"], said["status"], said["project"]) == ("failed", status, project)


def test_a_receiver_in_trouble_fails_no_run_and_is_told_of(lab: Lab, receiver: Receiver) -> None:
    receiver.statuses = [500]
    heard: list[object] = []
    with heard_by(heard.append):
        report = iterate("demo")
    assert report.status == "accepted"
    assert any("nobody could be told" in str(event) for event in heard)
    assert all("canary" not in str(event) for event in heard)
