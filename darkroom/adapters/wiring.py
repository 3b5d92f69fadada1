"""The one place where configuration meets concrete adapters.

Owns which store, which judge and which vision model a configuration means. Makes
them; decides nothing else, and keeps nothing between calls.
"""

from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Protocol

from pydantic import SecretStr

from darkroom.adapters.chosen_hosts import address_told, known_as, name_by_address
from darkroom.adapters.comfyui import ComfyClient, Timing
from darkroom.adapters.engine_process import engine_of
from darkroom.adapters.secret_values import Secrets
from darkroom.adapters.settings import Lab
from darkroom.adapters.vision.chat import ChatModel
from darkroom.adapters.vision.exchange import Endpoint, Patience
from darkroom.adapters.vision.fallback import Allowance, Panel
from darkroom.adapters.vision.gate import Gate
from darkroom.adapters.vision.judge import Judge
from darkroom.adapters.vision.ollama_chat import OllamaChat
from darkroom.adapters.vision.openai_chat import OPENAI, OPENROUTER, OpenAIChat
from darkroom.core.config.aigen import Comfy
from darkroom.core.config.aivis import DEFAULT_CONCURRENCY, AIVis
from darkroom.core.config.aivis import Judge as JudgeConfig
from darkroom.core.config.fields import EMBEDDED
from darkroom.core.config.prompts import PromptTemplates
from darkroom.core.errors import UsageError

_GATES = ".darkroom/vision"
_USUAL_ADDRESSES = {
    "ollama": "http://localhost:11434",
    "openrouter": "https://openrouter.ai/api/v1",
    "openai": "https://api.openai.com/v1",
}


def storage_of(lab: Lab) -> dict[str, object]:
    """Say how sidecars name the store; holds no credentials and no machine path."""
    told = lab.config.store
    if told.kind == "folder":
        return {"kind": "folder"}
    return {"kind": "s3", "endpoint": told.endpoint, "bucket": told.bucket}


@contextmanager
def renderer_of(lab: Lab, told: Comfy, usual: Timing | None = None) -> Generator[ComfyClient]:
    """Connect to the server that draws; the embedded engine runs for as long as this is open."""
    timing = replace(usual or Timing(), longest_s=told.timeout_s)
    if told.is_embedded:
        with engine_of(lab).used() as running:
            # nobody else may start an engine of ours that has died
            own = ComfyClient(EMBEDDED, running.url, timing, revive=lambda: _revive(lab))
            with closing(own) as client:
                yield client
        return
    name, url = _address_of(lab, told)
    if (known := lab.config.hosts.get(name)) and known.stall_s is not None:
        timing = replace(timing, stall_s=known.stall_s)
    with closing(ComfyClient(name, url, timing)) as client:
        yield client


def _revive(lab: Lab) -> None:
    """Start the engine again, where it was; who has the client still counts as its user."""
    with engine_of(lab).used():
        return


def _address_of(lab: Lab, told: Comfy) -> tuple[str, str]:
    """A host of darkroom.yaml by its name, also where its address is told; else host and port."""
    meant = known_as(lab, told)
    if known := lab.config.hosts.get(meant.host):
        return meant.host, known.url
    return name_by_address(meant), address_told(meant)


class AsksJudges(Protocol):
    """What names a judge, as far as making it goes; a project does."""

    @property
    def aivis(self) -> AIVis:
        """Return which judges there are."""
        ...

    @property
    def prompts(self) -> PromptTemplates:
        """Return the texts they are asked with."""
        ...

    @property
    def secrets(self) -> Secrets:
        """Return the keys they want."""
        ...


def judge_of(lab: Lab, project: AsksJudges) -> Judge:
    """Make the judge that steers a project's runs."""
    return _judge(lab, project, project.aivis)


def holdout_of(lab: Lab, project: AsksJudges) -> Judge | None:
    """Make the judge that only watches, where the project names one."""
    named = project.aivis.holdout
    return _judge(lab, project, named) if named else None


def _judge(lab: Lab, project: AsksJudges, named: JudgeConfig) -> Judge:
    if named.provider == "embedded":
        # imported here: measuring loads numpy and OpenCV, which a remote judge never needs
        from darkroom.adapters.vision.measuring_judge import MeasuringJudge

        return MeasuringJudge()
    from darkroom.adapters.vision.model_judge import ModelJudge

    aivis = project.aivis
    second = aivis.fallback if named is aivis else None
    panel = Panel(
        _chat(lab, project, named),
        _chat(lab, project, second) if second else None,
        Allowance(aivis.budget.calls, aivis.budget.tokens),
    )
    return ModelJudge(panel, project.prompts, _places(lab, aivis, named))


def _chat(lab: Lab, project: AsksJudges, named: JudgeConfig) -> ChatModel:
    if named.provider == "embedded":
        raise UsageError("judge-cannot-chat", "the embedded judge cannot stand in for a model")
    if named.model is None:
        raise UsageError(
            "judge-without-model", f"provider {named.provider} needs a model in AIVis.yaml"
        )
    endpoint = _endpoint(lab, project.aivis, named, project.secrets.api_key(named.provider))
    if named.provider == "ollama":
        return OllamaChat(endpoint, named.model)
    dialect = OPENROUTER if named.provider == "openrouter" else OPENAI
    return OpenAIChat(endpoint, named.model, dialect)


def _places(lab: Lab, aivis: AIVis, named: JudgeConfig) -> int:
    """How many requests may be under way with this provider at a time."""
    own = aivis.max_concurrent or DEFAULT_CONCURRENCY[named.provider]
    known = lab.config.providers.get(named.provider)
    return min(own, known.max_concurrent or own) if known else own


def _endpoint(lab: Lab, aivis: AIVis, named: JudgeConfig, key: SecretStr | None) -> Endpoint:
    known = lab.config.providers.get(named.provider)
    address = named.base_url or (known and known.base_url) or _USUAL_ADDRESSES[named.provider]
    patience = Patience(
        read_s=aivis.timeout_s, retries=aivis.retries, retry_delay_s=aivis.retry_delay_s
    )
    gate = Gate(lab.path(_GATES), named.provider, _places(lab, aivis, named))
    return Endpoint(named.provider, address, key, patience, gate=gate)
