"""Verifying names everything that is not as it was written, and nothing else."""

import json
from collections import Counter
from pathlib import Path

import pytest

from darkroom.adapters.stores.folder import FolderStore
from darkroom.apps import cli
from darkroom.archive import verifying
from darkroom.archive.verifying import Verifying, verify
from darkroom.archive.verifying_content import Flaw
from darkroom.archive.verifying_params import VerifyParams
from darkroom.archive.verifying_report import VerifyReport
from darkroom.core.errors import StoreUnavailable, UsageError
from tests.fakes.library import settle
from tests.fakes.sidecars import example
from tests.fakes.stored_images import RUN, commit, png

IMAGES = f"generated/working/{RUN}/images"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settle(tmp_path, monkeypatch)
    made = tmp_path / "projects"
    for number in range(1, 5):
        commit(made, number, side=8)
    return made


def image(number: int) -> str:
    return f"{IMAGES}/iteration_{number:03d}.png"


def change(root: Path, number: int, **identity: object) -> None:
    path = root / f"{image(number)}.json"
    told = json.loads(path.read_text())
    told["identity"] |= identity
    path.write_text(json.dumps(told))


def found(report: VerifyReport) -> list[tuple[str, str]]:
    return [(flaw.kind, flaw.key) for flaw in report.flaws]


def test_what_is_in_order_is_said_to_be(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify"]) == 0
    assert capsys.readouterr().out.startswith("4 images, 0.0 MB: everything is in order")


def test_every_kind_of_damage_is_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = bytearray((root / image(1)).read_bytes())
    data[-1] ^= 1
    (root / image(1)).write_bytes(data)
    (root / image(2)).unlink()
    (root / f"{image(3)}.json").write_text("{")
    change(root, 4, width=9, size_bytes=1)
    (root / image(7)).write_bytes(png(7))
    half = commit(root, 5, side=8)
    (root / half).write_bytes(b"no picture")
    change(root, 5, sha256="b1957d0d65b21a6d6ca9bcd3b5cb1ed1ff23e2e5a8ea9a1c0e7eaaa3a9a7f6c5")
    assert cli.main(["verify", "--json"]) == 4
    told = json.loads(capsys.readouterr().out)
    kinds = {(flaw["kind"], flaw["key"]) for flaw in told["flaws"]}
    assert kinds == {
        ("differs", image(1)),
        ("broken", image(2)),
        ("damaged", f"{image(3)}.json"),
        ("misdescribed", image(4)),
        ("differs", image(5)),
        ("orphan", image(7)),
    }
    assert told["counts"]["misdescribed"] == 2
    assert cli.main(["verify"]) == 4
    assert "the sidecar says 9, the image has 8" in capsys.readouterr().out


def test_the_right_bytes_that_are_no_picture_are_found(root: Path) -> None:
    import hashlib

    (root / image(1)).write_bytes(b"no picture")
    change(root, 1, sha256=hashlib.sha256(b"no picture").hexdigest(), size_bytes=10)
    assert found(verify(VerifyParams())) == [("undecodable", image(1))]


def test_an_orphan_alone_is_no_damage(root: Path) -> None:
    (root / f"{image(2)}.json").unlink()
    report = verify(VerifyParams())
    assert found(report) == [("orphan", image(2))]
    assert not report.is_damaged
    assert cli.main(["verify"]) == 0


def test_a_further_image_without_its_first_is_found(root: Path) -> None:
    further = image(1).replace(".png", "-02.png")
    (root / further).write_bytes((root / image(1)).read_bytes())
    told = json.loads((root / f"{image(1)}.json").read_text())
    told["identity"] |= {"key": further, "output": 2}
    told["storage"]["key"] = further
    (root / f"{further}.json").write_text(json.dumps(told))
    assert found(verify(VerifyParams())) == []
    for ending in ("", ".json"):
        (root / f"{image(1)}{ending}").unlink()
    assert found(verify(VerifyParams())) == [("companion", further)]


def test_foreign_sidecars_are_read_and_lack_a_digest(root: Path) -> None:
    run = root / "old" / "working" / "2025-01-01_00-00-00"
    (run / "images").mkdir(parents=True)
    (run / "metadata").mkdir()
    (run / "images" / "iteration_001.png").write_bytes(png(3))
    name = "iteration_001_metadata.json"
    (run / "metadata" / name).write_bytes(example("s2-iteration.json"))
    key = "old/working/2025-01-01_00-00-00/images/iteration_001.png"
    assert found(verify(VerifyParams())) == [("unnamed", key)]
    (run / "images" / "iteration_001.png").unlink()
    assert found(verify(VerifyParams())) == [("broken", key)]


def test_what_a_run_says_of_its_images_in_the_form_of_s2_is_no_second_sidecar(root: Path) -> None:
    told = root / IMAGES / "../metadata"
    told.mkdir()
    for number in (1, 4):
        path = told / f"iteration_{number:03d}_metadata.json"
        path.write_bytes(example("s2-iteration.json"))
    report = verify(VerifyParams())
    assert (found(report), report.images) == ([], 4)


def test_an_iteration_that_came_to_no_image_is_no_damage(root: Path) -> None:
    told = root / IMAGES / "../metadata"
    told.mkdir()
    record = json.loads(example("s2-iteration.json"))
    (told / "iteration_005_metadata.json").write_text(json.dumps(record | {"image_path": None}))
    report = verify(VerifyParams())
    assert (found(report), report.images) == ([], 4)


def test_scopes_narrow_it(root: Path) -> None:
    commit(root, 9, project="other", side=8)
    (root / image(2)).unlink()
    assert verify(VerifyParams()).images == 5
    assert verify(VerifyParams(project="other")).images == 1
    assert found(verify(VerifyParams(project="generated"))) == [("broken", image(2))]
    assert verify(VerifyParams(run=f"other/{RUN}")).images == 1
    report = verify(VerifyParams(names=[image(1), f"generated/{RUN}/2"]))
    assert (report.images, found(report)) == (2, [("broken", image(2))])


@pytest.mark.parametrize(
    "wrong",
    [
        {"project": "a", "run": "b"},
        {"names": ["a"], "new": True},
        {"host": "studio"},
    ],
)
def test_scopes_that_exclude_one_another_are_refused(root: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError) as caught:
        verify(VerifyParams.model_validate(wrong))
    assert caught.value.code == "verify-scope"


def test_a_project_that_is_neither_here_nor_in_the_store_is_not_in_order(root: Path) -> None:
    (root.parent / "projects/begun/config").mkdir(parents=True, exist_ok=True)
    assert verify(VerifyParams(project="begun")).images == 0
    with pytest.raises(UsageError) as caught:
        verify(VerifyParams(project="generatde"))
    assert caught.value.code == "project-unknown"


def test_a_sample_reads_some_and_compares_all_names(root: Path) -> None:
    (root / image(3)).unlink()
    report = verify(VerifyParams(sample=2))
    assert report.images == 3  # the one that is not there costs nothing
    assert found(report) == [("broken", image(3))]
    drawn = Counter[str]()
    for _ in range(1000):
        if len(drawn) == 3:
            break
        with Verifying(VerifyParams(sample=1)) as work:
            for group in work.groups():
                work.check(group)
            drawn.update(looked.pair.image for looked in work.whole)
    assert set(drawn) == {image(1), image(2), image(4)}


def test_a_stopped_one_goes_on_and_forgets_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verifying, "_SAVE_EVERY_S", 0)
    monkeypatch.setattr(verifying, "GROUP", 1)
    (root / image(2)).unlink()
    for project in ("other", "third"):
        commit(root, 1, project=project, side=8)
    with Verifying(VerifyParams()) as work:
        for group in work.groups():
            work.check(group)
            if isinstance(group[0], verifying.RunEnd):
                break
    assert cli.main(["verify", "--json"]) == 4
    told = json.loads(capsys.readouterr().out)
    assert told["went_on_after"] == f"generated/working/{RUN}"
    assert (told["images"], told["counts"]) == (6, {"broken": 1})
    again = verify(VerifyParams())
    assert (again.went_on_after, again.images) == (None, 6)


