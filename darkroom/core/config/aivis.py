"""AIVis.yaml: which vision model judges, and how patiently it is asked.

Owns the shape of one file. Keys belong into the environment; one written here is
accepted, masked everywhere, and warned about.
"""

from pydantic import Field, SecretStr

from darkroom.core.config.fields import HttpUrl, ProviderName, Record, Text

DEFAULT_CONCURRENCY = {"embedded": 1, "ollama": 1, "openrouter": 4, "openai": 4}


class Judge(Record):
    """One vision model."""

    provider: ProviderName
    """`embedded` measures shape-world images; `openai` is any server with OpenAI's API."""
    model: Text | None = None
    """The model's name at the provider; `embedded` needs none."""
    base_url: HttpUrl | None = None
    """Where the server is, when not where darkroom.yaml or the provider says."""


class VisionBudget(Record):
    """What one run may spend on asking; left out, there is no limit."""

    calls: int | None = Field(default=None, ge=1)
    """Requests."""
    tokens: int | None = Field(default=None, ge=1)
    """Tokens, in and out together."""


class AIVis(Judge):
    """The whole of AIVis.yaml."""

    fallback_provider: ProviderName | None = None
    """Who is asked when the first does not answer."""
    fallback_model: Text | None = None
    """Its model."""
    fallback_base_url: HttpUrl | None = None
    """Where it is."""
    api_key: SecretStr | None = Field(default=None, repr=False)
    """Better in the environment: OPENROUTER_API_KEY or OPENAI_API_KEY."""
    max_concurrent: int | None = Field(default=None, ge=1, le=64)
    """Requests at a time; left out, 1 for local models and 4 for services."""
    timeout_s: float = Field(default=180.0, gt=0, le=3_600, allow_inf_nan=False)
    """How long one request may take."""
    retries: int = Field(default=2, ge=0, le=20)
    """How often a failed request is sent again."""
    retry_delay_s: float = Field(default=5.0, ge=0, le=600, allow_inf_nan=False)
    """The pause before that, unless the server names one."""
    max_image_px: int = Field(default=1024, ge=64, le=8_192)
    """Larger images are made smaller before they leave."""
    canary: bool = True
    """Find out once per run whether writing inside an image sways the judge; not for `embedded`."""
    canary_tolerance: float = Field(default=0.2, ge=0, le=1)
    """By how much such writing may move the chance of a yes on average."""
    canary_per_image: bool = False
    """Ask of every image whether there is writing in it, also where the judge is not swayed."""
    budget: VisionBudget = VisionBudget()
    holdout: Judge | None = None
    """A second judge that never steers and is reported beside the first."""

    @property
    def concurrency(self) -> int:
        """How many requests may be under way at a time."""
        return self.max_concurrent or DEFAULT_CONCURRENCY[self.provider]

    @property
    def key(self) -> SecretStr | None:
        """The key written here, an empty one counting as none."""
        return self.api_key if self.api_key else None

    @property
    def fallback(self) -> Judge | None:
        """The second choice as a judge of its own."""
        if self.fallback_provider is None:
            return None
        return Judge(
            provider=self.fallback_provider,
            model=self.fallback_model,
            base_url=self.fallback_base_url,
        )
