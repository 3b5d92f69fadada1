"""What real servers said (0.33.0 and 0.3.64), read by our code."""

import base64
import json
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from darkroom.adapters.comfyui import ComfyClient
from darkroom.adapters.comfyui.messages import (
    Alive,
    Announced,
    Frame,
    NodeStarted,
    QueueStatus,
    Settled,
    Stepped,
    read_binary,
    read_text,
)
from darkroom.adapters.comfyui.rejections import explain
from darkroom.adapters.comfyui.states import is_memory_fault, read_history, read_queue
from darkroom.core.jobs import Cancelled, Done, Failed, OutputFile, Pending, Progress, Running
from tests.fakes.comfy_server import ComfyServer, Fault, Job, png
from tests.fakes.fast_timing import FAST

Recorded = Callable[[str], Any]


def read(messages: list[Any]) -> list[Any]:
    return [read_text(json.dumps(message)) for message in messages]


def test_a_whole_success_replayed_through_the_client(
    connect: Callable[..., ComfyClient], comfy: ComfyServer, recorded: Recorded
) -> None:
    said = recorded("success")
    # all is heard first: else a look at the history may end the wait before a hint
    client = connect(replace(FAST, poll_s=60.0))
    prompt_id = said["prompt_id"]

    def replay(server: ComfyServer, job: Job) -> None:
        for message in said["ws"][1:]:
            if message["type"] == "executing" and message["data"]["node"] is None:
                server.history |= said["history"]
            server.sockets.send(job.client_id, message)

    comfy.work = replay
    seen: list[Progress] = []
    client.submit(said["graph"], prompt_id)
    done = client.wait(prompt_id, seen.append)
    assert isinstance(done, Done)
    assert done.outputs == (OutputFile("7", "proto_00001_.png", "", "output"),)
    assert [(p.node, p.step, p.steps) for p in seen if p.step] == [
        ("3", 1, 3),
        ("3", 2, 3),
        ("3", 3, 3),
    ]


def test_the_messages_of_a_success_in_our_words(recorded: Recorded) -> None:
    said = recorded("success")
    kinds = [type(message) for message in read(said["ws"])]
    assert kinds[0] is QueueStatus
    assert kinds[-1] is Settled
    assert kinds.index(Announced) < kinds.index(Settled)
    assert {NodeStarted, Stepped, Alive} < set(kinds)


def test_a_cached_rerun_names_the_old_file_and_says_so(recorded: Recorded) -> None:
    said = recorded("cached")
    done = read_history(said["history"], said["prompt_id"])
    assert isinstance(done, Done)
    assert done.cached
    assert done.outputs[0].filename == "proto_00001_.png"


def test_a_fresh_run_is_not_called_cached(recorded: Recorded) -> None:
    said = recorded("success")
    done = read_history(said["history"], said["prompt_id"])
    assert isinstance(done, Done)
    assert not done.cached
    assert done.seconds == pytest.approx(6.6, abs=0.5)


@pytest.mark.parametrize(
    ("case", "cause", "node"),
    [("corrupt_png", "error", "4"), ("allocation_failure", "out_of_memory", "1")],
)
def test_recorded_failures(recorded: Recorded, case: str, cause: str, node: str) -> None:
    said = recorded("execution")[case]
    failed = read_history(said["history"], said["prompt_id"])
    assert isinstance(failed, Failed)
    assert (failed.cause, failed.node) == (cause, node)


def test_a_truncated_input_succeeds_on_the_server_so_it_must_not_be_sent(
    client: ComfyClient, recorded: Recorded
) -> None:
    said = recorded("execution")["truncated_png"]
    assert isinstance(read_history(said["history"], said["prompt_id"]), Done)
    with pytest.raises(Exception, match="ends"):
        client.upload(png()[:-20], "trunc.png")


def test_an_interrupted_job_is_cancelled_though_its_status_says_error(recorded: Recorded) -> None:
    history = recorded("cancel")["interrupted"]
    assert read_history(history, next(iter(history))) == Cancelled()
    entry = {"old": {"outputs": {}, "status": recorded("older")["interrupted"]}}
    assert read_history(entry, "old") == Cancelled()


def test_a_success_of_the_older_server(recorded: Recorded) -> None:
    history = recorded("older")["history"]
    assert isinstance(read_history(history, next(iter(history))), Done)


def test_a_recorded_queue(recorded: Recorded) -> None:
    queue = recorded("cancel")["queue"]
    running, pending = queue["queue_running"], queue["queue_pending"]
    assert read_queue(queue, running[0][1]) == Running()
    assert [read_queue(queue, item[1]) for item in pending] == [
        Pending(position) for position in range(len(pending))
    ]


@pytest.mark.parametrize("case", ["finished_before_kill", "running_at_kill", "pending_at_kill"])
def test_after_a_restart_neither_history_nor_queue_knows_anything(
    recorded: Recorded, case: str
) -> None:
    said = recorded("restart")
    assert read_history(said[case]["history"], "any") is None
    assert read_queue(said["queue_after"], "any") is None


