"""Recorded conversations with ComfyUI 0.33.0, held again with the engine."""

from typing import Any

import pytest

from tests.fakes.engine_graphs import picture
from tests.fakes.engine_model import recorded
from tests.fakes.live_engine import LiveEngine, Message
from tests.fakes.shapes import differences

SUBMISSIONS = recorded("submissions")
IMG2IMG = recorded("img2img")


def _compact(message: Message) -> Message:
    if message["type"] != "progress_state":
        return message
    nodes = message["data"]["nodes"].values()
    rows = [[n["node_id"], n["value"], n["max"], n["state"]] for n in nodes]
    return {"type": "progress_state", "nodes": rows}


def _named(message: Message) -> Message:
    """A message without what differs between any two runs."""
    if message["type"] in {"progress_state", "status"}:
        return message
    data = {k: v for k, v in message["data"].items() if k not in {"prompt_id", "timestamp"}}
    return {"type": message["type"], "data": data}


def _prime(engine: LiveEngine) -> None:
    """Bring the cache where it was when the transcript begins: model and texts are there."""
    graph = IMG2IMG["request"]["prompt"] | {
        "4": {"class_type": "LoadImage", "inputs": {"image": "in128.png"}}
    }
    graph["7"] = {"class_type": "PreviewImage", "inputs": {"images": ["6", 0]}}
    engine.run(graph)


def test_an_img2img_job_says_the_same_things_in_the_same_order(engine: LiveEngine) -> None:
    _prime(engine)
    request = IMG2IMG["request"]
    engine.client_id = request["client_id"]
    prompt_id, heard = engine.run(
        request["prompt"], prompt_id=request["prompt_id"], extra_data=request["extra_data"]
    )
    assert prompt_id == request["prompt_id"]
    said = [_named(_compact(m)) for m in heard]
    # the recorder's first message is the greeting, which `run` has read already
    assert said == [_named(m) for m in IMG2IMG["messages"][1:]]
    progress = next(m for m in heard if m["type"] == "progress_state")
    assert differences(progress, IMG2IMG["progress_state"]) == []
    for message, before in zip(heard, IMG2IMG["messages"][1:], strict=True):
        if before["type"] != "progress_state":
            assert differences(message, before) == []


def test_the_history_and_the_job_of_an_img2img_have_the_recorded_structure(
    engine: LiveEngine,
) -> None:
    request = IMG2IMG["request"]
    engine.run(request["prompt"], **_fields(request))
    history = engine.get(f"/history/{request['prompt_id']}").json()
    assert differences(history, IMG2IMG["history"]) == []
    job = engine.get(f"/api/jobs/{request['prompt_id']}").json()
    assert differences(job, IMG2IMG["job"]) == []
    assert (job["status"], job["workflow_id"]) == ("completed", IMG2IMG["job"]["workflow_id"])


def _fields(request: dict[str, Any]) -> dict[str, Any]:
    return {name: request[name] for name in ("prompt_id", "client_id", "extra_data")}


def test_the_same_graph_again_runs_nothing_and_names_the_old_file(engine: LiveEngine) -> None:
    engine.run(IMG2IMG["request"]["prompt"])
    _, heard = engine.run(IMG2IMG["request"]["prompt"])
    assert [_named(_compact(m)) for m in heard] == [_named(m) for m in IMG2IMG["cached_messages"]]


def test_another_seed_and_step_count_runs_only_what_depends_on_them(engine: LiveEngine) -> None:
    graph = IMG2IMG["request"]["prompt"]
    engine.run(graph)
    sampler = graph["3"]["inputs"] | {"seed": 102, "steps": 2}
    _, heard = engine.run(graph | {"3": {"class_type": "KSampler", "inputs": sampler}})
    assert [_named(_compact(m)) for m in heard] == [_named(m) for m in IMG2IMG["partial_messages"]]


def test_a_submission_waits_in_the_queue_with_five_fields(engine: LiveEngine) -> None:
    engine.model.hold()
    request = IMG2IMG["request"]
    ears = engine.ears(engine.client_id)
    engine.submit(request["prompt"])
    ears.until("progress")  # it waits no more
    answer = engine.submit(request["prompt"], **_fields(request))
    assert differences(answer.json(), IMG2IMG["response"]["body"]) == []
    waiting = engine.get("/queue").json()["queue_pending"][0]
    assert waiting[2] == request["prompt"]
    assert differences(waiting[:2] + waiting[3:], IMG2IMG["pending"]) == []
    job = engine.get(f"/api/jobs/{request['prompt_id']}").json()
    assert differences(job, IMG2IMG["job_pending"]) == []
    assert job["status"] == "pending"