def test_only_what_is_new_is_read(root: Path) -> None:
    report = verify(VerifyParams(new=True))
    assert report.images == 4
    later = root / f"generated/working/{RUN}".replace("2026-01-01", "2026-02-02")
    old = root / f"generated/working/{RUN}"
    commit(root, 5, side=8)
    assert verify(VerifyParams(new=True)).images == 5  # the newest run may have grown
    old.rename(later)
    for path in later.rglob("*.json"):
        path.write_text(path.read_text().replace("2026-01-01", "2026-02-02"))
    commit(root, 1, side=8)
    assert verify(VerifyParams(new=True)).images == 6
    assert verify(VerifyParams(new=True)).images == 5
    assert verify(VerifyParams()).images == 6


def test_a_store_that_fails_in_between_makes_nothing_count_twice(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / image(1)).unlink()
    real, calls = FolderStore.get, Counter[str]()

    def get(self: FolderStore, key: str) -> bytes:
        calls[key] += 1
        if key.endswith("003.png") and calls[key] == 1:
            raise StoreUnavailable("store-unavailable", "not yet")
        return real(self, key)

    monkeypatch.setattr(FolderStore, "get", get)
    with Verifying(VerifyParams()) as work:
        (group,) = work.groups()
        with pytest.raises(StoreUnavailable):
            work.check(group)
        work.check(list(group))
        report = work.check(list(group))
    assert (report.images, found(report)) == (4, [("broken", image(1))])


def test_more_flaws_than_are_listed_are_counted(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("darkroom.archive.verifying_report.MOST_FLAWS", 2)
    for path in root.rglob("*.png"):
        path.unlink()
    assert cli.main(["verify"]) == 4
    said = capsys.readouterr()
    assert "4 broken" in said.out
    assert "and 2 more" in said.err


def test_progress_that_cannot_be_kept_or_read_costs_nothing(root: Path) -> None:
    place = root.parent / ".darkroom"
    place.mkdir(exist_ok=True)
    (place / "verify").write_text("in the way")
    assert verify(VerifyParams()).images == 4


def test_a_flaw_of_a_resumed_one_is_the_same_as_before() -> None:
    flaw = Flaw("broken", "a", "b")
    kept = verifying.Progress(flaws=(verifying.KnownFlaw(**vars(flaw)),))
    assert verifying.Progress.model_validate_json(kept.model_dump_json()).known() == [flaw]
