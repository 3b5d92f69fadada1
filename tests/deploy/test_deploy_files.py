"""deploy/: what an operator copies names settings that exist and variables that are documented."""

import configparser
import functools
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from darkroom.apps.cli import app
from darkroom.core.config.lab import LabConfig

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
EXAMPLES = sorted(DEPLOY.glob("*.env.example"))
OTHERS = {"DO_NOT_TRACK", "DARKROOM_HOME", "DARKROOM_S3_ACCESS_KEY", "DARKROOM_S3_SECRET_KEY"}
SECRET = re.compile(r"(PASSWORD|SECRET|ACCESS_KEY|AUTH|_URL)$")


def told(example: Path) -> dict[str, str]:
    """The variables of an environment file, read as systemd does."""
    lines = example.read_text(encoding="utf-8").splitlines()
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    return dict(pairs)


def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


@functools.cache
def known_settings() -> set[str]:
    """Every environment variable that Prefect and its Redis integration read."""
    from prefect.settings import get_current_settings
    from prefect.settings.base import PrefectBaseSettings

    found: set[str] = set()

    def look(settings: PrefectBaseSettings) -> None:
        for name, field in type(settings).model_fields.items():
            value = getattr(settings, name)
            if isinstance(value, PrefectBaseSettings):
                look(value)
            prefix = str(settings.model_config.get("env_prefix", "PREFECT_"))
            found.add(f"{prefix}{name}".upper())
            choices = getattr(field.validation_alias, "choices", [])
            found.update(choice.upper() for choice in choices if isinstance(choice, str))

    look(get_current_settings())
    return found | {"PREFECT_REDIS_MESSAGING_URL", "PREFECT_REDIS_WORKER_CLEANUP_QUEUE_URL"}


@pytest.mark.parametrize("name", ["server.env.example", "worker.env.example"])
def test_every_variable_is_a_setting_that_exists(name: str) -> None:
    assert told(DEPLOY / name).keys() - known_settings() - OTHERS == set()


def test_prefect_takes_the_values_of_the_server_file(tmp_path: Path) -> None:
    code = (
        "from prefect.settings import get_current_settings as s; e = s().server;"
        "print(e.database.migrate_on_start, e.events.messaging_broker, e.concurrency.lease_storage,"
        "e.services.db_vacuum.enabled_vacuum_types >= {'events', 'flow_runs'})"
    )
    knows = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        **told(DEPLOY / "server.env.example"),
    }
    knows["PREFECT_HOME"] = str(tmp_path)
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, env=knows, capture_output=True, text=True, check=True).stdout
    assert said.split() == [
        "False",
        "prefect_redis.messaging",
        "prefect_redis.lease_storage",
        "True",
    ]


def test_nothing_that_several_processes_share_is_left_in_the_memory_of_one() -> None:
    server = told(DEPLOY / "server.env.example")
    shared = ("MESSAGING_BROKER", "MESSAGING_CACHE", "CAUSAL_ORDERING", "_STORAGE")
    assert all(
        value.startswith("prefect_redis.")
        for name, value in server.items()
        if name.endswith(shared)
    )
    assert sum(name.endswith(shared) for name in server) == 5
    assert server["PREFECT_SERVER_DOCKET_URL"].startswith("redis://")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_holds_no_secret(example: Path) -> None:
    for name, value in told(example).items():
        if SECRET.search(name) and ("://" not in value or "@" in value):
            assert "CHANGE_ME" in value, name


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_every_variable_has_a_comment_before_it(example: Path) -> None:
    for block in example.read_text(encoding="utf-8").strip().split("\n\n"):
        assert block.startswith("#"), block


def test_compose_names_only_variables_that_are_documented() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    named = set(re.findall(r"\$\{([A-Z_0-9]+)", text))
    assert named == told(DEPLOY / "compose.env.example").keys()


def test_compose_changes_only_variables_that_the_example_files_have() -> None:
    documented = told(DEPLOY / "server.env.example") | told(DEPLOY / "worker.env.example")
    documented["PREFECT_SERVER_REGISTER_BLOCKS_ON_START"] = "documented in README.md"
    for name, service in compose()["services"].items():
        if service.get("image", "").startswith("darkroom"):
            assert service["environment"].keys() <= documented.keys(), name


def test_compose_pins_every_image_and_opens_ports_on_loopback() -> None:
    for name, service in compose()["services"].items():
        tag = service["image"].rpartition(":")[2]
        assert tag == "local" or re.match(r"\d+\.\d+", tag), name
        for port in service.get("ports", []):
            assert port.startswith("${DARKROOM_LISTEN:-127.0.0.1}:"), name


