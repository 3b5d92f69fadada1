"""The weights folder: which file is trusted, which is not, and what is said of it."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from darkroom.adapters.scorers.specs import metric_table
from darkroom.adapters.scorers.weights_folder import (
    PINS,
    NeededFile,
    WeightsFolder,
    digest_of,
    needed_by,
    reason,
)
from darkroom.adapters.scorers.weights_listing import (
    accept_weights,
    check_weights,
    list_weights,
)
from darkroom.core.errors import DataError, UsageError
from darkroom.core.scoring.metrics import MetricSpec

ONE = NeededFile("a/one.pth", None, 3.5, "MIT")


def _put(root: Path, content: bytes = b"weights", file: str = ONE.file) -> Path:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_an_absent_file_is_said_with_size_and_licence(tmp_path: Path) -> None:
    found = WeightsFolder(tmp_path).look(ONE, listing=True)
    assert found.state == "absent"
    assert reason(found) == ("a/one.pth is not in the weights folder (about 3.5 MB, licence: MIT)")


def test_a_file_never_listed_is_not_trusted(tmp_path: Path) -> None:
    _put(tmp_path)
    folder = WeightsFolder(tmp_path)
    assert folder.look(ONE).state == "unlisted"
    with pytest.raises(DataError) as refused:
        folder.verified_bytes(ONE)
    assert "darkroom weights check" in refused.value.message


def test_listing_takes_down_the_digest_and_later_changes_are_found(tmp_path: Path) -> None:
    path = _put(tmp_path)
    folder = WeightsFolder(tmp_path)
    assert folder.look(ONE, listing=True).state == "ready"
    assert folder.verified_bytes(ONE) == b"weights"
    path.write_bytes(b"other weights")
    found = folder.look(ONE, listing=True)
    assert found.state == "changed"
    assert found.sha256 == _sha(b"other weights")
    with pytest.raises(DataError) as refused:
        folder.verified_bytes(ONE)
    assert refused.value.code == "weights-refused"


def test_the_digest_of_the_table_comes_first(tmp_path: Path) -> None:
    _put(tmp_path)
    folder = WeightsFolder(tmp_path)
    right = NeededFile(ONE.file, _sha(b"weights"), None, "MIT")
    wrong = NeededFile(ONE.file, "0" * 64, None, "MIT")
    assert folder.look(right).state == "ready"
    assert folder.look(wrong).state == "changed"
    folder.look(ONE, listing=True)
    assert folder.look(wrong, listing=True).state == "changed", "a listing overruled the table"


def test_a_change_with_the_old_time_is_found_too(tmp_path: Path) -> None:
    path = _put(tmp_path)
    folder = WeightsFolder(tmp_path)
    folder.look(ONE, listing=True)
    before = path.stat()
    path.write_bytes(b"WEIGHTS")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert folder.look(ONE).state == "changed"


def test_what_is_handed_out_was_checked_itself(tmp_path: Path) -> None:
    """As if the file had changed after the look: the digest noted is of other bytes."""
    _put(tmp_path)
    folder = WeightsFolder(tmp_path)
    folder.look(ONE, listing=True)
    pins = json.loads((tmp_path / PINS).read_text())
    pins[ONE.file]["sha256"] = "0" * 64
    (tmp_path / PINS).write_text(json.dumps(pins))
    for read in (folder.verified_bytes, folder.verified):
        with pytest.raises(DataError) as refused:
            read(ONE)
        assert "is not the file" in refused.value.message


def test_a_touched_file_with_the_same_bytes_stays_trusted(tmp_path: Path) -> None:
    path = _put(tmp_path)
    folder = WeightsFolder(tmp_path)
    folder.look(ONE, listing=True)
    os.utime(path, (1, 1))
    assert folder.look(ONE).state == "ready"
    assert folder.verified(ONE) == path


def test_a_folder_counts_with_all_names_and_bytes_in_it(tmp_path: Path) -> None:
    folder, model = WeightsFolder(tmp_path), NeededFile("hf/model", None, None, "MIT")
    _put(tmp_path, b"1", "hf/model/config.json")
    _put(tmp_path, b"2", "hf/model/sub/x.safetensors")
    first = folder.look(model, listing=True)
    assert (first.state, first.size_bytes) == ("ready", 2)
    (tmp_path / "hf/model/sub/x.safetensors").rename(tmp_path / "hf/model/sub/y.safetensors")
    assert folder.look(model).state == "changed"


def test_a_name_that_promises_another_digest_is_remarked(tmp_path: Path) -> None:
    sha256 = _sha(b"weights")
    folder = WeightsFolder(tmp_path)
    for name, odd in ((f"x-{sha256[:8]}.pth", False), ("x-00000000.pth", True)):
        _put(tmp_path, file=name)
        found = folder.look(NeededFile(name, None, None, "MIT"), listing=True)
        assert (found.state, bool(found.remark)) == ("ready", odd)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a/one.pth": {}}', '{"a/one.pth": 1}'])
def test_a_damaged_list_of_digests_counts_as_none(tmp_path: Path, text: str) -> None:
    _put(tmp_path)
    (tmp_path / PINS).write_text(text)
    folder = WeightsFolder(tmp_path)
    assert folder.look(ONE).state == "unlisted"
    assert folder.look(ONE, listing=True).state == "ready"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    _put(tmp_path)
    (tmp_path / ".pins.lock").mkdir()
    with pytest.raises(UsageError) as failed:
        WeightsFolder(tmp_path).look(ONE, listing=True)
    assert failed.value.code == "weights-not-writable"


def _two_files() -> MetricSpec:
    spec = metric_table().find("laion_aesthetic", "torch")
    assert spec is not None
    return spec


def test_a_metric_of_two_files_has_one_digest_of_both(tmp_path: Path) -> None:
    spec, folder = _two_files(), WeightsFolder(tmp_path)
    assert folder.digest_for(spec) is None
    head, encoder = needed_by(spec)
    for needed, content in ((head, b"head"), (encoder, b"encoder")):
        assert (folder.why_not(spec) or "").startswith(needed.file)
        _put(tmp_path, content, needed.file)
        folder.look(needed, listing=True)
    assert folder.why_not(spec) is None
    expected = _sha(f"{_sha(b'head')} {_sha(b'encoder')}".encode())
    assert folder.digest_for(spec) == expected


def test_the_list_names_every_file_once_with_all_its_metrics(tmp_path: Path) -> None:
    report = list_weights(tmp_path / "nowhere")
    names = [row.file for row in report.files]
    assert len(names) == len(set(names))
    shared = next(row for row in report.files if row.file.endswith("ViT-L-14-openai.safetensors"))
    assert shared.metrics == ("torch:laion_aesthetic", "torch:clip_score")
    assert {row.state for row in report.files} == {"absent"}
    assert all(row.licence and row.size_mb for row in report.files)
    assert not (tmp_path / "nowhere").exists()
    report.insist()


def test_checking_reads_every_byte_and_insists(tmp_path: Path) -> None:
    needed = needed_by(_two_files())[0]
    path = _put(tmp_path, b"head", needed.file)
    assert check_weights(tmp_path).insist() is None
    path.write_bytes(b"HEAD")
    report = check_weights(tmp_path)
    assert [row.file for row in report.files if row.state == "changed"] == [needed.file]
    with pytest.raises(DataError):
        report.insist()
    accept_weights(tmp_path, [needed.file])
    assert check_weights(tmp_path).insist() is None
    assert json.loads((tmp_path / PINS).read_text())[needed.file]["sha256"] == digest_of(path)


def test_only_files_that_metrics_need_can_be_accepted(tmp_path: Path) -> None:
    _put(tmp_path)
    with pytest.raises(UsageError) as refused:
        accept_weights(tmp_path, [ONE.file])
    assert refused.value.code == "weights-unknown"
    with pytest.raises(UsageError):
        WeightsFolder(tmp_path).take_down("absent.pth")
