"""`darkroom warehouse` and `darkroom sql` as a person or a script meets them."""

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from darkroom.adapters.secret_values import NAMES
from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse.opening import writing
from darkroom.apps import cli
from tests.fakes.archives import Archive

Captured = pytest.CaptureFixture[str]
EVIL = "\x1b]0;x\x07'; DROP TABLE images; --"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and none of this machine's own settings."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def archive(home: Path) -> Archive:
    return Archive(FolderStore(home / "projects"))


@pytest.fixture
def built(archive: Archive, capsys: Captured) -> Archive:
    archive.image(1, parameters__seed=2**64 - 1)
    archive.image(2, input__prompt=EVIL, parameters__cfg=None)
    archive.put(archive.keys.sidecar(3), b"{")
    assert cli.main(["warehouse", "sync"]) == 0
    capsys.readouterr()
    return archive


def _json(capsys: Captured) -> object:
    return json.loads(capsys.readouterr().out)


def _error(capsys: Captured) -> dict[str, str]:
    found: dict[str, str] = json.loads(capsys.readouterr().err.splitlines()[-1])["error"]
    return found


def test_sync_says_what_came_and_what_could_not_be_read(archive: Archive, capsys: Captured) -> None:
    archive.image(1)
    archive.put(archive.keys.sidecar(3), b"{")
    assert cli.main(["warehouse", "sync"]) == 0
    said = capsys.readouterr()
    assert "2 added, 0 changed, 0 removed, 1 unreadable" in said.out
    assert "built anew: there was none" in said.out
    assert cli.main(["warehouse", "sync", "--whole", "--json"]) == 0
    report = _json(capsys)
    assert isinstance(report, dict)
    assert (report["added"], report["rebuilt"]) == (0, None)


def test_rebuild_builds_anew(built: Archive, capsys: Captured) -> None:
    assert cli.main(["warehouse", "rebuild", "--json"]) == 0
    report = _json(capsys)
    assert isinstance(report, dict)
    assert (report["added"], report["rebuilt"]) == (3, "asked for")


def test_status_tells_how_much_and_how_fresh(built: Archive, capsys: Captured) -> None:
    assert cli.main(["warehouse", "status", "--json"]) == 0
    status = _json(capsys)
    assert isinstance(status, dict)
    assert (status["images"], status["runs"], status["quarantined"]) == (2, 1, 1)
    assert status["failed_checks"] == []
    assert cli.main(["warehouse", "status"]) == 0
    assert "synchronised" in capsys.readouterr().out


def test_status_fails_where_a_check_finds_rows(
    built: Archive, home: Path, capsys: Captured
) -> None:
    path = home / ".darkroom" / "warehouse.duckdb"
    path.chmod(0o644)
    with writing(path) as connection:
        connection.execute("INSERT INTO images SELECT * FROM images")
    assert cli.main(["warehouse", "status", "--json"]) == 4
    error = _error(capsys)
    assert error["code"] == "warehouse-check-failed"
    assert "image_twice" in error["message"]


def test_quarantine_lists_documents_with_reasons(built: Archive, capsys: Captured) -> None:
    assert cli.main(["warehouse", "quarantine", "--json"]) == 0
    assert _json(capsys) == [
        {
            "source": built.keys.sidecar(3),
            "kind": "sidecar",
            "code": "sidecar-truncated",
            "reason": "ends in mid-text at byte 1",
        }
    ]
    assert cli.main(["warehouse", "quarantine", "--like", "other/%"]) == 0
    assert capsys.readouterr().out == "document  code  reason\n"


def test_path_tells_where_the_file_is(home: Path, capsys: Captured) -> None:
    assert cli.main(["warehouse", "path"]) == 0
    assert capsys.readouterr().out == f"{home / '.darkroom' / 'warehouse.duckdb'}\n"


def test_without_a_warehouse_a_question_is_answered_with_the_way_to_one(capsys: Captured) -> None:
    assert cli.main(["sql", "SELECT 1"]) == 2
    said = capsys.readouterr().err
    assert "warehouse-missing" in said
    assert "darkroom warehouse sync" in said


