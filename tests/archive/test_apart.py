"""A question of a person cannot harm the process that asks it, nor outlive it."""

import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from darkroom.adapters.settings import Lab, open_lab
from darkroom.adapters.stores.folder import FolderStore
from darkroom.adapters.warehouse.asking import asked
from darkroom.adapters.warehouse.opening import Limits
from darkroom.archive.apart import process
from darkroom.archive.apart.answering import answer
from darkroom.archive.apart.process import Apart
from darkroom.archive.apart.receiving import BoundedAnswer
from darkroom.archive.apart.wire import WELL, heard
from darkroom.archive.querying import ask, frame_of_sql
from darkroom.archive.querying_output import Format, write_answer
from darkroom.archive.syncing import sync
from darkroom.core.errors import DarkroomError, OutsideError, UsageError
from tests.fakes.archives import Archive

ENDLESS = "SELECT sum(a.range * b.range) FROM range(9999999) a, range(9999999) b"
DEAF = "SELECT lpad('x', 2000000000, 'y')"
MANY = "SELECT range AS n FROM range(2500000)"
EVERY_KIND = """
    SELECT 1::UTINYINT, 2::HUGEINT, 3.5::DECIMAL(38, 10), 'x'::BLOB, '{"a": 1}'::JSON, [1, NULL],
    {'x': 1, 'y': [{'z': 2}]}, MAP {'a': 1}, TIMESTAMP '2020-01-01 01:02:03.123456', NULL,
    TIMESTAMPTZ '2020-01-01 01:02:03+02', TIME '01:02:03', INTERVAL 3 DAY, DATE '2020-01-01',
    'a'::ENUM ('a', 'b'), union_value(num := 2), '0101'::BIT, [1, 2]::INT[2], 'NaN'::FLOAT
"""


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is slow to end, on a machine that stands still, is waited for."""
    monkeypatch.setattr(process, "_ENDS_WITHIN_S", 60.0)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = open_lab(environ={}, cwd=tmp_path_factory.mktemp("lab"))
    archive = Archive(FolderStore(lab.store_root))
    for number in range(1, 4):
        archive.image(number, workflow__model=f"model {number % 2}")
    sync(lab)
    return lab


def refused(lab: Lab, sql: str, **limits: Any) -> DarkroomError:
    with pytest.raises(DarkroomError) as caught, ask(sql, lab=lab, limits=Limits(**limits)) as said:
        list(said.rows())
    return caught.value


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until_gone(pid: int) -> None:
    ends_at = time.monotonic() + 60
    while is_alive(pid):
        assert time.monotonic() < ends_at, "it is still there"
        time.sleep(0.1)


def wait_until_asked(pid: int) -> None:
    """Once it has its question, it watches whether anybody waits for the answer: a thread more."""
    with suppress(FileNotFoundError):  # it has ended
        while is_alive(pid) and len(list(Path(f"/proc/{pid}/task").iterdir())) < 2:
            time.sleep(0.02)


def test_every_kind_of_value_arrives_as_it_left(lab: Lab) -> None:
    with asked(lab.warehouse, EVERY_KIND, Limits()) as here, ask(EVERY_KIND, lab=lab) as apart:
        assert apart.schema == here.schema
        assert [str(row) for row in apart.rows()] == [str(row) for row in here.rows()]


def test_a_function_that_looks_at_no_clock_is_ended_all_the_same(lab: Lab) -> None:
    assert refused(lab, DEAF, time_s=0.1).code == "sql-timeout"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT repeat('x', 4000000000)", "needs more"),
        ("SELECT repeat('x', 20000000)", "one row of the answer takes 19 MB"),
        ("SELECT repeat('x', 3000000) FROM range(1000)", "needs more"),
    ],
)
def test_a_text_that_is_too_long_is_refused_memory(lab: Lab, sql: str, said: str) -> None:
    error = refused(lab, sql, memory_mb=64)
    assert error.code == "warehouse-memory"
    assert said in error.message


def test_an_answer_that_does_not_fit_is_not_gathered(lab: Lab) -> None:
    few = Limits(memory_mb=16)
    with pytest.raises(OutsideError, match="as a whole"):
        frame_of_sql(MANY, lab=lab, limits=few)
    with pytest.raises(OutsideError, match="as a whole"), ask(MANY, lab=lab, limits=few) as said:
        said.rows_at_once()
    with ask(MANY, lab=lab, limits=few) as said:
        assert sum(batch.num_rows for batch in said.batches) == 2_500_000


def test_a_mistake_in_the_midst_of_an_answer_is_told(lab: Lab) -> None:
    late = "SELECT CASE WHEN range = 99999 THEN error('late') ELSE 1 END FROM range(100000)"
    error = refused(lab, late)
    assert (error.code, error.message) == ("sql-failed", "Invalid Input Error: late")
    assert refused(lab, "SELECT repeat('x', 9999), range FROM range(9999999)", time_s=0.2).code == (
        "sql-timeout"
    )


@pytest.mark.parametrize("sql", ["SELECT DATE '290000-01-01'", "SELECT 'infinity'::TIMESTAMP"])
def test_a_value_python_does_not_have_is_told_as_such(lab: Lab, sql: str) -> None:
    assert "no form in Python" in refused(lab, sql).message


@pytest.mark.parametrize(
    ("form", "sql"),
    [
        ("csv", "SELECT [DATE '290000-01-01']"),
        ("csv", "SELECT INTERVAL 1 DAY"),
        ("parquet", "SELECT INTERVAL 1 DAY"),
    ],
)
def test_a_value_a_file_cannot_hold_is_told_as_such(lab: Lab, form: Format, sql: str) -> None:
    with asked(lab.warehouse, sql, Limits()) as said, pytest.raises(UsageError) as caught:
        write_answer(said, form, io.BytesIO())
    assert caught.value.code == "sql-output"


def test_what_duckdb_dies_of_is_an_error(lab: Lab) -> None:
    deep = "SELECT json_structure(repeat('[', 1000000) || repeat(']', 1000000))"
    assert refused(lab, deep).code == "sql-ended"


def test_what_is_no_text_is_no_question(lab: Lab) -> None:
    assert refused(lab, "SELECT '\ud800'").code == "sql-refused"


def test_the_limits_of_the_one_who_asks_stay_as_they_are(lab: Lab) -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    assert frame_of_sql("SELECT 1 AS one", lab=lab)["one"].tolist() == [1]
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_a_process_whose_answer_is_not_wanted_any_more_is_gone(lab: Lab) -> None:
    with Apart() as apart, ask(MANY, lab=lab, apart=apart) as said:
        next(said.batches)
        assert is_alive(apart.pid)
    assert not is_alive(apart.pid)


def test_an_answer_that_breaks_off_is_no_answer(lab: Lab) -> None:
    with Apart() as apart, ask(MANY, lab=lab, apart=apart) as said:
        next(said.batches)
        os.kill(apart.pid, signal.SIGKILL)
        with pytest.raises(OutsideError, match="SIGKILL") as caught:
            list(said.batches)
    assert caught.value.code == "sql-ended"


def test_a_process_that_dies_before_it_answers_is_an_error(lab: Lab) -> None:
    with Apart() as apart:
        os.kill(apart.pid, signal.SIGKILL)
        wait_until_gone(apart.pid)
        with pytest.raises(OutsideError) as caught, ask("SELECT 1", lab=lab, apart=apart):
            pass
    assert caught.value.code == "sql-ended"


def test_where_no_process_can_be_started_nothing_is_asked(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert refused(lab, "SELECT 1").code == "sql-ended"


def script(lab: Lab) -> "subprocess.Popen[str]":
    """A process that asks what never ends, and tells which process works at it."""
    text = f"""
