"""The environment is read once, and wrong values are named."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from capforge_agent.prepare import prepare
from capforge_agent.settings import Settings, SettingsError, settings_from


def test_defaults_are_those_of_the_serving_pod() -> None:
    settings = settings_from({"CAPFORGE_INSTANCES": ""})
    assert (settings.pool, settings.triton, settings.agent_port) == ("cpu", "127.0.0.1:8000", 9000)


def test_every_wrong_variable_is_named() -> None:
    with pytest.raises(SettingsError) as refused:
        settings_from({"CAPFORGE_AGENT_PORT": "70000", "CAPFORGE_ACCELERATOR": "tpu", "CAPFORGE_INSTANCES": "no"})
    for name in ("CAPFORGE_AGENT_PORT", "CAPFORGE_ACCELERATOR", "CAPFORGE_INSTANCES"):
        assert name in str(refused.value)


def test_the_readme_lists_every_setting() -> None:
    readme = (Path(__file__).parents[3] / "agent" / "README.md").read_text()
    missing = [name for name in Settings.model_fields if f"CAPFORGE_{name.upper()}" not in readme]
    assert missing == []


def test_prepare_makes_one_value_per_pod_and_keeps_it(tmp_path: Path) -> None:
    settings = Settings(control_file=tmp_path / "run" / "control", data=tmp_path / "data")
    prepare(settings)
    value = settings.control_file.read_text()
    assert len(value) == 64
    assert stat.S_IMODE(settings.control_file.stat().st_mode) == 0o440
    assert settings.repository.is_dir()
    prepare(settings)
    assert settings.control_file.read_text() == value


def test_two_pods_have_two_values(tmp_path: Path) -> None:
    values = set()
    for pod in ("a", "b"):
        settings = Settings(control_file=tmp_path / pod / "control", data=tmp_path / pod)
        prepare(settings)
        values.add(settings.control_file.read_text())
    assert len(values) == 2
