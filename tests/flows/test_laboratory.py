"""`darkroom up` for real: a hardened Prefect server, a worker and the engine in one folder."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from prefect.exceptions import PrefectException

from benchmarks.recovery.checks import counted
from benchmarks.recovery.place import Place
from flows.laboratory import CLIENT_FILE, FOLDER, client_environment, join
from tasks.gpu_slot import limit_of
from tests.fakes.s3_servers import free_port
from tests.fakes.unmeasured import unmeasured

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
DARKROOM = Path(sys.executable).with_name("darkroom")
PREFECT = Path(sys.executable).with_name("prefect")
ASK_S = 60


def run(
    command: Path, *arguments: str, folder: Path, environ: Mapping[str, str] = os.environ
) -> subprocess.CompletedProcess[str]:
    known = {k: v for k, v in environ.items() if not k.startswith(("PREFECT_", "DARKROOM_"))}
    return subprocess.run(
        [str(command), *arguments],
        cwd=folder,
        env=known,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("laboratory")
    # the parts know what the command knows, and Prefect's own take half as long again if measured
    known = unmeasured(os.environ)
    started = run(DARKROOM, "up", "--port", str(free_port()), folder=folder, environ=known)
    assert started.returncode == 0, started.stderr
    yield folder
    ended = run(DARKROOM, "down", folder=folder)
    assert ended.stdout.strip() == "ended", ended.stderr
    assert not (folder / CLIENT_FILE).exists()
    assert run(DARKROOM, "status", folder=folder).returncode == 3


def rows(home: Path) -> dict[str, dict[str, object]]:
    said = run(DARKROOM, "status", "--json", folder=home)
    return {row["part"]: row for row in json.loads(said.stdout)}


def address(home: Path) -> str:
    return str(rows(home)["prefect-server"]["address"])


def signed(home: Path) -> tuple[str, str]:
    name, _, password = (home / FOLDER / "password").read_text().partition(":")
    return name, password


def test_every_part_runs_and_status_says_so(home: Path) -> None:
    said = {name: row["condition"] for name, row in rows(home).items()}
    assert said == {
        "prefect-server": "healthy",
        "set-up": "done",
        "worker": "healthy",
        "engine": "healthy",
    }


def test_a_second_up_starts_nothing_new(home: Path) -> None:
    before = rows(home)
    assert run(DARKROOM, "up", folder=home).returncode == 0
    assert rows(home) == before


def test_the_server_asks_for_the_password_and_for_a_token(home: Path) -> None:
    url = f"{address(home)}/api/flows/filter"
    assert requests.post(url, json={}, timeout=ASK_S).status_code in {401, 403}
    unmarked = requests.post(url, json={}, auth=signed(home), timeout=ASK_S)
    assert (unmarked.status_code, "CSRF" in unmarked.text) == (403, True)


def test_no_other_page_may_call_the_server(home: Path) -> None:
    asked = requests.options(
        f"{address(home)}/api/flows/",
        headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"},
        timeout=ASK_S,
    )
    assert "evil" not in asked.headers.get("access-control-allow-origin", "")
    assert asked.headers.get("access-control-allow-origin") != "*"


def test_another_shell_in_the_folder_finds_the_server_and_the_deployments(home: Path) -> None:
    listed = run(PREFECT, "deployment", "ls", folder=home)
    assert "iterate/default" in listed.stdout, listed.stderr
    limits = asked(home, "/v2/concurrency_limits/filter")
    servers = [limit["name"] for limit in limits if limit["name"].startswith("gpu:")]
    assert servers == [limit_of("embedded")]


def test_another_shell_starts_a_run_by_its_project(home: Path) -> None:
    assert run(DARKROOM, "project", "create", "demo", "--from", "demo", folder=home).returncode == 0
    given = ("-p", "project=demo", "-p", 'options={"dry_run": true}', "--tag", "there")
    begun = run(PREFECT, "deployment", "run", "iterate/default", *given, folder=home)
    assert begun.returncode == 0, begun.stdout + begun.stderr
    mine = {"flow_runs": {"tags": {"all_": ["there"]}}}
    until(lambda: asked(home, "/flow_runs/filter", mine)[0]["state_type"] == "COMPLETED", 300)


def test_setting_up_again_changes_nothing(home: Path) -> None:
    password = (home / FOLDER / "password").read_text()
    known = client_environment(home, f"{address(home)}/api", password)
    counted = [asked(home, f"/{kind}/count") for kind in ("automations", "deployments")]
    again = subprocess.run(
        [sys.executable, "-m", "flows.set_up"],
        cwd=home,
        env={**os.environ, **known},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert again.returncode == 0, again.stderr
    assert counted == [asked(home, f"/{kind}/count") for kind in ("automations", "deployments")]
    assert counted[0] == 3  # dead runs, runs that crashed, workers that begin
    assert [pool["name"] for pool in asked(home, "/work_pools/filter")] == ["darkroom"]


def asked(home: Path, route: str, content: object = None) -> Any:
    """As the UI asks: signed, and with a token against forged requests."""
    base = f"{address(home)}/api"
    with requests.Session() as session:
        session.auth = signed(home)
        token = session.get(f"{base}/csrf-token", params={"client": "test"}, timeout=ASK_S).json()
        marks = {"Prefect-Csrf-Token": token["token"], "Prefect-Csrf-Client": "test"}
        told = content or {}
        answer = session.post(f"{base}{route}", json=told, headers=marks, timeout=ASK_S)
    assert answer.ok, answer.text
    return answer.json()


def test_a_run_joins_the_server_that_is_up(home: Path) -> None:
    environ: dict[str, str] = {}
    join(home, environ)
    assert environ["PREFECT_API_URL"] == f"{address(home)}/api"
    assert environ["PREFECT_API_AUTH_STRING"] == (home / FOLDER / "password").read_text()


def test_a_run_elsewhere_is_not_sent_to_a_server_that_is_gone(tmp_path: Path) -> None:
    environ = {"PREFECT_API_URL": "http://127.0.0.1:1/api"}
    join(tmp_path, environ)
    assert environ == {"PREFECT_API_URL": "http://127.0.0.1:1/api"}
    environ = {}
    join(tmp_path, environ)
    assert environ == {"PREFECT_API_URL": ""}


def test_a_killed_server_comes_back_with_all_it_knew(home: Path) -> None:
    before = rows(home)["prefect-server"]
    os.kill(int(str(before["pid"])), signal.SIGKILL)
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        now = rows(home)["prefect-server"]
        if now["pid"] != before["pid"] and now["condition"] == "healthy":
            break
        time.sleep(0.5)
    assert "iterate/default" in run(PREFECT, "deployment", "ls", folder=home).stdout


@pytest.fixture
def place(home: Path) -> Place:
    """The same laboratory with a project whose runs take a while."""
    made = Place(home, 0)
    made.prepare(("second",))
    return made


@pytest.mark.soak
def test_runs_of_the_worker_come_to_their_end_whatever_is_killed(place: Place) -> None:
    chance = random.Random(7)
    place.deployed("second")
    for kinds in (("worker", "flow"), ("engine",), ("prefect-server", "flow")):
        until(lambda: "flow" in place.victims(), 200)
        time.sleep(chance.uniform(2.0, 6.0))
        for kind in kinds:
            place.kill(kind, chance)
    until(lambda: set(quietly(place).values()) == {"COMPLETED"}, 500)
    place.command("reconcile")
    found = counted(place.home / "projects")
    assert (found.damaged, found.orphans, found.open_promises) == (0, 0, 0)
    assert found.committed == found.jobs >= 5


def quietly(place: Place) -> dict[str, str]:
    """The states, once the server that was killed answers again."""
    try:
        return place.states()
    except (KeyError, httpx.HTTPError, PrefectException, RuntimeError):
        return {"": "UNKNOWN"}


def until(holds: Callable[[], bool], within_s: float) -> None:
    ends_at = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends_at
        time.sleep(0.5)