from darkroom.adapters.settings import open_lab
from darkroom.archive.querying import ask
from darkroom.archive.apart.process import Apart
with Apart() as apart:
    print(apart.pid, flush=True)
    with ask({DEAF!r}, lab=open_lab(), apart=apart):
        pass
"""
    environ = {**os.environ, "DARKROOM_HOME": str(lab.home)}
    command = [sys.executable, "-c", text]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)


def test_a_process_ends_with_the_one_who_asked_even_if_that_is_killed(lab: Lab) -> None:
    with script(lab) as asking:
        assert asking.stdout is not None
        pid = int(asking.stdout.readline())
        wait_until_asked(pid)
        asking.kill()
    wait_until_gone(pid)


def test_whoever_asks_does_not_load_duckdb(lab: Lab) -> None:
    text = """
import sys
from darkroom.archive.apart.asking import ask
with ask("SELECT 7 AS n") as answer:
    print(answer.rows_at_once(), "duckdb" in sys.modules)
"""
    environ = {**os.environ, "DARKROOM_HOME": str(lab.home)}
    said = subprocess.check_output([sys.executable, "-c", text], text=True, env=environ)
    assert said == "[{'n': 7}] False\n"


def test_ctrl_c_ends_both_with_one_word(lab: Lab) -> None:
    begin = "from darkroom.apps.cli import main; raise SystemExit(main())"
    command = [sys.executable, "-c", begin, "sql", ENDLESS, "--json"]
    environ = {**os.environ, "DARKROOM_HOME": str(lab.home)}
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=environ, process_group=0
    ) as asking:
        children = Path(f"/proc/{asking.pid}/task/{asking.pid}/children")
        while not (found := children.read_text().split()):
            time.sleep(0.02)
        wait_until_asked(int(found[0]))
        os.killpg(asking.pid, signal.SIGINT)
        assert asking.stderr is not None
        said = asking.stderr.read()
    assert asking.returncode == 130
    assert json.loads(said)["error"]["code"] == "interrupted"
    assert not is_alive(int(found[0]))


def question(lab: Lab, sql: str) -> dict[str, Any]:
    limits = {"memory_mb": 64, "threads": 1, "time_s": 60.0}
    return {"path": str(lab.warehouse), "sql": sql, "limits": limits}


def test_a_process_that_is_not_asked_ends_by_itself(lab: Lab) -> None:
    command = [sys.executable, "-P", "-m", "darkroom.archive.apart.child"]
    assert subprocess.run(command, input=b"", capture_output=True, check=True).stdout == b""


def test_a_whole_answer_says_that_it_is(lab: Lab) -> None:
    with Apart() as apart:
        apart.ask(question(lab, "SELECT 1"))
        said = apart.answers.read()
    pipe = io.BytesIO()
    answer(question(lab, "SELECT 1"), pipe)
    assert said == pipe.getvalue()
    assert said.startswith(WELL)
    assert said.endswith(WELL)


def test_a_fault_of_ours_is_told_as_one(lab: Lab) -> None:
    pipe = io.BytesIO()
    answer(question(lab, "SELECT 1") | {"path": None}, pipe)
    with pytest.raises(RuntimeError, match="TypeError"):
        heard(pipe.getvalue())


def test_nobody_there_to_hear_the_answer_is_no_fault(lab: Lab) -> None:
    class Closed(io.BytesIO):
        def write(self, _: Any) -> int:
            raise BrokenPipeError

    answer(question(lab, "SELECT 1"), Closed())


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("PIVOT image ON model; PIVOT image ON sampler", "not 2"),
        ("SELECT 1; PIVOT image ON model", "not 2"),
        ("CREATE TEMP TABLE t AS SELECT 1; PIVOT image ON model", "not 2"),
        ("CREATE TEMP TABLE t AS PIVOT image ON model", "CREATE changes something"),
        ("EXPLAIN PIVOT image ON model", "cannot go before a PIVOT"),
        ("BEGIN; SELECT 1; COMMIT", "not 3"),
    ],
)
def test_more_than_one_pivot_is_refused_for_what_it_is(lab: Lab, sql: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught, asked(lab.warehouse, sql, Limits()):
        pass
    assert caught.value.code == "sql-refused"


@pytest.mark.parametrize(
    "sql",
    [
        "PIVOT image ON model USING count(*) GROUP BY project",
        "WITH p AS (PIVOT image ON model USING count(*) GROUP BY project) FROM p",
        "PIVOT image ON model IN ('model 0', 'model 1') USING count(*) GROUP BY project;",
    ],
)
def test_a_pivot_is_one_question_whoever_names_its_columns(lab: Lab, sql: str) -> None:
    with asked(lab.warehouse, sql, Limits()) as said:
        assert list(said.rows()) == [{"project": "demo", "model 0": 1, "model 1": 2}]


def test_what_breaks_while_an_answer_comes_in_is_no_matter_of_its_values() -> None:
    schema = pa.schema([pa.field("n", pa.int64())])

    def coming() -> Generator[pa.RecordBatch]:
        heard(b"no line of ours\n")
        yield pa.RecordBatch.from_arrays([pa.array([1], pa.int64())], schema=schema)

    answer_cut = BoundedAnswer(("n",), schema, coming(), memory_mb=16)
    with pytest.raises(json.JSONDecodeError):
        answer_cut.frame()
