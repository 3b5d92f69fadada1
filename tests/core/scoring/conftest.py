"""The shipped settings, as every test of this folder wants them."""

from pathlib import Path

import pytest
import yaml

from darkroom.core.scoring.settings import ScoringSettings

SHIPPED = Path(__file__).resolve().parents[3] / "defaults" / "scoring.yaml"


@pytest.fixture(scope="session")
def settings() -> ScoringSettings:
    return ScoringSettings.model_validate(yaml.safe_load(SHIPPED.read_text()))
