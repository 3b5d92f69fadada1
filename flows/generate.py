"""Draw images as `darkroom generate` does, from a form, a schedule or another program.

Owns the order: draw all, show them, take them into the warehouse, and fail last, so that
what was drawn is seen.
"""

from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run
from pydantic import Field

from blocks.connecting import connected
from darkroom.adapters.settings import open_lab
from darkroom.core.config.forms import Connections, ProjectName, Prompt
from darkroom.core.errors import JobFailed
from darkroom.generating.ordering import GenerateOptions, GenerateParams, GenerateReport
from darkroom.generating.request import MOST_IMAGES
from flows.stuck import known_as_running
from tasks.catch_up import catch_up
from tasks.generate_images import generate_images
from tasks.listening import in_its_log
from tasks.notify import Notified
from tasks.show_generated import show_generated

FLOW = "generate"
Count = Annotated[int, Field(ge=1, le=MOST_IMAGES)]


@flow(
    name=FLOW,
    description="Draw images and keep each with everything that made it.",
    persist_result=False,
    log_prints=False,
)
def generate(
    project: ProjectName | None = None,
    prompt: Prompt | None = None,
    count: Count = 1,
    options: GenerateOptions = GenerateOptions(),  # noqa: B008 - it is frozen
    connections: Connections = Connections(),  # noqa: B008 - it is frozen
) -> GenerateReport:
    """Draw every image; fails when one is missing, once all others are drawn.

    Args:
        project: Use its workflow and values, and keep the images there.
        prompt: What the images should show; left out, the project's or the workflow's.
        count: How many images.
        options: How to go about it; every field may be left as it is.
        connections: Blocks of this Prefect server that the run uses.
    """
    with (
        in_its_log(),
        Notified(FLOW, project),
        connected(connections),
        known_as_running(open_lab().home),
    ):
        return carry_out(options.of(project, prompt, count))


def carry_out(params: GenerateParams) -> GenerateReport:
    """Draw, show, and say what is missing."""
    report = generate_images(params, str(flow_run.get_id() or ""))
    show_generated(report)
    catch_up()
    if report.failed:
        message = f"{report.failed[0]} ({len(report.failed)} of {params.count} images failed)"
        raise JobFailed("image-undrawn", message)
    return report
