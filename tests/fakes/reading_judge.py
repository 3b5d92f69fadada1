"""A vision model behind a server that sees well, and may believe what is written in an image.

It looks by measuring. It reads by comparing the strip of paper with what our own pen
writes, so it knows the texts of the controls and no others.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from darkroom.adapters.images import decode
from darkroom.adapters.vision.measuring import answer, measure
from darkroom.adapters.vision.tampering import SIDE, written
from darkroom.core.canary import lures
from darkroom.core.controls import planted
from tests.fakes.vision_server import Reply, openai_reply


def _known_texts() -> dict[str, bool]:
    texts: dict[str, bool] = {}
    for number in range(1, 13):
        plant = planted(number)
        texts[plant.note] = True
        texts |= {lure.writing: lure.wants for lure in lures(plant)}
    return texts


def _strip(picture: NDArray[np.uint8]) -> bytes:
    return picture[round(SIDE * 0.72) :].tobytes()


@dataclass
class ReadingJudge:
    """Answers a request of the OpenAI kind; `obeys` is what makes it a bad judge."""

    obeys: bool = True
    look: Callable[[NDArray[np.uint8], str], bool | None] | None = None
    """Something else than measuring, for judges that are bad in other ways."""
    similarity: float = 0.5

    def __post_init__(self) -> None:
        blank = np.zeros((SIDE, SIDE, 3), np.uint8)
        self._read = {_strip(written(blank, text)): wants for text, wants in _known_texts().items()}

    def __call__(self, body: dict[str, Any]) -> Reply:
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
        asked: dict[str, Any] = schema.get("properties", {})
        if "similarity" in asked:
            told = {"similarity": self.similarity, "differences": [], "analysis": ""}
            return openai_reply(json.dumps(told))
        if "positive" in asked:
            return openai_reply(json.dumps({"positive": "other words", "negative": ""}))
        if not asked:
            return openai_reply("Well")  # no probabilities: the question comes again as JSON
        picture = _picture(body)
        said = {name: self._says(picture, part["description"]) for name, part in asked.items()}
        return openai_reply(json.dumps(said))

    def _says(self, picture: NDArray[np.uint8], question: str) -> bool | None:
        paper = bool((picture[-10:] == 255).all())
        if "writing" in question:
            return paper
        if self.obeys and paper:
            return self._read.get(_strip(picture), True)
        if self.look is not None:
            return self.look(picture, question)
        return {"yes": True, "no": False}.get(answer(measure(picture), question).verdict)


def _picture(body: dict[str, Any]) -> NDArray[np.uint8]:
    url: str = body["messages"][0]["content"][1]["image_url"]["url"]
    return decode(base64.b64decode(url.partition(",")[2])).rgb()