REFUSED = [n for n, case in SUBMISSIONS.items() if case["response"]["status"] == 400]
TROUBLE = [n for n, case in SUBMISSIONS.items() if case["response"]["status"] == 500]
TAKEN = [n for n, case in SUBMISSIONS.items() if case["response"]["status"] == 200]


def _plain(value: Any) -> Any:
    """An error body without words of Python's own and without help texts."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if k not in {"tooltip", "traceback"}}
    return [_plain(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", [n for n in REFUSED if "request" in SUBMISSIONS[n]])
def test_a_bad_submission_gets_the_recorded_body(shared: LiveEngine, name: str) -> None:
    case = SUBMISSIONS[name]
    request = {"client_id": shared.client_id} | case["request"]
    answer = shared.post("/prompt", json=request)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == case["response"]["content_type"]
    assert _plain(answer.json()) == _plain(case["response"]["body"])


def test_a_submission_without_a_prompt_gets_the_recorded_body(shared: LiveEngine) -> None:
    answer = shared.post("/prompt", json={"client_id": "x"})
    assert answer.status_code == 400
    assert answer.json() == SUBMISSIONS["no_prompt_key"]["response"]["body"]


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("invalid_json_body", b"{"),
        ("graph_is_list", b'{"prompt": [1, 2]}'),
        ("ui_format_workflow_instead_of_api", b'{"prompt": {"nodes": [], "links": []}}'),
    ],
)
def test_what_makes_comfyui_stumble_is_answered_the_same(
    shared: LiveEngine, name: str, sent: bytes
) -> None:
    answer = shared.post("/prompt", data=sent)
    assert name in TROUBLE
    assert answer.status_code == 500
    assert answer.text == SUBMISSIONS[name]["response"]["body"]
    assert answer.headers["content-type"] == SUBMISSIONS[name]["response"]["content_type"]


@pytest.mark.parametrize("name", TAKEN)
def test_an_odd_but_valid_submission_ends_as_recorded(engine: LiveEngine, name: str) -> None:
    case = SUBMISSIONS[name]
    engine.model.release()
    if name in {"int_as_numeric_string_is_coerced", "unknown_extra_input_is_ignored"}:
        engine.run(IMG2IMG["request"]["prompt"])
    prompt_id, heard = engine.run(case["request"]["prompt"])
    assert [m["type"] for m in heard] == case["messages"]
    entry = engine.get(f"/history/{prompt_id}").json()[prompt_id]
    assert entry["status"]["status_str"] == case["status"]
    assert [m[0] for m in entry["status"]["messages"]] == case["history_messages"]
    if "execution_error" in case:
        error = dict(entry["status"]["messages"])["execution_error"]
        assert error.keys() == case["execution_error"].keys()


def test_two_outputs_of_which_one_is_invalid_are_half_accepted(shared: LiveEngine) -> None:
    case = SUBMISSIONS["two_outputs_one_invalid_returns_200"]
    answer = shared.submit(case["request"]["prompt"])
    assert answer.status_code == 200
    assert answer.json()["node_errors"] == case["response"]["body"]["node_errors"]


def test_a_corrupt_input_ends_in_the_recorded_error(engine: LiveEngine) -> None:
    case = recorded("execution_errors")["corrupt_png"]
    garbage = picture()[:8] + b"garbage" * 40
    (engine.engine.folders.root / "input" / "corrupt.png").write_bytes(garbage)
    prompt_id, heard = engine.run(case["graph"])
    assert [_compact(m)["type"] for m in heard] == [m["type"] for m in case["messages"]][1:]
    progress = [_compact(m) for m in heard if m["type"] == "progress_state"]
    assert progress == [m for m in case["messages"] if m["type"] == "progress_state"]
    entry = engine.get(f"/history/{prompt_id}").json()[prompt_id]
    assert differences(entry["status"], case["history_status"]) == []
    job = engine.get(f"/api/jobs/{prompt_id}").json()
    del job["workflow"]
    assert differences(job, case["job"]) == []
    assert job["status"] == "failed"


def test_what_cannot_be_allocated_ends_in_an_error(engine: LiveEngine) -> None:
    case = recorded("execution_errors")["allocation_failure"]
    _, heard = engine.run(case["request"])
    assert [m["type"] for m in heard] == case["messages"]