def test_compose_waits_only_for_services_that_it_has() -> None:
    services = compose()["services"]
    for name, service in services.items():
        for other, waits in service.get("depends_on", {}).items():
            assert other in services, name
            if waits["condition"] == "service_healthy":
                assert "healthcheck" in services[other], other


def test_compose_upgrades_the_database_before_any_server() -> None:
    services = compose()["services"]
    for name in ("api", "api-2", "services"):
        assert services[name]["depends_on"]["upgrade"] == {
            "condition": "service_completed_successfully"
        }


@functools.cache
def darkroom_commands() -> set[str]:
    return set(typer.main.get_group(app).commands)


def is_command(words: list[str]) -> bool:
    """Whether Darkroom, Prefect, Python or a shell knows the beginning of this."""
    program, *rest = words
    match program:
        case "darkroom":
            return rest[0] in darkroom_commands()
        case "prefect":
            return rest[:2] in (["server", "start"], ["server", "services"], ["server", "database"])
        case "python":
            return importlib.util.find_spec(rest[rest.index("-m") + 1]) is not None
        case "sh":
            return all(is_command(each.split()) for each in rest[-1].split(" && "))
        case _:
            return False


def test_compose_gives_each_of_our_services_a_command_that_exists() -> None:
    for name, service in compose()["services"].items():
        if service["image"].startswith("darkroom"):
            assert is_command(service["command"]), name


def test_compose_names_only_files_and_volumes_that_exist() -> None:
    document = compose()
    used: set[str] = set()
    for name, service in document["services"].items():
        if "build" in service:
            root_of_build = (DEPLOY / service["build"]["context"]).resolve()
            assert (root_of_build / service["build"]["dockerfile"]).is_file(), name
        if "env_file" in service:
            assert (DEPLOY / service["env_file"]).is_file(), name
        sources = [volume.rsplit(":", 1)[0] for volume in service.get("volumes", [])]
        used |= {source for source in sources if re.fullmatch(r"[a-z]+", source)}
    assert used == document["volumes"].keys()


def test_compose_asks_for_health_in_a_way_that_can_be_run() -> None:
    kinds = {"CMD", "CMD-SHELL"}
    for name, service in compose()["services"].items():
        if "healthcheck" not in service:
            continue
        kind, *words = service["healthcheck"]["test"]
        assert kind in kinds, name
        if words[0] == "python":
            compile(words[2], name, "exec")
        else:
            image = service["image"].partition(":")[0]
            asks = {"postgres": "pg_isready", "redis": "redis-cli ping"}[image]
            assert asks in " ".join(words), name


@pytest.mark.parametrize("page", ["docs/scale.md", "deploy/README.md", "docs/laboratory.md"])
def test_a_page_for_operators_names_only_what_there_is(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    settings = known_settings() | OTHERS | told(DEPLOY / "compose.env.example").keys()
    assert set(re.findall(r"\bPREFECT_[A-Z_]+[A-Z]\b", text)) <= settings
    for module in re.findall(r"python (?:-P )?-m ([\w.]+)", text):
        assert importlib.util.find_spec(module) is not None, module
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert set(re.findall(r"`make ([a-z-]+)`", text)) <= set(targets)
    named = re.findall(r"(?:`|^)darkroom ([a-z]+)\b", text, re.M)
    assert named
    assert set(named) <= darkroom_commands()
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert ((ROOT / page).parent / link).exists(), link


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_reads_a_documented_file_and_starts_what_is_installed(unit: Path) -> None:
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # pyright: ignore[reportAttributeAccessIssue] - as systemd has it
    read.read_string(unit.read_text(encoding="utf-8"))
    service = read["Service"]
    assert is_command(service["ExecStart"].removeprefix("/opt/darkroom/.venv/bin/").split())
    if service.get("Type") != "oneshot":
        assert service["Restart"] == "always"
    lines = unit.read_text(encoding="utf-8").splitlines()
    files = [line.partition("=")[2] for line in lines if line.startswith("EnvironmentFile=/")]
    assert [(DEPLOY / f"{Path(file).name}.example").exists() for file in files] == [True]


def test_the_example_laboratory_is_one() -> None:
    found = yaml.safe_load((DEPLOY / "darkroom.yaml.example").read_text(encoding="utf-8"))
    assert LabConfig.model_validate(found).store.kind == "s3"


def test_the_read_me_names_only_files_that_exist() -> None:
    text = (DEPLOY / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"deploy/([\w./@*-]+)", text):
        if not name.startswith(("lab", ".env")):
            assert [*DEPLOY.glob(name)], name
