import hashlib
import json

import pytest

from darkroom.adapters.stores import FolderStore
from darkroom.core.errors import ComfyUnreachable, DataError, SidecarDamaged, UsageError
from darkroom.core.keys import RunKeys
from darkroom.core.sidecar import parse
from darkroom.writepath.desk import Committed, Desk, Ended
from darkroom.writepath.draw import draw
from darkroom.writepath.locks import Locks
from darkroom.writepath.turns import Pace
from tests.fakes.fake_renderer import FakeRenderer
from tests.writepath.invariants import violations
from tests.writepath.scenes import KEYS, Scene, a_job

LATER = RunKeys("demo", "2026-01-10_08-00-00")


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def outcome(scene, number=0):
    return json.loads(scene.files("*/outcomes/*.json")[number].read_text())["ended"]


def test_a_drawn_image_is_committed_by_its_sidecar(scene):
    drawn = draw(a_job(), scene.desk(), scene.server)
    assert isinstance(drawn, Committed)
    assert drawn.fresh
    sidecar = parse((scene.root / KEYS.sidecar(1)).read_bytes(), key=KEYS.sidecar(1))
    assert (sidecar.identity.sha256, sidecar.identity.width) == (drawn.sha256, 5)
    assert sidecar.parameters.seed == 1
    assert sidecar.engine.kind == "fake"
    assert sidecar.cost.gpu_seconds == 0.25
    assert violations(scene.root) == []


def test_the_graph_in_intent_and_sidecar_is_the_one_submitted(scene):
    drawn = draw(a_job(), scene.desk(), scene.server)
    submitted = json.loads((scene.server.folder / "jobs" / drawn.prompt_id).read_text())["graph"]
    intent = json.loads(scene.files("*/intents/*.json")[0].read_text())
    sidecar = json.loads((scene.root / KEYS.sidecar(1)).read_text())
    assert submitted == intent["graph"] == sidecar["workflow"]["graph"]
    assert submitted["9"]["inputs"]["filename_prefix"] != "x"


def test_the_intent_is_durable_before_the_server_hears_of_the_job(scene):
    class Watching(FakeRenderer):
        def submit(self, graph, prompt_id):
            found = [json.loads(path.read_text()) for path in scene.files("*/intents/*.json")]
            assert [intent["prompt_id"] for intent in found] == [prompt_id]
            super().submit(graph, prompt_id)

    draw(a_job(), scene.desk(), Watching(scene.server.folder))
    assert len(scene.server.submissions) == 1


def test_a_job_the_store_has_costs_no_submission_even_in_another_run(scene):
    first = draw(a_job(), scene.desk(), scene.server)
    again = draw(a_job(keys=LATER), scene.desk(), scene.server)
    assert again == Committed(first.job_key, first.image_key, first.sha256, first.prompt_id, False)
    assert len(scene.server.submissions) == 1


def test_where_the_server_saves_is_no_part_of_the_job_key(scene):
    job, other = a_job(), a_job()
    other.graph["9"]["inputs"]["filename_prefix"] = "elsewhere"
    assert job.key == other.key != a_job(2).key


@pytest.mark.parametrize("cause", ["error", "out_of_memory", "stalled"])
def test_a_failure_of_the_server_is_recorded_with_its_cause(scene, cause):
    scene.server.script(result=cause)
    drawn = draw(a_job(), scene.desk(), scene.server)
    assert isinstance(drawn, Ended)
    assert (drawn.cause, drawn.node) == (cause, "3")
    assert outcome(scene)["cause"] == cause
    assert violations(scene.root) == []


def test_a_graph_the_server_refuses_is_recorded_as_rejected(scene):
    scene.server.script(rejects="no such model")
    assert draw(a_job(), scene.desk(), scene.server).cause == "rejected"
    assert outcome(scene)["message"] == "no such model"


def test_a_failed_job_is_drawn_again_when_asked_for_again(scene):
    scene.server.script(result="error")
    draw(a_job(), scene.desk(), scene.server)
    scene.server.script(result="done")
    assert draw(a_job(), scene.desk(), scene.server).fresh
    assert [path.name[-6:] for path in scene.files("*/intents/*")] == ["1.json", "2.json"]


def test_a_graph_that_saves_nothing_ends_as_bad_output(scene):
    scene.server.script(result="nothing")
    assert draw(a_job(), scene.desk(), scene.server).cause == "bad_output"


@pytest.mark.parametrize(("bad", "ends_well"), [(2, True), (3, False)])
def test_a_page_in_place_of_an_image_is_fetched_three_times(scene, bad, ends_well):
    scene.server.script(bad_fetches=bad)
    drawn = draw(a_job(), scene.desk(), scene.server)
    assert isinstance(drawn, Committed) is ends_well
    assert violations(scene.root) == []


@pytest.mark.parametrize(
    ("lost", "submitted", "ends_well"), [(1, 2, True), (2, 3, True), (3, 3, False)]
)
def test_a_lost_job_is_submitted_twice_more_and_no_more(scene, lost, submitted, ends_well):
    scene.server.script(forgets_at=list(range(1, lost + 1)))
    drawn = draw(a_job(), scene.desk(), scene.server)
    assert isinstance(drawn, Committed) is ends_well
    assert len(scene.server.submissions) == submitted
    assert len(set(scene.server.submissions)) == submitted
    assert ends_well or drawn.cause == "lost"
    assert violations(scene.root) == []


def test_losses_of_an_earlier_try_do_not_count_against_a_new_one(scene):
    scene.server.script(forgets_at=[1, 2, 3, 4])
    assert draw(a_job(), scene.desk(), scene.server).cause == "lost"
    assert draw(a_job(), scene.desk(), scene.server).fresh


