"""What an image says of how it was made, whichever tool wrote it.

Owns which texts inside a picture are read, and in which order they are believed: a graph of
ComfyUI, the text of A1111, the JSON that other tools write. All other texts are kept.
"""

import json
from collections.abc import Mapping
from typing import Any, cast

from darkroom.adapters.a1111_text import parse_parameters
from darkroom.archive.importing.editor_graph import api_graph
from darkroom.archive.importing.facts import Facts, Json, from_a1111, from_graph, from_words
from darkroom.archive.importing.pictures import Picture

_MOST_TEXT = 20_000
_READ_ALREADY = frozenset({"prompt", "workflow", "parameters"})
_INVOKE = ("invokeai_metadata", "sd-metadata")


def heard(picture: Picture, name: str, facts: Facts) -> str | None:
    """Fill the facts with what a picture says; returns which tool said it."""
    texts = {} if picture.text is None else dict(picture.text.texts)
    source = _words(picture, texts, facts, _comfyui(picture, name, facts))
    for keyword, words in texts.items():
        if keyword not in _READ_ALREADY and len(words) <= _MOST_TEXT:
            facts.extra[f"/png/{keyword[:80]}"] = mended(words)
    return source


def hear_text(text: str, facts: Facts) -> str | None:
    """Fill the facts with a text of A1111 or of a tool that writes JSON in its place."""
    described = _object(text)
    if described:
        return _take_json(described, facts)
    said = parse_parameters(text)
    if not (said.fields or said.prompt):
        return None
    facts.fill(from_a1111(said))
    if said.fields:
        facts.extra["/a1111"] = dict(said.fields)
    return "a1111"


def mended(text: str) -> str:
    """UTF-8 that its writer called Latin-1, as UTF-8; any other text as it is."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _comfyui(picture: Picture, name: str, facts: Facts) -> str | None:
    drawn, saved = picture.graphs.get("prompt"), picture.graphs.get("workflow")
    if drawn is not None and (found := from_graph(drawn, name)):
        facts.fill(found)
        return "comfyui"
    if saved is not None and (found := from_graph(api_graph(saved, name), name)):
        facts.fill({part: value for part, value in found.items() if part != "graph"})
        if len(str(saved)) <= _MOST_TEXT:
            facts.extra["/workflow"] = dict(saved)
        return "comfyui"
    return None


def _words(
    picture: Picture, texts: Mapping[str, str], facts: Facts, source: str | None
) -> str | None:
    said = picture.comment or mended(texts.get("parameters", ""))
    if said and (found := hear_text(said, facts)):
        return source or found
    if source is None and (others := _of_other_tools(texts)):
        return _take_json(others, facts)
    return source


def _of_other_tools(texts: Mapping[str, str]) -> dict[str, Json]:
    """InvokeAI, NovelAI and Easy Diffusion write texts under keywords of their own."""
    for keyword in _INVOKE:
        if described := _object(mended(texts.get(keyword, ""))):
            return _invoked(described)
    if texts.get("Software") == "NovelAI":
        told = _object(mended(texts.get("Comment", "")))
        words = {"prompt": mended(texts.get("Description", "")), **told}
        return {**words, "negative_prompt": told.get("uc"), "cfg": told.get("scale")}
    if "num_inference_steps" in texts:
        return {keyword: mended(words) for keyword, words in texts.items()}
    return {}


def _invoked(described: Mapping[str, Json]) -> dict[str, Json]:
    """Its older form nests the image's own values, and lists prompts with weights."""
    inner = described.get("image")
    if not isinstance(inner, dict):
        return dict(described)
    flat = {**described, **cast("dict[str, Json]", inner), "model": described.get("model_weights")}
    if isinstance(flat.get("prompt"), list):
        listed = cast("list[Any]", flat["prompt"])
        parts = [cast("dict[str, Any]", one) for one in listed if isinstance(one, dict)]
        flat["prompt"] = ", ".join(str(part.get("prompt", "")) for part in parts)
    return flat


def _take_json(described: Mapping[str, Json], facts: Facts) -> str | None:
    inner = described.get("sui_image_params")
    told = cast("dict[str, Json]", inner) if isinstance(inner, dict) else described
    found = {name: value for name, value in from_words(told).items() if value is not None}
    if not found:
        return None
    facts.fill(found)
    if len(str(told)) <= _MOST_TEXT:
        facts.extra["/described"] = dict(described)
    return "described"


def _object(text: str) -> dict[str, Json]:
    if not text.lstrip().startswith("{"):
        return {}
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Json]", value) if isinstance(value, dict) else {}
