"""The learned pair of encoders of the shape world: pictures and captions to vectors.

Owns running the two shipped networks. A picture and a caption that says what it
shows lie close together; the cosine is the adherence score. The networks were
trained on this world only and mean nothing outside it.
"""

import hashlib
import re
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from darkroom.core.errors import DataError
from darkroom.core.world.lexicon import WORDS

Vectors = NDArray[np.float32]

DIMENSIONS = 128
PICTURE_SIDE = 64
CAPTION_WORDS = 56
_FOLDER = Path(__file__).parent / "weights"
_PICTURES, _CAPTIONS = "shapeworld_picture.onnx", "shapeworld_caption.onnx"
_NUMBERS = {word: number for number, word in enumerate(WORDS, start=2)}
_UNKNOWN = 1


def embed_pictures(pictures: list[NDArray[np.uint8]], threads: int = 2) -> Vectors:
    """One unit vector per RGB picture of any size."""
    side = (PICTURE_SIDE, PICTURE_SIDE)
    small = [cv2.resize(picture, side, interpolation=cv2.INTER_AREA) for picture in pictures]
    rows = np.stack(small).astype(np.float32).transpose(0, 3, 1, 2) / 127.5 - 1
    return _run(_PICTURES, "picture", rows, threads)


def embed_captions(captions: list[str], threads: int = 2) -> Vectors:
    """One unit vector per caption."""
    return _run(_CAPTIONS, "numbers", word_numbers(captions), threads)


def adherence(picture: NDArray[np.uint8], caption: str) -> float:
    """How well a picture shows what a caption says: a cosine from -1 to 1."""
    return float(embed_pictures([picture])[0] @ embed_captions([caption])[0])


def identity() -> str:
    """Name and weights of this pair: vectors of different identities never mix."""
    return f"shapeworld-pair@{weights_sha256()[:16]}"


def weights_sha256() -> str:
    """One digest for the weights of both networks."""
    digests = "".join(_sums()[name] for name in (_PICTURES, _CAPTIONS))
    return hashlib.sha256(digests.encode()).hexdigest()


def word_numbers(captions: list[str]) -> NDArray[np.int64]:
    """Captions as rows of word numbers: 0 for no word, 1 for an unknown one."""
    rows = np.zeros((len(captions), CAPTION_WORDS), np.int64)
    for row, caption in zip(rows, captions, strict=True):
        words = re.findall(r"[a-z]+|\d+", caption.lower())[:CAPTION_WORDS]
        row[: len(words)] = [_NUMBERS.get(word, _UNKNOWN) for word in words]
    return rows


def _run(name: str, key: str, rows: NDArray[np.generic], threads: int) -> Vectors:
    return np.asarray(_session(name, threads).run(None, {key: rows})[0], np.float32)


@cache
def _sums() -> dict[str, str]:
    lines = (_FOLDER / "SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


@cache
def _session(name: str, threads: int) -> onnxruntime.InferenceSession:
    data = (_FOLDER / name).read_bytes()
    if hashlib.sha256(data).hexdigest() != _sums().get(name):
        raise DataError("embedding-weights-damaged", f"{name} is not the file that was shipped")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
