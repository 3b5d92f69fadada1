import pytest
from pydantic import SecretStr

from darkroom.adapters.vision.chat import ChatRequest, Usage
from darkroom.adapters.vision.exchange import Endpoint, Patience
from darkroom.adapters.vision.ollama_chat import OllamaChat
from darkroom.adapters.vision.openai_chat import OPENROUTER, OpenAIChat
from darkroom.core.errors import VisionError
from tests.fakes.vision_server import Reply, Script, ollama_reply, openai_reply, vision_server

CANARY = "canary-key-5150"
SCHEMA = {"type": "object", "properties": {"a": {"type": "boolean"}}}
ASK = ChatRequest("Is there a circle?", images=(b"png",), schema=SCHEMA)
ODDS = ChatRequest("Is there a circle?", odds=True)


def endpoint(script: Script, naps: list[float] | None = None) -> Endpoint:
    return Endpoint(
        "openrouter",
        script.url,
        SecretStr(CANARY),
        Patience(connect_s=60, read_s=60, retries=2, retry_delay_s=5),
        sleep=(naps if naps is not None else []).append,
    )


def openai(script: Script, naps: list[float] | None = None) -> OpenAIChat:
    return OpenAIChat(endpoint(script, naps), "qwen", OPENROUTER)


def ollama(script: Script) -> OllamaChat:
    return OllamaChat(endpoint(script), "qwen3-vl")


def test_a_request_carries_text_image_schema_and_privacy_wishes() -> None:
    with vision_server(openai_reply('{"a": true}')) as script:
        reply = openai(script).ask(ASK)
    sent = script.requests[0]
    assert reply.text == '{"a": true}'
    assert reply.usage == Usage(1, 11, 3)
    parts = sent["messages"][0]["content"]
    assert [part["type"] for part in parts] == ["text", "image_url"]
    assert parts[1]["image_url"]["url"] == "data:image/png;base64,cG5n"
    assert sent["response_format"]["json_schema"]["schema"] == SCHEMA
    assert sent["provider"]["data_collection"] == "deny"


def test_the_key_travels_in_the_header_only() -> None:
    with vision_server(openai_reply("x")) as script:
        openai(script).ask(ASK)
    assert script.headers[0]["Authorization"] == f"Bearer {CANARY}"
    assert CANARY not in str(script.requests)


def test_the_odds_of_the_first_word_are_read() -> None:
    with vision_server(openai_reply("Yes", {"Yes": -0.2, "No": -1.7})) as script:
        reply = openai(script).ask(ODDS)
    assert reply.first_token == {"Yes": -0.2, "No": -1.7}
    assert (script.requests[0]["max_tokens"], script.requests[0]["logprobs"]) == (1, True)


def test_null_odds_are_none_not_a_crash() -> None:
    with vision_server(openai_reply("Yes")) as script:
        assert openai(script).ask(ODDS).first_token is None


def test_what_a_model_only_thought_aloud_is_still_read() -> None:
    body = {"choices": [{"message": {"content": "", "reasoning": '{"a": 1}'}}]}
    with vision_server(Reply(body=body)) as script:
        assert openai(script).ask(ASK).text == '{"a": 1}'


def test_retry_after_is_honoured_and_the_retry_succeeds() -> None:
    naps: list[float] = []
    busy = Reply(429, {"error": {"message": "slow down"}}, {"Retry-After": "17"})
    with vision_server(busy, openai_reply("ok")) as script:
        reply = openai(script, naps).ask(ASK)
    assert (reply.text, reply.attempts, naps) == ("ok", 2, [17.0])


def test_a_server_that_keeps_failing_is_tried_three_times_five_seconds_apart() -> None:
    naps: list[float] = []
    with (
        vision_server(Reply(503, {"error": "full"})) as script,
        pytest.raises(VisionError) as caught,
    ):
        openai(script, naps).ask(ASK)
    assert (len(script.requests), naps) == (3, [5, 5])
    assert caught.value.code == "vision-failed"


