"""Every node this engine has, by class name."""

from darkroom.engine.nodes import images, loading, sampling
from darkroom.engine.nodes.definition import NodeType

NODES: dict[str, NodeType] = {
    node.name: node for node in (*sampling.NODES, *loading.NODES, *images.NODES)
}
