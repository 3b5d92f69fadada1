"""What Darkroom talks to: the store, the ComfyUI servers, the vision provider.

Owns the questions and their translation into findings. Every question is asked once
and with little patience: a doctor does not wait minutes.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace

import requests

from darkroom.adapters.comfyui import ComfyClient, Health, Timing
from darkroom.adapters.doctor.findings import Check, away, doubtful, failed, passed
from darkroom.adapters.engine_process import engine_of
from darkroom.adapters.projects import Project
from darkroom.adapters.settings import Lab
from darkroom.adapters.stores.probing import check_lab_store
from darkroom.core.config.aivis import Judge
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.errors import DarkroomError

TIMING = replace(Timing(), connect_s=3.0, read_s=5.0, get_attempts=1)
_GIB = 1 << 30
_USUAL = {
    "ollama": "http://localhost:11434",
    "openrouter": "https://openrouter.ai/api/v1",
    "openai": "https://api.openai.com/v1",
}
_KEYS = {"openrouter": "OPENROUTER_API_KEY", "openai": "OPENAI_API_KEY"}
_VERDICTS = {"failed": failed, "insecure": doubtful, "warning": doubtful}


def store_checks(lab: Lab) -> Iterator[Check]:
    """Write, read, list and delete in the configured store."""
    try:
        report = check_lab_store(lab)
    except DarkroomError as error:
        yield away("store", error)
        return
    wrong = [finding for finding in report.findings if finding.verdict in _VERDICTS]
    for finding in wrong:
        said = f"{finding.check}: {finding.detail}"
        yield _VERDICTS[finding.verdict]("store", said, "see `darkroom store check`")
    if not wrong:
        yield passed("store", f"{report.store}: {len(report.findings)} checks passed")


def host_checks(lab: Lab) -> Iterator[Check]:
    """Every configured server, and the engine where it runs."""
    hosts = lab.config.hosts.items()
    yield from one_is_enough([host_check(name, told.url) for name, told in hosts])
    try:
        engine = engine_of(lab).status()
    except DarkroomError as error:
        yield away(f"host {EMBEDDED}", error)
        return
    if engine is None:
        yield passed(f"host {EMBEDDED}", "not running; it starts when it is needed")
    else:
        yield host_check(EMBEDDED, engine.url)


def one_is_enough(checks: Collection[Check]) -> Iterator[Check]:
    """Of several that could do the same work, one that fails is a nuisance while another does."""
    is_served = any(check.status != "failed" for check in checks)
    for check in checks:
        yield replace(check, status="warning") if is_served and check.status == "failed" else check


def host_check(name: str, url: str) -> Check:
    """Version, device, free memory and how busy one server is."""
    try:
        with ComfyClient(name, url, TIMING) as client:
            health = client.health()
            if health.looks_dead:
                health = client.health()  # between two jobs it looks so for a moment
    except DarkroomError as error:
        return away(f"host {name}", error)
    said = _said(health)
    if health.looks_dead:
        remedy = "restart the server: its worker thread is gone, and interrupting will not help"
        return doubtful(f"host {name}", f"{said}: jobs wait and none runs", remedy)
    return passed(f"host {name}", said)


def _said(health: Health) -> str:
    receipt = health.receipt
    free, total = health.vram_free_bytes, health.vram_total_bytes
    memory = f", {free / _GIB:.1f} of {total / _GIB:.1f} GiB free" if free and total else ""
    busy = f", {health.running} running, {health.pending} waiting"
    return f"{receipt.kind} {receipt.version} on {receipt.device or 'unknown'}{memory}{busy}"


def vision_check(lab: Lab, project: Project) -> Check:
    """Whether the provider is configured and anything answers at its address."""
    judge: Judge = project.aivis
    name = f"vision {judge.provider}"
    if judge.provider == "embedded":
        return passed(name, "measures images of the embedded engine; needs no server")
    if judge.model is None:
        return failed(name, "no model is named", "set `model` in AIVis.yaml")
    variable = _KEYS.get(judge.provider)
    known = lab.config.providers.get(judge.provider)
    url = judge.base_url or (known and known.base_url) or _USUAL[judge.provider]
    if variable and url == _USUAL[judge.provider] and not project.secrets.get(variable):
        return failed(name, "there is no key", f"set {variable} in the environment or in .env")
    return _answers(name, url, judge.model)


def _answers(name: str, url: str, model: str) -> Check:
    try:
        # any answer will do: without a key most providers refuse, which proves they are there
        requests.get(f"{url}/models", timeout=(TIMING.connect_s, TIMING.read_s)).close()
    except requests.RequestException as exc:
        said = f"{url} does not answer ({type(exc).__name__})"
        return replace(failed(name, said, "start it, or correct base_url"), is_outside=True)
    return passed(name, f"{url} answers; model {model}")
