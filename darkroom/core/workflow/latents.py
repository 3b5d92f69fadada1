"""Where a stage starts from: an empty latent, an image, or an earlier stage.

Owns the walk along the picture above one stage, and finds the size, the input image
and the mask on the way.
"""

from dataclasses import dataclass

from darkroom.core.workflow.catalogue import BATCH_INPUTS, HEIGHT_INPUTS, WIDTH_INPUTS
from darkroom.core.workflow.graph import Graph, Node, Place
from darkroom.core.workflow.stages import is_stage, picture_inputs
from darkroom.core.workflow.tracing import first_input, origin_of, upstream


@dataclass(frozen=True)
class Start:
    """What a stage begins with."""

    width: Place | None = None
    height: Place | None = None
    batch: Place | None = None
    image: Place | None = None
    mask: Place | None = None
    is_empty: bool = False
    """Whether it starts from pure noise: no image and no earlier stage above it."""


def find_start(graph: Graph, stage: str) -> Start:
    """Walk up from a stage to where its picture comes from, stopping at earlier stages."""
    nodes = [node for node in _above(graph, stage) if node.id != stage]
    drawn = any(is_stage(node) for node in nodes)
    image = next((place for node in nodes if (place := image_of(node))), None)
    sized = next((n for n in nodes if first_input(n, WIDTH_INPUTS) and not is_stage(n)), None)
    return Start(
        width=first_input(sized, WIDTH_INPUTS) if sized else None,
        height=first_input(sized, HEIGHT_INPUTS) if sized else None,
        batch=next((p for n in nodes if (p := first_input(n, BATCH_INPUTS))), None),
        image=image,
        mask=_mask(graph, nodes, image),
        is_empty=image is None and not drawn,
    )


def _above(graph: Graph, stage: str) -> tuple[Node, ...]:
    def inputs(node: Node) -> list[str]:
        is_end = is_stage(node) and node.id != stage
        return [] if is_end else list(picture_inputs(graph, node))

    return upstream(graph, stage, inputs)


def image_of(node: Node) -> Place | None:
    """The input that names an image file, for a node that loads one."""
    if "LoadImage" not in node.class_type and "Load Image" not in node.class_type:
        return None
    return first_input(node, ("image", "image_path"))


def _mask(graph: Graph, nodes: list[Node], image: Place | None) -> Place | None:
    """The file of the mask; none where it is the alpha channel of the input image itself."""
    fed = next((hit for node in nodes if (hit := origin_of(graph, node, "mask"))), None)
    above = upstream(graph, fed[0].id) if fed else ()
    places = (image_of(node) for node in above)
    return next((place for place in places if place and place != image), None)
