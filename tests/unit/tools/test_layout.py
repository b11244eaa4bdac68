"""Names and addresses of local clusters, and the files that they stand on."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from capforge_tools import debian
from capforge_tools.cluster.layout import Layout
from capforge_tools.cluster.ports import Ports
from capforge_tools.files import write_if_changed
from capforge_tools.places import Places

PLACES = Places(Path("/cache/capforge"), Path("/state/capforge"))
LONGEST_INTERFACE_NAME = 15


def test_folders_follow_the_xdg_variables() -> None:
    places = Places.from_environment({"HOME": "/home/me", "XDG_STATE_HOME": "/elsewhere"})
    assert places == Places(Path("/home/me/.cache/capforge"), Path("/elsewhere/capforge"))


def test_two_clusters_share_no_address_and_no_name() -> None:
    first, second = Layout(PLACES), Layout(PLACES, 3)
    for one in (first.pod_subnet, first.service_subnet, f"{first.node_network}.0/24"):
        for other in (second.pod_subnet, second.service_subnet, f"{second.node_network}.0/24"):
            assert not ipaddress.ip_network(one).overlaps(ipaddress.ip_network(other))
    assert first.folder != second.folder
    assert first.bridge != second.bridge
    assert not {node.namespace for node in first.nodes} & {node.namespace for node in second.nodes}


@pytest.mark.parametrize("number", [0, 9])
def test_interface_names_fit(number: int) -> None:
    layout = Layout(PLACES, number)
    names = [layout.bridge, *(node.interface for node in layout.nodes)]
    assert all(len(name) <= LONGEST_INTERFACE_NAME for name in names)


def test_ports_are_kept_until_they_are_chosen_anew(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    first = Ports.remembered(path)
    assert Ports.remembered(path) == first
    assert Ports.choose(path) == Ports.remembered(path)
    assert len(set(vars(first).values())) == len(vars(first))


def test_an_unchanged_file_is_not_touched(tmp_path: Path) -> None:
    path = write_if_changed(tmp_path / "a" / "b", "text")
    before = path.stat()
    write_if_changed(path, "text")
    assert path.stat().st_ino == before.st_ino
    write_if_changed(path, "other", mode=0o600)
    assert path.read_text() == "other"
    assert path.stat().st_mode & 0o777 == 0o600


def test_only_what_is_missing_is_installed() -> None:
    assert debian.missing({"sh": "dash", "no-such-command": "something", "/no/such/file": "other"}) == [
        "other",
        "something",
    ]


def test_what_another_process_installs_meanwhile_is_not_installed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([["dash"], []])
    monkeypatch.setattr(debian, "missing", lambda _: next(looks))
    monkeypatch.setattr(debian, "run", lambda *_, **__: pytest.fail("apt-get was asked"))
    debian.install_missing({})
    assert list(looks) == []