def test_a_dropped_connection_is_retried_then_unreachable() -> None:
    with vision_server(Reply(hang_up=True)) as script, pytest.raises(VisionError) as caught:
        openai(script).ask(ASK)
    assert caught.value.code == "vision-unreachable"
    assert len(script.requests) == 3


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "vision-denied"),
        (403, "vision-denied"),
        (402, "vision-credit"),
        (404, "vision-model-missing"),
        (400, "vision-failed"),
    ],
)
def test_a_final_refusal_is_not_retried_and_says_why(status: int, code: str) -> None:
    refusal = Reply(status, {"error": {"message": f"no, {CANARY}"}})
    with vision_server(refusal) as script, pytest.raises(VisionError) as caught:
        openai(script).ask(ASK)
    assert caught.value.code == code
    assert len(script.requests) == 1
    assert CANARY not in str(caught.value.as_dict())


def test_an_error_inside_a_200_is_an_error() -> None:
    hidden = Reply(200, {"error": {"code": 402, "message": "negative balance"}})
    with vision_server(hidden) as script, pytest.raises(VisionError) as caught:
        openai(script).ask(ASK)
    assert caught.value.code == "vision-credit"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body={"choices": []}),
        Reply(body=[1, 2]),
        Reply(body={"choices": [{"finish_reason": "error", "message": {"content": "half"}}]}),
        Reply(raw=b"<html>proxy</html>"),
        Reply(raw=b"[" * 100_000),
        Reply(raw=b'"' + b"x" * 9_000_000 + b'"'),
    ],
    ids=["no choice", "a list", "broken off", "html", "too deep", "too long"],
)
def test_a_reply_without_an_answer_is_refused(reply: Reply) -> None:
    with vision_server(reply) as script, pytest.raises(VisionError) as caught:
        openai(script).ask(ASK)
    assert caught.value.code == "vision-bad-reply"


def test_an_html_error_page_is_shown_as_what_it_is() -> None:
    page = Reply(400, raw=b"<html>bad gateway</html>")
    with vision_server(page) as script, pytest.raises(VisionError, match="bad gateway"):
        openai(script).ask(ASK)


def test_a_redirect_is_not_followed() -> None:
    away = Reply(302, {"error": None}, {"Location": "http://127.0.0.1:9/elsewhere"})
    with vision_server(away) as script, pytest.raises(VisionError):
        openai(script).ask(ASK)


def test_ollama_is_asked_on_its_own_route_with_bare_base64() -> None:
    with vision_server(ollama_reply(content='{"a": true}')) as script:
        reply = ollama(script).ask(ASK)
    sent = script.requests[0]
    assert script.paths == ["/api/chat"]
    assert sent["messages"][0]["images"] == ["cG5n"]
    assert (sent["format"], sent["think"], sent["stream"]) == (SCHEMA, False, False)
    assert reply.usage == Usage(1, 7, 2)


def test_ollama_json_left_in_thinking_is_read() -> None:
    with vision_server(ollama_reply(content="", thinking='{"a": false}')) as script:
        assert ollama(script).ask(ASK).text == '{"a": false}'
    assert script.paths == ["/api/chat"]


def test_ollama_that_ignores_the_schema_is_asked_once_more_on_generate() -> None:
    generated = Reply(body={"response": '{"a": true}', "prompt_eval_count": 5, "eval_count": 1})
    with vision_server(ollama_reply(content="Well, I think so"), generated) as script:
        reply = ollama(script).ask(ASK)
    assert script.paths == ["/api/chat", "/api/generate"]
    assert reply.text == '{"a": true}'
    assert reply.usage == Usage(2, 12, 3)


def test_ollama_odds_are_read_and_its_cloud_gives_none() -> None:
    local = Reply(
        body={
            "message": {"content": "Yes"},
            "logprobs": [{"top_logprobs": [{"token": "Yes", "logprob": -0.1}]}],
        }
    )
    with vision_server(local, ollama_reply(content="Yes")) as script:
        first, second = ollama(script).ask(ODDS), ollama(script).ask(ODDS)
    assert first.first_token == {"Yes": -0.1}
    assert second.first_token is None
    assert script.requests[0]["options"]["num_predict"] == 1
