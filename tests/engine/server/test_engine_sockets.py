"""What a websocket hears: at connection, beside others, after coming back, as previews."""

import json
import struct
import uuid

import pytest
import websocket

from tests.fakes.engine_graphs import drawing, plain
from tests.fakes.engine_model import recorded
from tests.fakes.live_engine import Ears, LiveEngine, live_engine
from tests.fakes.shapes import differences
from tests.fakes.until import until

RECONNECT = recorded("reconnect")
PREVIEWS = recorded("previews")


def test_a_socket_is_greeted_with_the_queue_and_its_id(shared: LiveEngine) -> None:
    greeting = shared.ears().next()
    assert differences(greeting, RECONNECT["without_client_id"]) == []
    assert len(greeting["data"]["sid"]) == 32
    assert shared.ears("me").next()["data"]["sid"] == "me"


def test_a_client_that_comes_back_mid_run_is_told_the_node_first(engine: LiveEngine) -> None:
    engine.model.hold()
    ears = engine.ears(engine.client_id)
    engine.submit(drawing(steps=40))
    ears.until("progress")
    ears.close()
    again = engine.ears(engine.client_id)
    first = [again.next(), again.next()]
    assert [m["type"] for m in first] == ["status", "executing"]
    assert first[1] == RECONNECT["first_two"][1]
    engine.model.release()
    kinds = [m["type"] for m in first + again.until_done()]
    assert kinds[:6] == RECONNECT["after_reconnect"]
    assert kinds[-3:] == ["execution_success", "status", "executing"]


def test_a_client_that_comes_back_after_the_end_hears_only_a_status(engine: LiveEngine) -> None:
    engine.run(plain())
    ears = engine.ears(engine.client_id)
    assert ears.next()["data"]["sid"] == engine.client_id
    engine.post("/queue", json={"clear": True})
    assert ears.next()["type"] == "status"


def test_of_two_sockets_with_one_id_the_newer_one_hears(engine: LiveEngine) -> None:
    old = engine.ears(engine.client_id)
    old.next()
    _, heard = engine.run(plain())
    assert ["status", *[m["type"] for m in heard]] == RECONNECT["new_socket_while_both_open"]


def test_the_newer_socket_goes_on_hearing_when_the_older_one_closes(engine: LiveEngine) -> None:
    old, new = engine.ears(engine.client_id), engine.ears(engine.client_id)
    old.next(), new.next()
    old.close()
    _until_sockets(engine, 1)
    engine.submit(plain())
    assert new.until_done()[-2]["type"] == "status"


def test_the_older_socket_hears_again_when_the_newer_one_closes(engine: LiveEngine) -> None:
    old, new = engine.ears(engine.client_id), engine.ears(engine.client_id)
    old.next(), new.next()
    new.close()
    _until_sockets(engine, 1)
    engine.submit(plain())
    assert old.until_done()[-2]["type"] == "status"


def _until_sockets(engine: LiveEngine, count: int) -> None:
    until(lambda: sum(map(len, list(engine.engine.hub._clients.values()))) == count)


def test_a_job_without_client_id_tells_everyone_only_its_progress(engine: LiveEngine) -> None:
    ears = engine.ears()
    ears.next()
    engine.post("/prompt", json={"prompt": plain()})
    heard = [ears.next() for _ in RECONNECT["bystander"]]
    assert [m["type"] for m in heard] == RECONNECT["bystander"]


def test_a_client_hears_nothing_of_anothers_job_but_the_queue(engine: LiveEngine) -> None:
    other = engine.ears(str(uuid.uuid4()))
    other.next()
    engine.run(plain())
    counts = [other.next()["data"]["status"]["exec_info"]["queue_remaining"] for _ in range(3)]
    assert counts == [1, 1, 0]


def _run_with_previews(engine: LiveEngine, ears: Ears) -> list[dict[str, object]]:
    ears.next()
    engine.submit(drawing(steps=3), extra_data={"preview_method": "latent2rgb"})
    return ears.until_done()


def test_previews_come_as_event_one_after_progress(engine: LiveEngine) -> None:
    heard = _run_with_previews(engine, engine.ears(engine.client_id))
    order = [m["type"] for m in heard if m["type"] in {"binary", "progress"}]
    before = [m["type"] for m in PREVIEWS["legacy_client_no_flags"]]
    assert order == [kind for kind in before if kind in {"binary", "progress"}]
    frame = next(m["bytes"] for m in heard if m["type"] == "binary")
    assert isinstance(frame, bytes)
    assert struct.unpack(">II", frame[:8]) == (1, 1)
    assert frame[8:10] == b"\xff\xd8"


def test_previews_with_metadata_come_as_event_four_before_progress(engine: LiveEngine) -> None:
    ears = engine.ears(engine.client_id)
    ears.say({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
    ears.until("feature_flags")
    engine.submit(drawing(steps=3), extra_data={"preview_method": "latent2rgb"})
    heard = ears.until_done()
    order = [m["type"] for m in heard if m["type"] in {"binary", "progress"}]
    before = PREVIEWS["client_supports_preview_metadata"]
    assert order == [m["type"] for m in before if m["type"] in {"binary", "progress"}]
    frame = next(m["bytes"] for m in heard if m["type"] == "binary")
    event, length = struct.unpack(">II", frame[:8])
    metadata = json.loads(frame[8 : 8 + length])
    assert event == 4
    assert metadata.keys() == next(m["metadata"] for m in before if m.get("metadata")).keys()
    assert frame[8 + length :][:2] == b"\xff\xd8"


def test_without_being_asked_for_there_are_no_previews(engine: LiveEngine) -> None:
    _, heard = engine.run(drawing())
    assert "binary" not in {m["type"] for m in heard}


@pytest.mark.parametrize("first", ["not json", "[]", '{"type": "other"}'])
def test_feature_flags_count_only_as_the_first_message(shared: LiveEngine, first: str) -> None:
    ears = shared.ears()
    greeting = ears.next()
    ears.socket.send(first)
    ears.say({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
    shared.post("/queue", json={"clear": True})
    assert [greeting["type"], ears.next()["type"]] == ["status", "status"]


def test_one_socket_too_many_is_turned_away(tmp_path: object) -> None:
    from pathlib import Path

    assert isinstance(tmp_path, Path)
    with live_engine(tmp_path, sockets=1) as live:
        live.ears().next()
        second = live.ears()
        assert second.socket.recv() in {"", b""} or not second.socket.connected


def test_a_page_of_another_origin_gets_no_socket(shared: LiveEngine) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException):
        shared.ears(origin="http://evil.example")
