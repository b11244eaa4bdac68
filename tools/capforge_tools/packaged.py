"""Programs out of the machine's own Debian packages, unpacked into the cache: nothing is installed, nobody is root."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from capforge_tools.commands import run
from capforge_tools.console import step
from capforge_tools.errors import ToolError
from capforge_tools.locks import exclusive
from capforge_tools.places import Places

_INSTALLED_BY = "Inst "
"""How a line of `apt-get install --simulate` starts that names a package."""


@dataclass(frozen=True)
class Packaged:
    """A program, the packages that hold it, and what it needs in its environment (`{root}`: where they lie)."""

    program: str
    packages: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()


TESSERACT = Packaged(
    "tesseract",
    ("tesseract-ocr", "tesseract-ocr-eng", "tesseract-ocr-osd"),
    (("TESSDATA_PREFIX", "{root}/usr/share/tesseract-ocr/5/tessdata"),),
)
ALL = (TESSERACT,)


def ensure(packaged: Packaged, places: Places | None = None) -> Path:
    """Return the program: the one on the path, else one that is unpacked here; raises ToolError saying what to do."""
    at = places or Places.from_environment()
    ours = at.binaries / packaged.program
    if ours.is_file():
        return ours
    if installed := shutil.which(packaged.program):
        return Path(installed)
    at.binaries.mkdir(parents=True, exist_ok=True)
    with exclusive(at.binaries / f".{packaged.program}.lock", f"fetching {packaged.program}"):
        if not ours.is_file():
            _unpack(packaged, at)
    return ours


def launcher(packaged: Packaged, root: Path) -> str:
    """Return the script that starts the program with the libraries beside it."""
    lines = [f'export LD_LIBRARY_PATH="{":".join(map(str, _library_folders(root)))}"']
    # Whoever sets a variable himself keeps it.
    lines += [f'export {name}="${{{name}:-{value.format(root=root)}}}"' for name, value in packaged.environment]
    return "\n".join(["#!/bin/sh", *lines, f'exec "{root}/usr/bin/{packaged.program}" "$@"', ""])


def _unpack(packaged: Packaged, places: Places) -> None:
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise ToolError(f"{packaged.program} is not installed and there is no apt-get here: install it yourself")
    root = places.cache / "packages" / packaged.program
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    with (
        step(f"unpack {packaged.program} from this machine's packages"),
        tempfile.TemporaryDirectory(dir=root.parent) as archives,
    ):
        run("apt-get", "download", "-q", *_closure(packaged), cwd=Path(archives))
        for archive in sorted(Path(archives).glob("*.deb")):
            run("dpkg-deb", "--extract", archive, root)
    partial = places.binaries / f".{packaged.program}.new"
    partial.write_text(launcher(packaged, root))
    partial.chmod(0o755)
    partial.rename(places.binaries / packaged.program)


def _closure(packaged: Packaged) -> list[str]:
    """Return the packages, with those that they depend on and that are not installed here."""
    try:
        plan = run("apt-get", "install", "--simulate", "--no-install-recommends", *packaged.packages)
    except ToolError as error:
        raise ToolError(
            f"{packaged.program} is not installed and this machine's package lists do not have it "
            f"(as root: apt-get update, or apt-get install {' '.join(packaged.packages)}): {error}"
        ) from error
    return [line.split()[1] for line in plan.splitlines() if line.startswith(_INSTALLED_BY)]


def _library_folders(root: Path) -> list[Path]:
    return sorted({library.parent for library in (root / "usr" / "lib").rglob("*.so*")})
