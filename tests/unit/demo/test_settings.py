"""What a person may choose, and what wrong choices are answered with."""

from __future__ import annotations

from pathlib import Path

import pytest

from capforge_demo.settings import Settings
from capforge_tools.errors import ToolError
from capforge_tools.selection import Cluster

_LOCAL = {"CLUSTER": "local", "HOME": "/nowhere"}


def test_empty_variables_are_as_good_as_none() -> None:
    settings = Settings.from_environment(
        {**_LOCAL, "DATA": "", "NAMESPACE": "", "REGISTRY": "", "TIME_BUDGET_SECONDS": ""}
    )
    assert (settings.namespace, settings.data, settings.name) == ("demo", None, "cells")
    assert settings.time_budget_seconds == 180


def test_the_data_folder_gives_the_capability_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "My Pets (2024) and a lot of others"
    folder.mkdir()
    assert Settings.from_environment({**_LOCAL, "DATA": str(folder)}).name == "my-pets--2024--and-a"


def test_the_cluster_in_force_is_the_one_of_the_kubeconfig() -> None:
    settings = Settings.from_environment({"CLUSTER": "current", "KUBECONFIG": "/some/config", "HOME": "/nowhere"})
    assert (settings.cluster, settings.kubeconfig) == (Cluster.CURRENT, "/some/config")


@pytest.mark.parametrize(
    ("name", "value"),
    [("DATA", "/no/such/folder"), ("TIME_BUDGET_SECONDS", "5"), ("TIME_BUDGET_SECONDS", "soon"), ("CLUSTER", "mine")],
)
def test_a_wrong_variable_is_named_with_what_is_allowed(name: str, value: str) -> None:
    with pytest.raises(ToolError, match=rf"{name} is .*allowed"):
        Settings.from_environment({**_LOCAL, name: value})