def test_a_server_that_is_down_costs_no_promise(scene):
    scene.server.script(down=True)
    with pytest.raises(ComfyUnreachable):
        draw(a_job(), scene.desk(), scene.server)
    assert scene.files("*/intents/*") == []


def test_a_job_that_waits_in_another_run_is_picked_up_there(scene):
    class Dying(FakeRenderer):
        def wait(self, prompt_id, on_progress=None):
            raise ComfyUnreachable("usage", "gone")

    with pytest.raises(ComfyUnreachable):
        draw(a_job(), scene.desk(), Dying(scene.server.folder))
    drawn = draw(a_job(keys=LATER), scene.desk(), scene.server)
    assert drawn.image_key == KEYS.image(1)
    assert len(scene.server.submissions) == 1


def test_a_promise_to_another_host_does_not_hold_up_this_one(scene):
    class Dying(FakeRenderer):
        def wait(self, prompt_id, on_progress=None):
            raise ComfyUnreachable("usage", "gone")

    with pytest.raises(ComfyUnreachable):
        draw(a_job(), scene.desk(), Dying(scene.server.folder, "other"))
    assert draw(a_job(keys=LATER), scene.desk(), scene.server).image_key == LATER.image(1)


def test_what_lies_where_the_image_belongs_is_never_overwritten(scene):
    draw(a_job(1), scene.desk(), scene.server)
    before = (scene.root / KEYS.image(1)).read_bytes()
    with pytest.raises(UsageError, match="nothing is overwritten"):
        draw(a_job(2, iteration=1), scene.desk(), scene.server)
    assert (scene.root / KEYS.image(1)).read_bytes() == before
    assert len(scene.server.submissions) == 1


def test_an_image_committed_meanwhile_by_another_job_stays(scene):
    class Slow(FakeRenderer):
        def fetch(self, output):
            elsewhere = Desk(FolderStore(scene.root), Locks(scene.folder / "other machine"))
            draw(a_job(2, iteration=1), elsewhere, scene.server)
            return super().fetch(output)

    drawn = draw(a_job(1), scene.desk(), Slow(scene.server.folder))
    assert drawn.cause == "error"
    assert parse((scene.root / KEYS.sidecar(1)).read_bytes()).parameters.seed == 2


def test_a_job_committed_meanwhile_by_a_machine_that_took_us_for_dead_counts_once(scene):
    class Slow(FakeRenderer):
        def fetch(self, output):
            elsewhere = scene.desk("there", pace=Pace(expires_s=-1.0))
            draw(a_job(1), elsewhere, scene.server)
            return super().fetch(output)

    drawn = draw(a_job(1), scene.desk(), Slow(scene.server.folder))
    assert isinstance(drawn, Committed)
    assert not drawn.fresh
    assert violations(scene.root) == []


def test_a_lost_image_is_put_back_when_the_server_still_has_it(scene):
    drawn = draw(a_job(), scene.desk(), scene.server)
    (scene.root / KEYS.image(1)).unlink()
    again = draw(a_job(), scene.desk(), scene.server)
    assert again.sha256 == drawn.sha256
    assert len(scene.server.submissions) == 1
    assert violations(scene.root) == []


def test_a_damaged_sidecar_is_reported_and_left_as_it_is(scene):
    draw(a_job(), scene.desk(), scene.server)
    (scene.root / KEYS.sidecar(1)).write_text("{")
    with pytest.raises(SidecarDamaged):
        draw(a_job(), scene.desk(), scene.server)
    assert (scene.root / KEYS.sidecar(1)).read_text() == "{"


def test_a_damaged_intent_stops_its_run_but_no_other(scene):
    scene.server.script(result="error")
    draw(a_job(), scene.desk(), scene.server)
    scene.files("*/intents/*")[0].write_text("[]")
    scene.server.script(result="done")
    with pytest.raises(DataError):
        draw(a_job(), scene.desk(), scene.server)
    assert draw(a_job(keys=LATER), scene.desk(), scene.server).fresh


def test_a_secret_in_the_graph_is_refused_before_anything_is_written(scene):
    desk = scene.desk(redact=lambda text: text.replace("red circle", "***"))
    with pytest.raises(UsageError, match="secret"):
        draw(a_job(), desk, scene.server)
    assert scene.files("**/*.json") == []


def test_a_secret_in_a_server_message_is_not_recorded(scene):
    scene.server.script(rejects="bad key canary-1 given")
    desk = scene.desk(redact=lambda text: text.replace("canary-1", "***"))
    draw(a_job(), desk, scene.server)
    assert violations(scene.root, "canary-1") == []
    assert outcome(scene)["message"] == "bad key *** given"


def test_a_description_no_sidecar_can_hold_is_refused_before_any_gpu_time(scene):
    job = a_job()
    job.describes["no such part"] = 1
    with pytest.raises(SidecarDamaged):
        draw(job, scene.desk(), scene.server)
    assert scene.server.submissions == []


def test_input_images_are_kept_and_sent_and_renamed_as_the_server_says(scene):
    data = b"an input"
    name = hashlib.sha256(data).hexdigest() + ".png"
    job = a_job(inputs={name: data})
    job.graph["3"]["inputs"]["image"] = name
    drawn = draw(job, scene.desk(), scene.server)
    submitted = json.loads((scene.server.folder / "jobs" / drawn.prompt_id).read_text())["graph"]
    assert submitted["3"]["inputs"]["image"] == f"sent-{name}"
    assert scene.files("inputs/*")[0].read_bytes() == data
