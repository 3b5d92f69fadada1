"""Start the experiment flow from a command line, with or without a Prefect server.

Owns what this flow has of its own: mistakes in its files are told before Prefect starts, and
an experiment that is complete stays so, whether or not Prefect can be told.
"""

import os
from pathlib import Path

from darkroom.adapters.settings import open_lab
from darkroom.adapters.stores.durable import local_errors
from darkroom.core.errors import OutsideError
from darkroom.core.experiments.deciding import Done
from darkroom.experiments import telling
from darkroom.experiments.params import ExperimentOptions, ExperimentParams
from darkroom.experiments.report import Report
from darkroom.experiments.running import Work
from darkroom.runs.telling import Listener, Said, heard_by
from flows.laboratory import join
from flows.launching import choose_server, prepare, remembered, translated
from flows.left_over import drop_unsent_events, end_left_over


def run_experiment(
    params: ExperimentParams, listener: telling.Listener, speaker: Listener
) -> Report:
    """Carry the flow out in this process and return what it came to."""
    lab = open_lab()
    if (report := nothing_left(params, listener)) is not None:
        return report
    join(lab.home, os.environ)
    prepare(lab.home, os.environ)
    choose_server(os.environ, speaker)
    with local_errors(str(lab.home)):  # Prefect makes its folder, but none above it
        folder = Path(os.environ["PREFECT_HOME"])
        folder.mkdir(parents=True, exist_ok=True)
        end_left_over(folder)
    with remembered(folder) as on_start:
        ended: list[Report] = []

        def hear(event: telling.Event) -> None:
            match event:
                case telling.Opened():
                    on_start()
                case telling.Closed(report):
                    ended.append(report)
                case telling.Came():
                    pass
            listener(event)

        with telling.heard_by(hear), heard_by(speaker):
            return _carried_out(params, ended, speaker)


def nothing_left(params: ExperimentParams, listener: telling.Listener) -> Report | None:
    """The report of an experiment that has everything; no scheduler is started for that."""
    with Work(params.experiment, is_test=params.is_test, resume=params.resume) as work:
        if work.has_work:
            return None
        step = work.decide()
        assert isinstance(step, Done)  # nothing is waiting
        listener(work.opened_event)
        return work.close(step)


def _carried_out(params: ExperimentParams, ended: list[Report], speaker: Listener) -> Report:
    from flows.experiment import experiment

    options = ExperimentOptions(resume=params.resume, is_test=params.is_test)
    try:
        with translated():
            return experiment(params.project, params.name, options)
    except OutsideError as error:
        if error.code != "prefect-failed" or not ended:
            raise
        speaker(Said(f"all is done, but Prefect could not be told: {error.message}"))
        drop_unsent_events()
        return ended[-1]