def test_an_answer_is_a_table_in_which_no_prompt_acts_on_the_terminal(
    built: Archive, capsys: Captured
) -> None:
    assert cli.main(["sql", "SELECT iteration, prompt, cfg FROM image ORDER BY 1"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "DROP TABLE" in out
    assert out.splitlines()[2].rstrip().endswith("-")


def test_an_answer_as_json_keeps_every_digit(built: Archive, capsys: Captured) -> None:
    asked = "SELECT seed, created_at, 1e308 * 10 AS x, 2::HUGEINT ** 100 AS y FROM image"
    assert cli.main(["sql", f"{asked} ORDER BY iteration", "--json"]) == 0
    row = _json(capsys)
    assert isinstance(row, list)
    assert row[0]["seed"] == 2**64 - 1
    assert row[0]["created_at"] == "2026-11-21T11:30:00.250000"
    assert row[0]["x"] is None


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_answer_goes_down_a_pipe(built: Archive, capsys: Captured, form: str) -> None:
    asked = (
        "SELECT i.iteration, i.prompt, loras, 'x'::BLOB AS raw"
        " FROM image i JOIN flat USING (image) ORDER BY 1"
    )
    assert cli.main(["sql", asked, "--format", form]) == 0
    out = capsys.readouterr().out
    rows = list(csv.DictReader(io.StringIO(out))) if form == "csv" else json.loads(out)
    assert rows[1]["prompt"] == EVIL
    loras = json.loads(rows[0]["loras"]) if form == "csv" else rows[0]["loras"]
    assert loras == [{"name": "warm.safetensors", "strength": 0.5}]


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.parquet", "deep/er/a.parquet"])
def test_an_answer_goes_into_a_new_file(
    built: Archive, home: Path, capsys: Captured, name: str
) -> None:
    path = home / name
    assert cli.main(["sql", "FROM image ORDER BY iteration", "--output", str(path)]) == 0
    assert f"2 rows in {path}" in capsys.readouterr().out
    if path.suffix == ".parquet":
        assert pq.read_table(path).column("seed").to_pylist()[0] == 2**64 - 1
    assert cli.main(["sql", "FROM image", "--output", str(path), "--json"]) == 2
    assert _error(capsys)["code"] == "sql-output"
    assert [p.name for p in path.parent.iterdir() if p.name.startswith(".a")] == []


def test_an_empty_answer_is_an_answer(built: Archive, capsys: Captured) -> None:
    assert cli.main(["sql", "FROM image WHERE FALSE", "--format", "json"]) == 0
    assert capsys.readouterr().out == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["DELETE FROM images"], "sql-refused"),
        (["SELECT 1; SELECT 2"], "sql-refused"),
        ([""], "sql-refused"),
        (["SELECT * FROM read_text('/etc/hostname')"], "sql-refused"),
        (["COPY image TO 'x.csv'"], "sql-refused"),
        (["SELECT nothing FROM image"], "sql-failed"),
        (["SELEC"], "sql-failed"),
        (["SELECT 1", "--format", "xml"], "sql-output"),
        (["SELECT 1", "--output", "x.txt"], "sql-output"),
        (["SELECT 1", "--output", "x.csv", "--format", "table"], "sql-output"),
        (["SELECT sum(a.range * b.range) FROM range(9999999) a, range(9999999) b",
          "--timeout-s", "0.2"], "sql-timeout"),
        (["SELECT list(a.range + b.range) FROM range(9999999) a, range(99) b",
          "--memory-mb", "64"], "warehouse-memory"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_with_a_code(
    built: Archive, capsys: Captured, arguments: list[str], code: str
) -> None:
    assert cli.main(["sql", *arguments, "--json"]) in {2, 3}
    assert _error(capsys)["code"] == code


def test_questions_about_the_tables_are_questions(built: Archive, capsys: Captured) -> None:
    for asked in ("SHOW TABLES", "DESCRIBE image", "SUMMARIZE image", "EXPLAIN SELECT 1"):
        assert cli.main(["sql", asked]) == 0, asked
    assert "score_latest" in capsys.readouterr().out


def test_an_answer_for_a_terminal_is_made_harmless(
    built: Archive, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert cli.main(["sql", "SELECT prompt FROM image", "--format", "csv"]) == 0
    assert "\x1b" not in capsys.readouterr().out.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert cli.main(["sql", "SELECT prompt FROM image", "--format", "parquet"]) == 2
