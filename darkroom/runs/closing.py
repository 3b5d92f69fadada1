"""Close a run: the best image beside the project, the result in the store, the checkpoint.

Owns output/output.png and output/output_metadata.json, result.json and report.md. The
output is a verified copy; the image in the store stays the one that counts.
"""

import json
from dataclasses import asdict, replace

from darkroom.adapters.json_files import MAX_BYTES
from darkroom.adapters.stores.verified import read_verified
from darkroom.core.decide import Accept, GiveUp
from darkroom.core.sidecar import moment
from darkroom.runs.checkpoint import write_checkpoint
from darkroom.runs.control import compared
from darkroom.runs.documents import Document
from darkroom.runs.local_files import replace_file
from darkroom.runs.report import RunReport, markdown_of, report_of
from darkroom.runs.run import Iteration, Run
from darkroom.runs.telling import Said, tell

OUTPUT = "output/output.png"
OUTPUT_METADATA = "output/output_metadata.json"
_MOST_CLOSINGS = 1000


def close_run(run: Run, step: Accept | GiveUp, control: Run | None = None) -> RunReport:
    """Put the best image out, keep the result, and mark the run as closed."""
    report = report_of(run, step)
    if control is not None:
        report = replace(report, control=compared(run, control))
    best = run.iteration(report.best) if report.best is not None else None
    if best is not None:
        _put_out(run, best, report)
    _keep(run, report)
    now = moment(run.tools.desk.now())
    state = "accepted" if report.status == "accepted" else "given-up"
    run.checkpoint = replace(run.checkpoint, state=state, best_iteration=report.best)
    write_checkpoint(run.project.folder, run.checkpoint, now)
    tell(Said(f"{report.status}: {report.reason}"))
    return report


def _put_out(run: Run, best: Iteration, report: RunReport) -> None:
    if best.image is None:
        return
    data = read_verified(run.tools.desk.store, best.image.key, best.image.sha256)
    replace_file(run.project.folder, OUTPUT, data)
    metadata = run.docs.of("metadata", best.tried.iteration) or {}
    content: Document = {
        **metadata,
        "status": report.status,
        "reason": report.reason,
        "image_key": best.image.key,
        "image_sha256": best.image.sha256,
        "iterations": len(report.iterations),
    }
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    replace_file(run.project.folder, OUTPUT_METADATA, text.encode()[:MAX_BYTES] + b"\n")


def _keep(run: Run, report: RunReport) -> None:
    """Write result.json; a run that was resumed after its end has one more of them."""
    content = json.loads(json.dumps(asdict(report)))
    content["closed_at"] = moment(run.tools.desk.now())
    for number in range(1, _MOST_CLOSINGS):
        name = "result.json" if number == 1 else f"result.{number}.json"
        before = run.docs.named(name)
        if before is None:
            run.docs.save_named(name, content)
            _keep_markdown(run, name, report)
            return
        if before.get("iterations") == content["iterations"]:
            return  # closed already; the process died before it could say so


def _keep_markdown(run: Run, name: str, report: RunReport) -> None:
    key = f"{run.keys.root}/{name.replace('result', 'report').removesuffix('.json')}.md"
    text = run.tools.desk.redact(markdown_of(report))
    run.tools.desk.store.put(key, text.encode(), "text/markdown")
