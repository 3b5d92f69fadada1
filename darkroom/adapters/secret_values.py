"""Secrets: from the environment, else from `.env`, and from nowhere else.

Owns the list of names. A value is a `SecretStr` from the moment it is read;
messages say "set (20 characters)" and no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import SecretStr

from darkroom.adapters.env_files import is_private, read_env_file
from darkroom.adapters.redaction import SHORTEST
from darkroom.core.config.explain import Setting, secret_state
from darkroom.core.config.faults import near_name
from darkroom.core.errors import Problem
from darkroom.core.text import visible

NAMES = (
    "DARKROOM_S3_ACCESS_KEY",
    "DARKROOM_S3_SECRET_KEY",
    "OPENROUTER_API_KEY",
    "OPENAI_API_KEY",
    "OLLAMA_API_KEY",
    "DARKROOM_NOTIFY_URL",
    "DARKROOM_NOTIFY_SECRET",
)
KEY_VARIABLES = {
    "openrouter": "OPENROUTER_API_KEY",
    "openai": "OPENAI_API_KEY",
    "ollama": "OLLAMA_API_KEY",
}
ENVIRONMENT = "environment"


@dataclass(frozen=True)
class Secrets:
    """The secrets of this process, by the name of their variable."""

    values: Mapping[str, SecretStr] = field(default_factory=dict[str, SecretStr])
    origins: Mapping[str, str] = field(default_factory=dict[str, str])

    def get(self, name: str) -> SecretStr | None:
        """One secret, or None where it is unset."""
        return self.values.get(name)

    @property
    def s3_access_key(self) -> SecretStr | None:
        """Who asks the store."""
        return self.get("DARKROOM_S3_ACCESS_KEY")

    @property
    def s3_secret_key(self) -> SecretStr | None:
        """The proof of it."""
        return self.get("DARKROOM_S3_SECRET_KEY")

    @property
    def notify_url(self) -> SecretStr | None:
        """Where a run tells that it is over; such addresses often hold a key."""
        return self.get("DARKROOM_NOTIFY_URL")

    @property
    def notify_secret(self) -> SecretStr | None:
        """What such a message is signed with."""
        return self.get("DARKROOM_NOTIFY_SECRET")

    def api_key(self, provider: str) -> SecretStr | None:
        """The key for a vision provider; the environment wins over AIVis.yaml."""
        return self.get(KEY_VARIABLES.get(provider, "")) or self.get(f"{provider}: api_key")

    def known(self) -> tuple[SecretStr, ...]:
        """Every value that must never be written down."""
        return tuple(self.values.values())

    def also(self, provider: str, key: SecretStr | None, origin: str) -> "Secrets":
        """With the key a project's AIVis.yaml gives for a provider."""
        if key is None:
            return self
        name = f"{provider}: api_key"
        return replace(
            self, values={**self.values, name: key}, origins={**self.origins, name: origin}
        )

    def states(self) -> tuple[Setting, ...]:
        """Set or unset, for each name; never a value."""
        names = dict.fromkeys((*NAMES, *self.values))
        return tuple(
            Setting(name, secret_state(self.get(name)), self.origins.get(name, "-"))
            for name in names
        )


@dataclass(frozen=True)
class SecretsRead:
    """The secrets found, with what is wrong and what is worth a warning."""

    secrets: Secrets
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


def read_secrets(environ: Mapping[str, str], env_file: Path, source: str) -> SecretsRead:
    """Collect the secrets; a variable that is set but empty is unset."""
    from_file, problems = read_env_file(env_file, source)
    values: dict[str, SecretStr] = {}
    origins: dict[str, str] = {}
    for name in NAMES:
        for origin, mapping in ((ENVIRONMENT, environ), (source, from_file)):
            value = mapping.get(name, "").strip()
            if not value or name in values:
                continue
            if fault := _fault(value):
                problems.append(Problem(origin, None, name, fault))
            values[name], origins[name] = SecretStr(value), origin
    warnings = [*_misspelt(from_file, source), *_weak(values)]
    if from_file and not is_private(env_file):
        warnings.append(f"{source} can be read by others on this machine: chmod 600 {source}")
    return SecretsRead(Secrets(values, origins), tuple(problems), tuple(warnings))


def _fault(value: str) -> str | None:
    if "\n" in value or "\t" in value or visible(value) != value:
        return "holds characters that no key has"
    return None


def _weak(values: Mapping[str, SecretStr]) -> list[str]:
    return [
        f"{name} is too short to be masked in logs"
        for name, secret in values.items()
        if len(secret) < SHORTEST
    ]


def _misspelt(names: Mapping[str, str], source: str) -> list[str]:
    found = ((name, near_name(name, NAMES)) for name in names if name not in NAMES)
    return [
        f"{source} sets {name}, which nothing reads; did you mean {near}?"
        for name, near in found
        if near is not None and near not in names
    ]
