"""Secrets come from the environment and .env, and are never shown."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from darkroom.adapters.secret_values import NAMES, Secrets, SecretsRead, read_secrets

CANARY = "sk-canary-4815162342"


def read(tmp_path: Path, text: str | bytes | None, **environ: str) -> SecretsRead:
    path = tmp_path / ".env"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(0o600)
    return read_secrets(environ, path, ".env")


def key(found: SecretsRead) -> str | None:
    secret = found.secrets.get("OPENAI_API_KEY")
    return secret.get_secret_value() if secret else None


@pytest.mark.parametrize(
    "text",
    [
        f"OPENAI_API_KEY={CANARY}",
        f"\ufeff# mine\n\n  export OPENAI_API_KEY = '{CANARY}' # the key\n",
        f'OPENAI_API_KEY="{CANARY}"\r\n',
        f"OPENAI_API_KEY={CANARY}   # the key",
        f"OPENAI_API_KEY=old\nOPENAI_API_KEY={CANARY}",
    ],
)
def test_ways_to_write_a_value(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text)
    assert key(found) == CANARY
    assert (found.problems, found.warnings) == ((), ())
    assert found.secrets.origins["OPENAI_API_KEY"] == ".env"


def test_the_environment_wins(tmp_path: Path) -> None:
    found = read(tmp_path, "OPENAI_API_KEY=from-file", OPENAI_API_KEY=CANARY)
    assert key(found) == CANARY
    assert found.secrets.origins["OPENAI_API_KEY"] == "environment"


def test_an_empty_variable_is_unset(tmp_path: Path) -> None:
    assert key(read(tmp_path, f"OPENAI_API_KEY={CANARY}", OPENAI_API_KEY=" ")) == CANARY
    assert key(read(tmp_path, "OPENAI_API_KEY=''")) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{CANARY}", ".env:1: expected NAME=VALUE"),
        (f"\nOPENAI_API_KEY='{CANARY}", ".env:2: the quote is not closed"),
        (f"OPENAI_API_KEY={CANARY}\x1b[2J", "OPENAI_API_KEY: holds characters that no key has"),
        (b"OPENAI_API_KEY=\xff" + CANARY.encode(), "is not UTF-8"),
        (b"#" * 200_000, "are allowed"),
    ],
)
def test_mistakes_in_the_file_never_show_it(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    found = read(tmp_path, text)
    assert message in str(found.problems[0])
    assert CANARY not in f"{found.problems}{found.warnings}"


def test_a_misspelt_name_and_an_open_file_are_warned_about(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"OPENROUTER_APIKEY={CANARY}\nEDITOR=vi\n", encoding="utf-8")
    (tmp_path / ".env").chmod(0o644)
    found = read_secrets({}, tmp_path / ".env", ".env")
    assert any("did you mean OPENROUTER_API_KEY?" in text for text in found.warnings)
    assert any("chmod 600" in text for text in found.warnings)
    assert len(found.warnings) == 2


def test_a_secret_too_short_to_mask_is_warned_about(tmp_path: Path) -> None:
    assert "too short" in read(tmp_path, None, OPENAI_API_KEY="abc").warnings[0]


def test_states_say_set_or_unset_and_how_long(tmp_path: Path) -> None:
    states = read(tmp_path, None, OPENAI_API_KEY=CANARY).secrets.states()
    assert {state.key for state in states} == set(NAMES)
    told = {state.key: state.value for state in states}
    assert told["OPENAI_API_KEY"] == "set (20 characters)"
    assert told["DARKROOM_S3_SECRET_KEY"] == "unset"


def test_a_key_of_a_project_gives_way_to_the_environment() -> None:
    own = Secrets().also("openrouter", SecretStr(CANARY), "AIVis.yaml:3")
    assert own.api_key("openrouter") == SecretStr(CANARY)
    assert own.known() == (SecretStr(CANARY),)
    both = Secrets({"OPENROUTER_API_KEY": SecretStr("env-key")}, {}).also(
        "openrouter", SecretStr(CANARY), "AIVis.yaml:3"
    )
    assert both.api_key("openrouter") == SecretStr("env-key")
    assert Secrets().also("openai", None, "x").api_key("openai") is None
    assert Secrets().api_key("embedded") is None


def test_the_store_has_two_secrets(tmp_path: Path) -> None:
    given = {"DARKROOM_S3_ACCESS_KEY": "who-asks", "DARKROOM_S3_SECRET_KEY": CANARY}
    secrets = read(tmp_path, None, **given).secrets
    assert secrets.s3_access_key == SecretStr("who-asks")
    assert secrets.s3_secret_key == SecretStr(CANARY)


def test_a_secret_shows_in_no_form_of_the_record(tmp_path: Path) -> None:
    found = read(tmp_path, None, OPENAI_API_KEY=CANARY)
    forms = [repr(found), str(found.secrets), str(found.secrets.states()), f"{found.secrets!r}"]
    assert not [form for form in forms if CANARY in form]
