"""Stopping, ordering and forgetting: /interrupt, /queue, /history, /free, /api/jobs."""

import uuid
from pathlib import Path

import pytest

from tests.fakes.engine_graphs import drawing, plain
from tests.fakes.engine_model import recorded
from tests.fakes.live_engine import LiveEngine, live_engine
from tests.fakes.shapes import differences
from tests.fakes.until import until

INTERRUPT = recorded("interrupt")
QUEUE = recorded("queue")


def _running(engine: LiveEngine, **sampler: object) -> str:
    """Start a job and wait until it samples: an endless one, or one that waits for release."""
    if sampler:
        engine.model.hold()
    else:
        engine.model.step_s = 0.005
        sampler = {"steps": 10_000}
    ears = engine.ears(engine.client_id)
    prompt_id = engine.submit(drawing(**sampler)).json()["prompt_id"]
    ears.until("progress")
    return prompt_id


def test_a_named_interrupt_stops_that_job_between_two_steps(engine: LiveEngine) -> None:
    prompt_id = _running(engine)
    answer = engine.post("/interrupt", json={"prompt_id": prompt_id})
    assert (answer.status_code, answer.content) == (200, b"")
    heard = engine.sockets[-1].until_done()
    stopped = next(m for m in heard if m["type"] == "execution_interrupted")
    assert differences(stopped, INTERRUPT["interrupted"]) == []
    entry = engine.history(prompt_id)
    del entry["prompt"]
    assert differences(entry, INTERRUPT["history"]) == []
    assert entry["status"]["completed"] is False
    job = engine.get(f"/api/jobs/{prompt_id}").json()
    del job["workflow"]
    assert differences(job, INTERRUPT["job"]) == []
    assert job["status"] == "cancelled"


def test_interrupting_another_or_a_waiting_job_changes_nothing(engine: LiveEngine) -> None:
    running = _running(engine, steps=3)
    waiting = engine.submit(plain()).json()["prompt_id"]
    for prompt_id in (str(uuid.uuid4()), waiting):
        assert engine.post("/interrupt", json={"prompt_id": prompt_id}).status_code == 200
    engine.model.release()
    assert engine.history(running)["status"]["status_str"] == "success"
    assert engine.history(waiting)["status"]["status_str"] == "success"


def test_an_interrupt_without_a_name_stops_whoever_runs(engine: LiveEngine) -> None:
    prompt_id = _running(engine)
    engine.post("/interrupt")
    assert engine.history(prompt_id)["status"]["status_str"] == "error"


def test_an_interrupt_while_idle_does_not_hit_the_next_job(engine: LiveEngine) -> None:
    assert engine.post("/interrupt").status_code == 200
    prompt_id, _ = engine.run(plain())
    assert engine.history(prompt_id)["status"]["status_str"] == "success"


def test_a_job_with_the_same_id_is_not_stopped_by_an_old_interrupt(engine: LiveEngine) -> None:
    prompt_id = _running(engine)
    engine.post("/interrupt", json={"prompt_id": prompt_id})
    engine.sockets[-1].until_done(prompt_id)  # else its end is heard as that of the next one
    engine.run(plain(), prompt_id=prompt_id)
    assert engine.history(prompt_id)["status"]["status_str"] == "success"


def test_cancelling_a_job_works_wherever_it_is(engine: LiveEngine) -> None:
    running = _running(engine)
    waiting = engine.submit(plain()).json()["prompt_id"]
    for prompt_id in (waiting, running):
        answer = engine.post(f"/api/jobs/{prompt_id}/cancel")
        assert answer.json() == INTERRUPT["cancel_running"]["body"]
    engine.history(running)
    again = engine.post(f"/api/jobs/{running}/cancel")
    assert again.json() == INTERRUPT["cancel_finished"]["body"]
    gone = engine.get(f"/api/jobs/{waiting}")
    assert (gone.status_code, gone.json()) == (404, INTERRUPT["job_deleted"]["body"])


