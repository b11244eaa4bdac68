"""When upstream programs are built, and what is said where they cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from capforge_tools import gotoolchain
from capforge_tools.binaries import MODULES, Module, ensure, inputs_digest, is_current
from capforge_tools.errors import ToolError
from capforge_tools.places import REPOSITORY, Places


def fake_go(folder: Path, version: str, toolchain: str) -> None:
    program = folder / "go"
    program.write_text(
        f'#!/bin/sh\ncase "$1" in version) echo "go version go{version} linux/amd64";; env) echo {toolchain};; esac\n'
    )
    program.chmod(0o755)


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "coredns"
    folder.mkdir()
    (folder / "go.mod").write_text("module x\n\ngo 1.26.0\n")
    return folder


def test_an_old_go_is_named_with_the_version_needed_and_how_to_get_it(
    module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_go(tmp_path, "1.24.3", "local")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(ToolError, match=r"coredns needs Go 1\.26\.0, found 1\.24\.3: install .*go\.dev"):
        gotoolchain.check(module)


def test_a_go_that_fetches_newer_ones_by_itself_will_do(
    module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_go(tmp_path, "1.24.3", "auto")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    gotoolchain.check(module)


def test_a_missing_go_is_named_with_how_to_get_it(
    module: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match=r"coredns needs Go: install Go 1\.26\.0 or newer .*go\.dev"):
        gotoolchain.check(module)


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("go version go1.27rc1 linux/amd64", (1, 27)),
        ("go version go1.19 darwin/arm64", (1, 19)),
    ],
)
def test_the_version_is_read_from_what_go_prints(line: str, version: tuple[int, ...]) -> None:
    assert gotoolchain.installed_version(line) == version


@pytest.mark.parametrize("name", MODULES)
def test_every_module_is_pinned_with_sums(name: str) -> None:
    folder = MODULES[name].folder
    go_mod = (folder / "go.mod").read_text()
    assert gotoolchain.required_version(go_mod) >= (1, 24)
    assert "require" not in go_mod or (folder / "go.sum").is_file()


def test_the_kubernetes_version_in_the_link_flags_is_the_pinned_one() -> None:
    go_mod = (REPOSITORY / "tools" / "cluster" / "kubernetes" / "go.mod").read_text()
    pinned = next(line.split()[-1] for line in go_mod.splitlines() if line.startswith("require k8s.io/kubernetes "))
    assert f"gitVersion={pinned} " in MODULES["kubernetes"].link_flags


def test_a_program_is_current_until_an_input_changes(tmp_path: Path) -> None:
    places = Places(tmp_path / "cache", tmp_path / "state")
    folder = ensure("pause", places=places)
    module = MODULES["pause"]
    assert is_current(module, folder)
    assert not is_current(Module(module.name, module.programs, link_flags="-s"), folder)
    (folder / "pause").unlink()
    assert not is_current(module, folder)


def test_a_current_program_is_not_built_again(tmp_path: Path) -> None:
    places = Places(tmp_path / "cache", tmp_path / "state")
    first = (ensure("pause", places=places) / "pause").stat()
    assert (ensure("pause", places=places) / "pause").stat().st_mtime_ns == first.st_mtime_ns


def test_the_digest_covers_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tools" / "cluster" / "pause"
    folder.mkdir(parents=True)
    monkeypatch.setattr("capforge_tools.binaries.REPOSITORY", tmp_path)
    (folder / "main.go").write_text("package main")
    before = inputs_digest(MODULES["pause"])
    (folder / "main.go").write_text("package main\n")
    assert inputs_digest(MODULES["pause"]) != before
