"""Make a vector of every image that has none, a group of images per step.

Owns the order: list once, then group by group. A stopped run goes on where it was, because
what is appended is no longer lacking.
"""

from prefect import flow

from blocks.connecting import connected
from darkroom.adapters.settings import open_lab
from darkroom.archive.embedding import EmbedReport
from darkroom.archive.embedding_params import EmbedOptions
from darkroom.core.config.forms import Connections, ProjectName
from flows.stuck import known_as_running
from tasks.embed_group import embed_group
from tasks.open_embedding import open_embedding


@flow(
    name="embed",
    description="Make a vector of every stored image that has none, for the search by likeness.",
    persist_result=False,
    log_prints=False,
)
def embed(
    project: ProjectName | None = None,
    options: EmbedOptions = EmbedOptions(),  # noqa: B008 - it is frozen
    connections: Connections = Connections(),  # noqa: B008 - it is frozen
) -> EmbedReport:
    """Embed group after group until no image lacks a vector.

    Args:
        project: One project; left out, all of them.
        options: Which model, and whether to make everything anew.
        connections: Blocks of this Prefect server that the run uses.
    """
    with (
        connected(connections),
        known_as_running(open_lab().home),
        open_embedding(options.of(project)) as work,
    ):
        for group in work.listed():
            embed_group(work, group)
        return work.close()