def test_a_job_that_begins_while_it_is_cancelled_is_stopped(
    engine: LiveEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _running(engine, steps=1)
    engine.model.step_s = 0.005
    waiting = engine.submit(drawing(steps=10_000)).json()["prompt_id"]
    queue = engine.engine.queue
    delete = queue.delete

    def too_late(prompt_id: str) -> bool:
        engine.model.release()
        until(lambda: (now := queue.running()) and now.prompt_id == prompt_id)
        return delete(prompt_id)

    monkeypatch.setattr(queue, "delete", too_late)
    assert engine.post(f"/api/jobs/{waiting}/cancel").json() == {"cancelled": True}
    assert engine.history(waiting)["status"]["status_str"] == "error"


def test_a_deleted_waiting_job_leaves_no_trace(engine: LiveEngine) -> None:
    running = _running(engine, steps=2)
    waiting = engine.submit(plain()).json()["prompt_id"]
    engine.post("/queue", json={"delete": [waiting, str(uuid.uuid4()), running]})
    engine.model.release()
    assert engine.history(running)["status"]["status_str"] == "success"
    assert engine.get(f"/history/{waiting}").json() == {}


def test_jobs_run_by_number_and_front_jobs_first(engine: LiveEngine) -> None:
    _running(engine, steps=2)
    asked = [{}, {}, {"front": True}, {"number": 0.5}, {"number": 0.5}]
    answers = [engine.submit(plain(n), **fields).json() for n, fields in enumerate(asked, 1)]
    assert [a["number"] for a in answers] == [1, 2, -3, 0.5, 0.5]
    listed = [row[0] for row in engine.get("/queue").json()["queue_pending"]]
    # the recorded order is that of a heap: numbers a, b, front, 5.5, 5.5 give this shape
    shape = {-71: -3, 5.5: 0.5, 69: 1, 70: 2}
    assert listed == [shape[number] for number in QUEUE["pending_order"]]
    jobs = engine.get("/api/jobs?status=pending&limit=3").json()
    assert differences(jobs, QUEUE["jobs_pending"]) == []
    engine.model.release()
    ids = [a["prompt_id"] for a in answers]
    for prompt_id in ids:
        engine.history(prompt_id)
    ran = list(engine.get("/history").json())[1:]
    assert ran == [ids[2], ids[3], ids[4], ids[0], ids[1]]


def test_clearing_the_queue_keeps_what_runs(engine: LiveEngine) -> None:
    running = _running(engine, steps=2)
    for colour in range(3):
        engine.submit(plain(colour))
    assert engine.post("/queue", json={"clear": True}).status_code == QUEUE["clear_status"]
    state = engine.get("/queue").json()
    assert [len(state["queue_running"]), len(state["queue_pending"])] == [1, 0]
    assert engine.get(f"/api/jobs/{running}").json()["status"] == "in_progress"
    assert engine.get("/prompt").json() == {"exec_info": {"queue_remaining": 1}}


def test_the_same_id_and_number_twice_is_taken_twice(engine: LiveEngine) -> None:
    """ComfyUI answers 500 to the second one although it queues it."""
    _running(engine, steps=2)
    prompt_id = str(uuid.uuid4())
    for colour in (1, 2):
        assert engine.submit(plain(colour), prompt_id=prompt_id, number=7).status_code == 200
    engine.post("/queue", json={"delete": [prompt_id]})
    assert [row[1] for row in engine.get("/queue").json()["queue_pending"]] == [prompt_id]


def test_the_history_can_be_paged_and_forgotten(engine: LiveEngine) -> None:
    ids = [engine.run(plain(colour))[0] for colour in range(4)]
    assert list(engine.get("/history?max_items=2").json()) == ids[2:]
    assert list(engine.get("/history?max_items=2&offset=0").json()) == ids[:2]
    assert engine.get("/history?max_items=x").status_code == 500
    engine.post("/history", json={"delete": [ids[0], "unknown"]})
    assert engine.get(f"/history/{ids[0]}").json() == {}
    assert list(engine.get("/api/history").json()) == ids[1:]
    engine.post("/history", json={"clear": True})
    assert engine.get("/history").json() == {}


def test_jobs_are_listed_newest_first_in_pages(engine: LiveEngine) -> None:
    ids = [engine.run(plain(colour))[0] for colour in range(3)]
    page = engine.get("/api/jobs?limit=2&offset=1&sort_order=asc").json()
    assert [job["id"] for job in page["jobs"]] == ids[1:]
    assert page["pagination"] == {"offset": 1, "limit": 2, "total": 3, "has_more": False}
    first = engine.get("/api/jobs").json()["jobs"][0]
    assert first["id"] == ids[-1]
    assert differences(first, recorded("server_info")["/api/jobs"]["body"]["jobs"][0]) == []
    assert engine.get("/api/jobs?limit=x").status_code == 500


def test_free_empties_the_cache(engine: LiveEngine) -> None:
    engine.run(plain())
    answer = engine.post("/free", json={"unload_models": True, "free_memory": True})
    assert (answer.status_code, answer.content) == (200, b"")
    _, heard = engine.run(plain())
    assert next(m for m in heard if m["type"] == "execution_cached")["data"]["nodes"] == []


def test_free_without_a_body_is_trouble(shared: LiveEngine) -> None:
    answer = shared.post("/free")
    assert answer.status_code == QUEUE["free_no_body"]["status"]
    assert answer.text == QUEUE["free_no_body"]["body"]


def test_a_full_queue_refuses_and_says_so(tmp_path: Path) -> None:
    with live_engine(tmp_path, pending=1) as live:
        _running(live)
        assert live.submit(plain(1)).status_code == 200
        refused = live.submit(plain(2))
        assert refused.status_code == 503
        assert refused.json()["error"]["type"] == "queue_full"


def test_the_oldest_history_goes_when_there_is_too_much(tmp_path: Path) -> None:
    with live_engine(tmp_path, history=2) as live:
        ids = [live.run(plain(colour))[0] for colour in range(3)]
        assert list(live.get("/history").json()) == ids[1:]


@pytest.mark.parametrize("number", ['"x"', "null", "NaN"])
def test_a_number_that_is_none_is_trouble(shared: LiveEngine, number: str) -> None:
    sent = '{"prompt": {}, "number": ' + number + "}"
    assert shared.post("/prompt", data=sent).status_code == 500


def test_a_graph_too_large_is_refused(tmp_path: Path) -> None:
    with live_engine(tmp_path, graph_nodes=1) as live:
        assert live.submit(plain()).json()["error"]["type"] == "prompt_too_large"


def test_stopping_the_server_interrupts_what_runs(tmp_path: Path) -> None:
    with live_engine(tmp_path) as live:
        prompt_id = _running(live)
    queue = live.engine.queue
    until(lambda: queue.record(prompt_id))  # the server itself waits three seconds at most
    (record,) = queue.records()
    assert "execution_interrupted" in dict(record.outcome.messages)
