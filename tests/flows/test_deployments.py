"""prefect.yaml declares what exists: every entrypoint can be imported and is a flow."""

import importlib
from pathlib import Path

import pytest
import yaml
from prefect import Flow

from darkroom.runs.params import IterateParams

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]


@pytest.mark.parametrize("each", DEPLOYMENTS, ids=lambda each: each["entrypoint"])
def test_every_entrypoint_is_a_flow_named_by_its_module(each):
    assert ":" not in each["entrypoint"]
    module, _, name = each["entrypoint"].rpartition(".")
    assert isinstance(getattr(importlib.import_module(module), name), Flow)


def test_the_parameters_of_the_deployment_are_those_of_the_flow():
    found = next(d for d in DEPLOYMENTS if d["entrypoint"] == "flows.iterate.iterate")
    assert IterateParams(**found["parameters"]["params"]).project == "demo"
