"""A vision provider: address and key of what judges images.

Every field may be left empty, and every later one has to be optional as well, or old
blocks could not be read any more. Which model judges is the project's own business.
"""

from dataclasses import dataclass
from typing import Literal

from prefect.blocks.core import Block
from pydantic import Field, SecretStr

from blocks.lent import Key, Words, as_lent, name_of
from darkroom.adapters.lending import Lent, lending
from darkroom.adapters.secret_values import KEY_VARIABLES, Secrets
from darkroom.adapters.settings import open_lab
from darkroom.adapters.shipped import label, shipped
from darkroom.adapters.vision.judge import Judge
from darkroom.adapters.wiring import judge_of
from darkroom.adapters.yaml_files import load_yaml
from darkroom.core.config.aivis import AIVis
from darkroom.core.config.prompts import PromptTemplates
from darkroom.core.config.tree import plain

Provider = Literal["ollama", "openrouter", "openai"]
_PROMPTS = "prompts.yaml"


@dataclass(frozen=True)
class Asked:
    """What a judge is made from where no project says it."""

    aivis: AIVis
    prompts: PromptTemplates
    secrets: Secrets


class VisionBlock(Block):
    """What judges images. A field left empty is taken from darkroom.yaml."""

    _block_type_name = "Darkroom vision provider"
    _block_type_slug = "darkroom-vision"

    provider: Provider | None = Field(
        default=None,
        title="Provider",
        description="`openai` is any server with OpenAI's API; left empty, the name of this block.",
    )
    base_url: Words = Field(
        default="",
        title="Address",
        description="For example http://gpu-box:11434; left empty, the provider's usual one.",
    )
    api_key: Key = Field(
        default=SecretStr(""),
        title="Key",
        description="Left empty: OPENROUTER_API_KEY, OPENAI_API_KEY or OLLAMA_API_KEY of the "
        "environment.",
    )
    max_concurrent: int | None = Field(
        default=None,
        title="Requests at a time",
        description="Over all runs on the machine that carries the run out.",
        ge=1,
        le=64,
    )

    @property
    def provider_name(self) -> str:
        """The name that AIVis.yaml means it by."""
        return self.provider or name_of(self)

    def lends(self) -> Lent:
        """What this block says, for a laboratory to be opened with."""
        name = self.provider_name
        said = {"base_url": self.base_url, "max_concurrent": self.max_concurrent}
        key = {KEY_VARIABLES[name]: self.api_key} if name in KEY_VARIABLES else {}
        return as_lent(self, {"providers": {name: {**said}}}, key)

    def judge(self, model: str) -> Judge:
        """A judge that asks this model with the shipped texts."""
        with lending(self.lends()):
            lab = open_lab()
        aivis = AIVis.model_validate({"provider": self.provider_name, "model": model})
        texts = plain(load_yaml(shipped(_PROMPTS), label(_PROMPTS)))
        return judge_of(lab, Asked(aivis, PromptTemplates.model_validate(texts), lab.secrets))
