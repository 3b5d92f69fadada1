"""The small parts, one by one: documents, the crash switch, flights, hosts, uploads."""

import json
import threading

import pytest

from darkroom.adapters.comfyui import ComfyClient
from darkroom.adapters.settings import open_lab
from darkroom.core.errors import ComfyUnreachable, DataError, Interrupted, UsageError
from darkroom.core.jobs import OutputFile
from darkroom.writepath.batch import draw_batch
from darkroom.writepath.crashpoints import POINTS, armed, planned
from darkroom.writepath.draw import draw
from darkroom.writepath.flight import Flight, NoHost
from darkroom.writepath.intents import MAX_BYTES, parse_intent
from darkroom.writepath.ledger import Ledger
from darkroom.writepath.opening import Hosts
from darkroom.writepath.outcomes import parse_claim, parse_outcome
from tests.fakes.fake_renderer import FakeRenderer
from tests.writepath.scenes import KEYS, Scene, a_job


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


@pytest.mark.parametrize("text", ["somewhere", "after-image:x", "after-image:-1", ""])
def test_a_name_that_is_no_crash_point_is_refused(text):
    with pytest.raises(UsageError):
        planned(text)


def test_the_nth_reach_acts_and_no_other(scene):
    reached = []
    with armed("after-image:2", lambda: reached.append(len(scene.files("*/images/*.png")))):
        for seed in (1, 2, 3):
            draw(a_job(seed), scene.desk(), scene.server)
    assert reached == [2]


def test_every_crash_point_is_reached_somewhere():
    from tests.architecture.trees import ROOT  # the tree the architecture tests walk

    sources = "".join(p.read_text() for p in (ROOT / "darkroom" / "writepath").glob("*.py"))
    assert [name for name in POINTS if f'reach("{name}")' not in sources] == []


@pytest.mark.parametrize("parse", [parse_intent, parse_outcome, parse_claim])
@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff", b"[" * 99_999, b"9" * 120_000])
def test_documents_that_are_none_are_data_errors(parse, data):
    with pytest.raises(DataError) as caught:
        parse(data, "demo/working/x")
    assert caught.value.where == "demo/working/x"
    assert len(caught.value.message) < 300


def test_an_intent_is_only_what_its_key_says(scene):
    draw(a_job(1), scene.desk(), scene.server)
    data = (scene.root / KEYS.intent(a_job(1).key, 1)).read_bytes()
    assert parse_intent(data, KEYS.intent(a_job(1).key, 1)).attempt == 1
    with pytest.raises(DataError, match="another one"):
        parse_intent(data, KEYS.intent(a_job(1).key, 2))
    with pytest.raises(DataError, match="too many"):
        parse_intent(data + b" " * MAX_BYTES, KEYS.intent(a_job(1).key, 1))
    moved = data.replace(b"iteration_001.png", b"iteration_002.png")
    with pytest.raises(DataError, match="image_key"):
        parse_intent(moved, KEYS.intent(a_job(1).key, 1))


def test_index_entries_that_lie_are_left_out(scene):
    draw(a_job(1), scene.desk(), scene.server)
    (entry,) = scene.files("jobs/*/*.json")
    ledger = Ledger(scene.desk().store)
    entry.with_name("2026-01-01_00-00-00.001.json").write_bytes(entry.read_bytes())
    entry.with_name("2026-01-02_00-00-00.001.json").write_bytes(b"{")
    assert len(ledger.claims("demo", a_job(1).key)) == 1
    (scene.root / KEYS.sidecar(1)).write_text("{")
    assert ledger.committed("demo", a_job(1).key) is None


def test_a_stop_reaches_who_waits_for_a_place_and_who_is_on_the_server(scene):
    flight = Flight(scene.server, places=1)
    ended = []

    def wait_for_a_place():
        try:
            with flight.place():
                pass
        except Interrupted:
            ended.append("waited")

    with flight.place(), flight.aboard("a"):
        thread = threading.Thread(target=wait_for_a_place)
        thread.start()
        flight.stop()
        thread.join()
    assert ended == ["waited"]
    with pytest.raises(Interrupted):
        flight.go_on()


def test_jobs_called_back_while_they_wait_in_the_queue_end_as_cancelled(scene):
    class Forgetful(FakeRenderer):
        def cancel(self, prompt_id):
            with self._alone():  # else a question under way would write the job back
                (self.folder / "jobs" / prompt_id).unlink(missing_ok=True)
            return True

    server = Forgetful(scene.folder / "server")
    server.script(held=True)

    first = iter([True])

    def press(_progress):
        if len(server.submissions) == 2 and next(first, False):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        draw_batch(map(a_job, (1, 2, 3)), scene.desk(), server, on_progress=press)
    # the one beside it was on the server; the third may just have been promised
    ends = [json.loads(path.read_text())["ended"]["result"] for path in scene.files("*/outcomes/*")]
    assert ends in (["cancelled"], ["cancelled", "cancelled"])


def test_a_host_nobody_configured_refuses_everything():
    host = NoHost("studio")
    output = OutputFile("9", "a.png", "", "output")
    calls = [
        lambda: host.receipt(),
        lambda: host.submit({}, "x"),
        lambda: host.state("x"),
        lambda: host.wait("x"),
        lambda: host.fetch(output),
        lambda: host.upload(b"", "x"),
        lambda: host.cancel("x"),
    ]
    for call in calls:
        with pytest.raises(ComfyUnreachable, match="studio"):
            call()


def test_the_hosts_of_the_laboratory_are_opened_once_and_by_the_name_in_intents(tmp_path):
    from contextlib import ExitStack

    from darkroom.core.config.aigen import Comfy

    (tmp_path / "darkroom.yaml").write_text("hosts:\n  studio:\n    url: http://127.0.0.1:9\n")
    lab = open_lab(environ={"DARKROOM_HOME": str(tmp_path)}, cwd=tmp_path)
    with ExitStack() as stack:
        hosts = Hosts(lab, (Comfy(host="box", port=9000), Comfy(host="box")), stack)
        assert sorted(hosts) == ["box", "box-9000", "embedded", "studio"]
        assert len(hosts) == 4
        assert hosts["studio"] is hosts["studio"]
        assert isinstance(hosts["box-9000"], ComfyClient)
        assert hosts["box-9000"].name == "box-9000"
        assert hosts.get("other") is None
