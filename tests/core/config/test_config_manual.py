"""The manual of keys is written from the models, and the page in docs/ is up to date."""

import re
from pathlib import Path

import pytest

from darkroom.core.config.aigen import AIGen
from darkroom.core.config.aivis import AIVis
from darkroom.core.config.lab import LabConfig
from darkroom.core.config.manual import keys_markdown, templates_markdown
from darkroom.core.config.parameters import Preset
from darkroom.core.config.prompts import SLOTS
from darkroom.core.config.rules import Rules

PAGE = Path(__file__).resolve().parents[3] / "docs" / "configuration.md"
MODELS = [Rules, AIGen, AIVis, LabConfig, Preset]


@pytest.mark.parametrize("model", MODELS)
def test_the_page_holds_the_table_of_every_file(model: type) -> None:
    assert keys_markdown(model) in PAGE.read_text(encoding="utf-8")


def test_the_page_holds_the_table_of_templates() -> None:
    assert templates_markdown() in PAGE.read_text(encoding="utf-8")
    assert all(f"`{name}`" in templates_markdown() for name in SLOTS)


@pytest.mark.parametrize("model", [Rules, AIGen, AIVis, LabConfig])
def test_every_key_has_a_meaning(model: type) -> None:
    assert not re.findall(r"\|  \|$", keys_markdown(model), re.MULTILINE)


def test_rows_say_kind_limits_and_default() -> None:
    rows = keys_markdown(AIGen) + keys_markdown(LabConfig) + keys_markdown(Rules)
    assert "| `parameters.denoise` | number (from 0 to 1) | `0.5` |" in rows
    assert "| `hosts.NAME.url` | text | must be given |" in rows
    assert "| `store.kind` | `folder`, `s3` | `folder` |" in rows
    assert "| `acceptance_criteria[].weight` | number (above 0 to 1000) | `1.0` |" in rows
