"""Settings from the environment."""

from __future__ import annotations

import pytest

from capforge_operator.settings import Settings, SettingsError

NEEDED = {
    "CAPFORGE_NAMESPACE": "capforge-system",
    "CAPFORGE_SNAPSHOT_IMAGE": "snapshot:1",
    "CAPFORGE_TRAINER_IMAGE": "trainer:1",
}


def test_what_is_needed_is_enough():
    settings = Settings.from_environment(NEEDED)
    assert (settings.namespace, settings.pool, settings.workers) == ("capforge-system", "cpu", 8)


def test_lists_are_comma_separated():
    found = Settings.from_environment({**NEEDED, "CAPFORGE_IMAGE_PULL_SECRETS": "a, b,"})
    assert found.image_pull_secrets == ("a", "b")


def test_an_empty_variable_counts_as_absent():
    assert Settings.from_environment({**NEEDED, "CAPFORGE_IMAGE_PULL_SECRETS": ""}).image_pull_secrets == ()


def test_every_wrong_variable_is_named():
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"CAPFORGE_NAMESPACE": "x", "CAPFORGE_WORKERS": "0", "CAPFORGE_TRAINER_IMAGE": "t"})
    assert "CAPFORGE_SNAPSHOT_IMAGE: Field required" in str(caught.value)
    assert "CAPFORGE_WORKERS: " in str(caught.value)
    assert "CAPFORGE_TRAINER_IMAGE" not in str(caught.value)
