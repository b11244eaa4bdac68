"""`python -m benchmarks.peers.environments`: an environment for each peer, by hashed requirements, in the cache folder.

An environment is made anew when its requirements change; the old one stays until somebody deletes the folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from capforge_tools.console import step
from capforge_tools.places import REPOSITORY, Places

PEERS = ("kserve", "mlserver", "envoy")
_MADE = ".made"
_SCRIPTS = Path(sys.executable).parent


def folder_of(peer: str) -> Path:
    """Return where a peer's environment is or will be."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} ".encode() + _requirements(peer).read_bytes()).hexdigest()[:12]
    return Places.from_environment().cache / "bench" / f"{peer}-{digest}"


def environment(peer: str) -> Path:
    """Return the folder of a peer's environment, made where it is missing; raises CalledProcessError."""
    folder = folder_of(peer)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{peer}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / _MADE).exists():
            with step(f"install {peer} for the benchmark"):
                _make(folder, _requirements(peer))
    return folder


def _requirements(peer: str) -> Path:
    return REPOSITORY / "requirements" / f"bench-{peer}.txt"


def _make(folder: Path, requirements: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    uv = str(_SCRIPTS / "uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    python = str(folder / "bin" / "python")
    wanted = ["--python", python, "--require-hashes", str(requirements)]
    subprocess.run([uv, "pip", "sync", "--quiet", "--compile-bytecode", *wanted], check=True)
    (folder / _MADE).touch()


if __name__ == "__main__":
    for name in PEERS:
        print(environment(name))
