"""Prompts as the numbers CLIP reads, without torch.

Owns the vocabulary's two ends: written into a converted file's metadata, read from
there. The same text must give the same numbers as open_clip's own tokenizer.
"""

import html
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

_WORDS = r"<start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
_TAIL = "</w>"


class ClipTokenizer:
    """Texts to rows of numbers of one length."""

    def __init__(self, about: dict[str, Any]) -> None:
        self._length = int(about["length"])
        self._begin, self._end = int(about["begin"]), int(about["end"])
        self._pieces: Any = Tokenizer.from_str(about["pieces"])

    def __call__(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """One row per text; what is too long is cut, its last number is always the end."""
        rows = np.zeros((len(texts), self._length), np.int64)
        for row, text in zip(rows, texts, strict=True):
            plain = html.unescape(html.unescape(text)).strip()
            found: list[int] = self._pieces.encode(plain, add_special_tokens=False).ids
            numbers = [self._begin, *found[: self._length - 2], self._end]
            row[: len(numbers)] = numbers
        return rows


def described(
    vocabulary: dict[str, int], merges: Sequence[tuple[str, str]], length: int
) -> dict[str, Any]:
    """What a file must say so that a `ClipTokenizer` can be made from it."""
    pieces: Any = Tokenizer(
        models.BPE(vocab=vocabulary, merges=list(merges), end_of_word_suffix=_TAIL)
    )
    pieces.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    pieces.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return {
        "length": length,
        "begin": vocabulary["<start_of_text>"],
        "end": vocabulary["<end_of_text>"],
        "pieces": json.dumps(json.loads(pieces.to_str())),
    }
