"""All components are released together, under one number."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml

from capforge_contracts.build import RELEASE

REPOSITORY = Path(__file__).resolve().parents[3]
PROJECTS = sorted([*REPOSITORY.glob("*/pyproject.toml"), *REPOSITORY.glob("images/*/pyproject.toml")])
CHARTS = sorted(REPOSITORY.glob("charts/*/Chart.yaml"))


@pytest.mark.parametrize("path", PROJECTS, ids=[path.parent.name for path in PROJECTS])
def test_every_project_has_the_release(path: Path) -> None:
    assert tomllib.loads(path.read_text())["project"]["version"] == RELEASE


@pytest.mark.parametrize("path", CHARTS, ids=[path.parent.name for path in CHARTS])
def test_every_chart_has_the_release(path: Path) -> None:
    chart = yaml.safe_load(path.read_text())
    assert (chart["version"], str(chart["appVersion"])) == (RELEASE, RELEASE)
