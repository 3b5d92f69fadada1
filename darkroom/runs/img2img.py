"""Make a graph that draws on nothing draw over a picture instead.

Owns one rewiring: the first sampler's empty latent gives way to a loaded and encoded
image. A graph that already starts from a picture stays as it is; one that offers no
place for the rewiring is left alone, and the caller draws anew.
"""

from darkroom.core.workflow.edit import free_id, with_inputs, with_node, without_node
from darkroom.core.workflow.graph import Graph, Link, Place
from darkroom.core.workflow.roles import Places, Role, find_roles

_LATENT = "latent_image"


def over_a_picture(graph: Graph, bindings: Places | None = None) -> Graph | None:
    """The graph drawing over an input image, or None where it cannot be made to."""
    roles = find_roles(graph, bindings)
    if Role.IMAGE in roles.places and Role.WIDTH not in roles.places:
        return graph
    first = roles.stages[0] if len(roles.stages) == 1 else None
    vae = _vae(graph)
    if first is None or first.denoise is None or vae is None:
        return None
    empty = graph.nodes[first.node].link(_LATENT)
    if empty is None or not graph.nodes[empty.node].class_type.startswith("Empty"):
        return None
    loader = free_id(graph)
    graph = with_node(graph, loader, "LoadImage", {"image": "input.png"})
    encoder = free_id(graph)
    inputs = {"pixels": [loader, 0], "vae": [vae.node, vae.slot]}
    graph = with_node(graph, encoder, "VAEEncode", inputs)
    graph = with_inputs(graph, {Place(first.node, _LATENT): [encoder, 0]})
    return graph if graph.consumers.get(empty.node) else without_node(graph, empty.node, {})


def _vae(graph: Graph) -> Link | None:
    """The decoder that the picture goes through."""
    decoders = (node for node in graph.nodes.values() if node.link("samples"))
    return next((link for node in decoders if (link := node.link("vae"))), None)
