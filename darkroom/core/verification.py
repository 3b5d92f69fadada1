"""What verifying a store can find: flaws of what is kept, and what redrawing came to.

Owns the kinds of flaws and which of them are damage, and the document that records a
redrawing beside its run. Decides nothing about files.
"""

from typing import Final, Literal, TypeAlias

from pydantic import Field

from darkroom.core.canonical import canonical_json
from darkroom.core.jobs import EngineReceipt
from darkroom.core.sidecar.drawing import Engine
from darkroom.core.sidecar.fields import Block, Moment, Name, Sha256, Share, StoreKey, Text

SCHEMA: Final = "darkroom.verified/1"
FOLDER: Final = "verified"
Kind: TypeAlias = Literal[
    "damaged", "broken", "differs", "undecodable", "misdescribed", "companion", "open", "orphan",
    "unnamed",
]  # fmt: skip
MEANINGS: dict[Kind, str] = {
    "damaged": "a sidecar that cannot be read",
    "broken": "a sidecar whose image is missing",
    "differs": "an image that is not what its sidecar was written for: other bytes",
    "undecodable": "an image with the right bytes that is no whole picture",
    "misdescribed": "a sidecar that says another size or type than its image has",
    "companion": "a further image of a job whose first image is not committed",
    "open": "a job that was begun and has no ending; `darkroom reconcile` brings it to one",
    "orphan": "an image that nothing commits; shown nowhere as a result",
    "unnamed": "a sidecar without the sha256 of its image: its bytes cannot be compared",
}
DAMAGE: frozenset[Kind] = frozenset(
    {"damaged", "broken", "differs", "undecodable", "misdescribed", "companion"}
)
"""What is not as it was written; the others are unfinished or unknown."""
_LONGEST = 200
Outcome: TypeAlias = Literal["bit_exact", "differs", "other_size", "not_drawn"]


class ReceiptDifference(Block):
    """One thing the server said of itself then, and what it says now."""

    field: Name
    stored: Text | None = None
    now: Text | None = None


class Redrawn(Block):
    """One image, drawn again from its sidecar and compared with what is stored."""

    document: Literal["darkroom.verified/1"] = Field(default=SCHEMA, alias="schema")
    image: StoreKey
    image_sha256: Sha256 | None = None
    at: Moment
    host: Name | None = None
    """The server that drew it again."""
    outcome: Outcome
    max_difference: int | None = Field(default=None, ge=0, le=255)
    """The largest difference of any value of any pixel, of 255."""
    differing: Share | None = None
    """The share of pixels that differ at all."""
    psnr_db: float | None = None
    """Null where nothing differs."""
    receipt: tuple[ReceiptDifference, ...] = ()
    """What the server says otherwise than it did then."""
    reason: Text | None = None
    """Why there is nothing to compare."""


def receipt_differences(stored: Engine | None, now: EngineReceipt) -> tuple[ReceiptDifference, ...]:
    """Every field of the receipt that is not what it was; no server tells hashes of weights."""
    if stored is None:
        return (ReceiptDifference(field="engine", stored=None, now=f"{now.kind} {now.version}"),)
    names = ("kind", "version", "host", "device", "python", "torch")
    pairs = [(name, getattr(stored, name), getattr(now, name)) for name in names]
    untold = [(f"model {name}"[:_LONGEST], digest) for name, digest in stored.model_hashes.items()]
    return (
        *(
            ReceiptDifference(field=name, stored=then, now=today)
            for name, then, today in pairs
            if then != today
        ),
        *(ReceiptDifference(field=name, stored=digest) for name, digest in untold),
    )


def verified_key(image_key: str, ulid: str) -> str | None:
    """Where a redrawing of this image is recorded; None for an image outside of any run."""
    folder, _, name = image_key.rpartition("/")
    root, _, images = folder.rpartition("/")
    if images != "images" or not root:
        return None
    return f"{root}/{FOLDER}/{name.rpartition('.')[0] or name}.{ulid}.json"


def serialise(document: Redrawn) -> bytes:
    """The bytes that go into the store."""
    return canonical_json(document.model_dump(mode="python", by_alias=True)) + b"\n"
