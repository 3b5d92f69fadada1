"""A wheel carries all it needs: installed elsewhere, the command runs from any directory."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.architecture.trees import ROOT
from tests.fakes.unmeasured import unmeasured

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, env=unmeasured(os.environ), check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel and, beside it, the libraries of this one.

    A plain path in a .pth file does not pull in the editable install of this tree,
    so what runs is what the wheel brought.
    """
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder, with_pip=False)
    site = next((folder / "lib").glob("python3*/site-packages"))
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    install = [sys.executable, "-m", "pip", "--python", str(folder), "install", "--no-deps", "-q"]
    subprocess.run(
        [*install, str(wheel)], env=unmeasured(os.environ), check=True, capture_output=True
    )
    return folder


def _run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(installed / "bin" / "darkroom"), *arguments],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_installed_command_shows_its_help_from_any_directory(installed: Path) -> None:
    shown = _run(installed, "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Usage: darkroom" in shown.stdout


def test_the_installed_package_is_the_wheel_not_this_tree(installed: Path) -> None:
    probe = "import darkroom; print(darkroom.__file__)"
    place = subprocess.run(
        [str(installed / "bin" / "python"), "-c", probe],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert place.startswith(str(installed))


def test_the_wheel_carries_defaults_and_weights_and_nothing_private(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"darkroom", "flows", "tasks", "blocks", "defaults", "analytics"}
    assert "analytics/schema/images.sql" in names
    assert "defaults/metrics.yaml" in names
    assert "defaults/config/rules.yaml" in names
    assert "darkroom/engine/weights/SHA256SUMS" in names
    assert "darkroom/engine/weights/shapeworld_base.npz" in names
    assert "darkroom/adapters/embeddings/weights/shapeworld_picture.onnx" in names
    assert not [name for name in names if name.endswith(".pyc") or "/tests/" in name]