def test_after_a_reconnection_a_node_comes_without_an_id(recorded: Recorded) -> None:
    after = read(recorded("reconnect")["after"])
    assert isinstance(after[0], QueueStatus)
    assert after[1] == NodeStarted(None, "3")


def test_what_a_bystander_hears_is_of_other_jobs(recorded: Recorded) -> None:
    heard = read(recorded("reconnect")["bystander"])
    assert not any(isinstance(message, Settled) for message in heard)
    assert any(isinstance(message, Alive) for message in heard)


def test_each_of_two_clients_ends_its_own_job_only(recorded: Recorded) -> None:
    said = recorded("two_clients")
    for own, name in ((said["a"], "ws_a"), (said["b"], "ws_b")):
        ended = [m.prompt_id for m in read(said[name]) if isinstance(m, Settled)]
        assert ended == [own]


def test_recorded_previews_are_read_with_and_without_their_facts(recorded: Recorded) -> None:
    said = recorded("previews")
    flagged = [i for i in said["client_supports_preview_metadata"] if i.get("kind") == "binary"]
    facts = flagged[0]["metadata"]
    head = bytes.fromhex(flagged[0]["head_hex"])
    # the recorder's own JSON: the server's spelling, whose length it noted
    text = json.dumps(facts).encode().ljust(flagged[0]["metadata_len_u32be"])
    frame = head[:8] + text + b"\xff\xd8picture"
    assert read_binary(frame) == Frame(facts["prompt_id"], "3", b"\xff\xd8picture", "jpeg")
    legacy = [i for i in said["legacy_client_no_flags"] if i.get("kind") == "binary"]
    old = bytes.fromhex(legacy[0]["head_hex"])
    assert read_binary(old) == Frame(None, None, old[8:], "jpeg")


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x00\x00",
        struct.pack(">II", 1, 9) + b"x",
        struct.pack(">II", 1, 1),
        struct.pack(">II", 2, 1) + b"x",
        struct.pack(">II", 3, 2) + b"12text",
        struct.pack(">II", 4, 99) + b"{}",
        struct.pack(">II", 4, 2) + b"{}",
        struct.pack(">II", 4, 2) + b"{{x",
    ],
)
def test_frames_that_are_no_preview_say_nothing(frame: bytes) -> None:
    assert read_binary(frame) is None


def test_a_png_preview() -> None:
    data = base64.b64decode("iVBORw0KGgo=")
    assert read_binary(struct.pack(">II", 1, 2) + data) == Frame(None, None, data, "png")


def said_of(recorded: Recorded, case: str) -> str:
    found = recorded("validation")[case]
    return explain(found["body"], found["graph"] or {}, lambda *_: ("euler", "dpmpp_2m"))


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("unknown_checkpoint", "node 1 (CheckpointLoaderSimple), input ckpt_name: the server has"),
        ("unknown_node_class", "Node 'NoSuchNode' not found"),
        ("link_to_missing_node", "is fed by node 5, which is not in the graph"),
        ("wrong_type_string_for_int", "node 3 (KSampler), input steps: Failed to convert"),
        ("steps_below_min", "input steps: Value 0 smaller than min of 1"),
        ("seed_minus_one", "Value -1 smaller than min of 0"),
        ("seed_2_to_64", "bigger than max"),
        ("denoise_above_max", "input denoise: Value 1.5 bigger than max of 1.0"),
        ("unknown_sampler", "the server has no 'nope'"),
        (
            "missing_required_input",
            "node 9 (CLIPTextEncode), input text: Required input is missing",
        ),
        ("link_type_mismatch", "Return type mismatch between linked nodes"),
        ("link_slot_out_of_range", "node 5 (VAEEncode): a link of it leads nowhere"),
        ("load_image_missing_file", "Invalid image file: nope.png"),
        ("no_output_node", "Prompt has no outputs"),
        ("node_without_class_type", "has no class_type"),
        ("prompt_id_not_uuid", "prompt_id must be a valid UUID"),
        ("two_outputs_one_invalid_returns_200", "node 21 (LoadImage)"),
    ],
)
def test_recorded_refusals_name_node_and_input(recorded: Recorded, case: str, said: str) -> None:
    assert said in said_of(recorded, case)


def test_a_name_the_server_does_not_have_is_compared_with_those_it_has(
    recorded: Recorded,
) -> None:
    body = recorded("older")["validation"]["v_unknown_checkpoint"]["body"]
    error = body["node_errors"]["1"]["errors"][0]["extra_info"]
    error["received_value"] = "Tiny_SD15-random.safetensors"
    assert "did you mean 'tiny_sd15_random.safetensors'" in explain(body, {}, lambda *_: ())


