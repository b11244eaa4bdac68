"""The cgroups of a cluster are listed while the shims of its pods remove theirs."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from capforge_tools.cluster import cgroups
from capforge_tools.cluster.layout import Layout
from capforge_tools.places import Places


def test_cgroups_that_come_and_go_while_they_are_listed_do_not_disturb(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    layout = Layout(Places(tmp_path / "cache", tmp_path / "state"), 3)
    monkeypatch.setattr(cgroups, "_ROOT", tmp_path / "cgroup")
    node = tmp_path / "cgroup" / layout.nodes[0].cgroup
    node.mkdir(parents=True)
    (tmp_path / "cgroup" / "cgroup.controllers").touch()
    enough = threading.Event()
    pods = threading.Thread(target=_come_and_go, args=(node, enough))
    pods.start()
    try:
        for _ in range(300):
            assert f"cgroup {node}" in cgroups.leftovers(layout)
            assert cgroups.pids(layout) == set()
    finally:
        enough.set()
        pods.join()


def _come_and_go(node: Path, enough: threading.Event) -> None:
    while not enough.is_set():
        for name in range(20):
            (node / f"pod-{name}" / "container").mkdir(parents=True)
        for name in range(20):
            shutil.rmtree(node / f"pod-{name}")
