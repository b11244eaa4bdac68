"""Bare Debian systems made by debootstrap from the machine's own package mirror."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import IO, Protocol

from capforge_tools.commands import run, run_logged
from capforge_tools.console import step
from capforge_tools.errors import ToolError

_DEBIAN_SUITES = {"bookworm", "trixie"}
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_UNNEEDED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/cache/apt/archives", "var/lib/apt/lists")
_SLIM = "path-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n"


class RootStore(Protocol):
    """Where a finished root becomes an image."""

    def references(self) -> set[str]:
        """Return the references of the images that are kept."""
        ...

    def commit_root(self, reference: str, root: Path, log: IO[bytes]) -> None:
        """Make an image of one layer from a folder."""
        ...


def ensure(suite: str, reference: str, store: RootStore, log: IO[bytes]) -> None:
    """Make the suite's root an image under the reference unless it is one already."""
    if reference in store.references():
        return
    with step(f"make a bare Debian {suite}"), tempfile.TemporaryDirectory(prefix="capforge-root-") as name:
        root = Path(name) / suite
        run_logged(*bootstrap_command(suite, root, mirror(suite, _apt_sources())), log=log)
        slim(root)
        store.commit_root(reference, root, log)


def bootstrap_command(suite: str, root: Path, mirror_url: str | None) -> tuple[str, ...]:
    """Return debootstrap's command line; without a mirror it takes its own default."""
    keyring = (f"--keyring={_KEYRING}",) if _KEYRING.is_file() else ()
    return ("debootstrap", "--variant=minbase", *keyring, suite, str(root), *((mirror_url,) if mirror_url else ()))


def mirror(suite: str, sources: str) -> str | None:
    """Return the mirror for a Debian suite among apt's sources (`<address> <codename> <component>` per line).

    The machine's own suite may be another one: any mirror that has a Debian suite has them all.
    """
    if suite not in _DEBIAN_SUITES:
        raise ToolError(
            f"there is no Debian suite {suite!r} in the table; {', '.join(sorted(_DEBIAN_SUITES))} are known"
        )
    for line in sources.splitlines():
        address, codename, component = [*line.split(), "", "", ""][:3]
        if codename in _DEBIAN_SUITES and component == "main":
            return address
    return None


def slim(root: Path) -> None:
    """Drop what no image needs, and keep later packages from bringing it again."""
    (root / "etc/dpkg/dpkg.cfg.d/slim").write_text(_SLIM)
    for path in _UNNEEDED:
        folder = root / path
        for child in folder.iterdir() if folder.is_dir() else []:
            shutil.rmtree(child) if child.is_dir() else child.unlink()
    # Written by debootstrap from this machine; the engine brings its own.
    for name in ("etc/resolv.conf", "etc/hostname"):
        (root / name).unlink(missing_ok=True)


def _apt_sources() -> str:
    wanted = "$(REPO_URI) $(CODENAME) $(COMPONENT)"
    return run("apt-get", "indextargets", "--format", wanted, "Identifier: Packages")