def test_a_list_the_server_left_out_is_asked_for(
    client: ComfyClient,
    comfy: ComfyServer,
    graph: dict[str, Any],
    prompt_id: str,
    recorded: Recorded,
) -> None:
    body = recorded("validation")["unknown_sampler"]["body"]
    extra = body["node_errors"]["3"]["errors"][0]["extra_info"]
    assert extra["input_config"] is None
    extra["received_value"] = "Euler-Ancestral"
    comfy.catalogue = recorded("server")["KSampler"]
    comfy.fail("POST /prompt", Fault(400, json.dumps(body).encode(), "application/json"))
    with pytest.raises(Exception, match="did you mean 'euler_ancestral'"):
        client.submit(graph, prompt_id)


def test_many_mistakes_are_counted() -> None:
    error = {"type": "x", "message": "wrong", "extra_info": {"input_name": "a"}}
    body = {"node_errors": {str(n): {"class_type": "K", "errors": [error]} for n in range(8)}}
    assert explain(body, {}, lambda *_: ()).endswith("; ... and 3 more")


@pytest.mark.parametrize(
    ("body", "said"),
    [({}, "it gives no reason"), ({"error": "no"}, "no"), ([], "it gives no reason")],
)
def test_a_refusal_without_details(body: Any, said: str) -> None:
    assert explain(body, {}, lambda *_: ()) == said


@pytest.mark.parametrize(
    ("kind", "message", "is_memory"),
    [
        ("torch.OutOfMemoryError", "Allocation on device", True),
        ("torch.cuda.OutOfMemoryError", "", True),
        ("MemoryError", "", True),
        ("RuntimeError", "CUDA error: out of memory", True),
        ("RuntimeError", "MPS backend out of memory (MPS allocated: 1)", True),
        ("RuntimeError", "Allocation on device 0 would exceed allowed memory.", True),
        ("RuntimeError", "shapes do not match", False),
        ("OSError", "Truncated File Read", False),
    ],
)
def test_memory_faults_are_told_from_others(kind: str, message: str, is_memory: bool) -> None:
    assert is_memory_fault(kind, message) is is_memory


def entry(status: Any, outputs: Any = None) -> Any:
    return read_history({"p": {"status": status, "outputs": outputs or {}}}, "p")


def test_an_error_message_of_a_node_shows_no_path_and_no_traceback() -> None:
    facts = {
        "node_id": "4",
        "node_type": "LoadImage",
        "exception_type": "builtins.OSError",
        "exception_message": "cannot open /srv/comfy/input/a.png",
        "traceback": ["File /srv/comfy/nodes.py"],
    }
    failed = entry({"status_str": "error", "messages": [["execution_error", facts]]})
    assert failed == Failed("error", "node 4 (LoadImage): OSError: cannot open .../a.png", "4")


def test_an_error_without_messages_is_still_a_failure() -> None:
    assert isinstance(entry({"status_str": "error"}), Failed)


@pytest.mark.parametrize("status", [None, {}, {"status_str": "success", "messages": None}])
def test_a_success_without_images_says_so(status: Any) -> None:
    done = entry(status)
    assert done == Done((), warnings=("the server reports success and names no image",))


def test_images_of_every_kind_are_collected_and_others_left_out() -> None:
    images = [
        {"filename": "a.png", "subfolder": "", "type": "temp"},
        {"filename": "b.png", "type": "output"},
        {"filename": "c.png", "type": "elsewhere"},
        {"type": "output"},
        7,
    ]
    done = entry({}, {"3": {"images": images}, "5": {"text": ["x"]}, "6": 3})
    assert [(output.filename, output.kind) for output in done.outputs] == [
        ("a.png", "temp"),
        ("b.png", "output"),
    ]
    assert len(done.warnings) == 3


def test_warnings_of_the_engine_come_with_the_result() -> None:
    messages = [["darkroom_warning", {"message": "'purple' is not in the vocabulary"}]]
    done = entry(
        {"status_str": "success", "messages": messages}, {"1": {"images": [{"filename": "a"}]}}
    )
    assert done.warnings == ("'purple' is not in the vocabulary",)


@pytest.mark.parametrize("document", [None, [], 3, {"p": None}, {"p": []}, {"other": {}}])
def test_a_history_that_says_nothing_is_no_ending(document: Any) -> None:
    assert read_history(document, "p") is None


@pytest.mark.parametrize("document", [None, [], {"queue_running": None, "queue_pending": [3, []]}])
def test_a_queue_that_says_nothing_holds_nothing(document: Any) -> None:
    assert read_queue(document, "p") is None


def test_the_position_counts_who_comes_before_in_order_of_numbers() -> None:
    queue = {"queue_pending": [[5.5, "b"], [-71, "a"], [69, "c"], ["x", "d"]]}
    found = [read_queue(queue, name) for name in "abc"]
    assert found == [Pending(0), Pending(2), Pending(3)]


def test_nan_in_a_history_is_taken(
    client: ComfyClient, comfy: ComfyServer, graph: dict[str, Any], prompt_id: str
) -> None:
    client.submit(graph, prompt_id)
    client.wait(prompt_id)
    comfy.history[prompt_id]["prompt"][2]["1"]["is_changed"] = float("nan")
    assert isinstance(client.state(prompt_id), Done)
