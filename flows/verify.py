"""Compare what is stored with what was written, a group of images per step.

Owns the order: list as it goes, look, and draw again where that is asked for. A stopped
run goes on behind the last run of images it had read to the end.
"""

from prefect import flow

from blocks.connecting import connected
from darkroom.adapters.settings import open_lab
from darkroom.archive.verifying_params import VerifyOptions, VerifyParams
from darkroom.archive.verifying_report import VerifyReport
from darkroom.core.config.forms import Connections, ProjectName
from darkroom.core.errors import DataError
from flows.stuck import known_as_running
from tasks.listening import in_its_log
from tasks.notify import Notified
from tasks.open_verifying import open_verifying
from tasks.redraw_group import redraw_group
from tasks.show_verified import show_verified
from tasks.verify_group import verify_group


@flow(
    name="verify",
    description="Read every sidecar and image, compare them, and say what is not in order.",
    persist_result=False,
    log_prints=False,
)
def verify(
    project: ProjectName | None = None,
    options: VerifyOptions = VerifyOptions(),  # noqa: B008 - it is frozen
    connections: Connections = Connections(),  # noqa: B008 - it is frozen
) -> VerifyReport:
    """Look at group after group, and draw the images again where that is asked for.

    Args:
        project: One project; left out, everything in the store.
        options: How far to go; every field may be left as it is.
        connections: Blocks of this Prefect server that the run uses.
    """
    with (
        in_its_log(),
        Notified("verify", project),
        connected(connections),
        known_as_running(open_lab().home),
    ):
        report = carry_out(options.of(project))
        if report.is_damaged:  # a schedule must not pass over it
            message = f"{sum(report.counts.values())} things in the store are not in order"
            raise DataError("store-damaged", message)
        return report


def carry_out(params: VerifyParams) -> VerifyReport:
    """Go through the store, and show what was found."""
    with open_verifying(params) as work:
        for group in work.groups():
            verify_group(work, group)
            if params.redraw:
                redraw_group(work)
        report = work.close()
    show_verified(report, params.scope)
    return report
