"""Installing what is missing from the machine's own Debian or Ubuntu packages."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from capforge_tools.commands import run
from capforge_tools.console import say, step
from capforge_tools.errors import ToolError
from capforge_tools.locks import exclusive
from capforge_tools.places import Places

_CNI_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))

CLUSTER = {
    "containerd": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ethtool": "ethtool",
    "socat": "socat",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "ptp": "containernetworking-plugins",
}
"""What the local cluster needs: command → package."""

IMAGES = {
    "buildah": "buildah",
    "debootstrap": "debootstrap",
    "runc": "runc",
    # Other distributions do not know Debian's keys.
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
}
"""What building images without a Docker engine needs: command or file → package."""


def cni_folder() -> Path | None:
    """Return the folder with the CNI plugins, if there is one."""
    return next((folder for folder in _CNI_FOLDERS if (folder / "ptp").is_file()), None)


def missing(needed: Mapping[str, str]) -> list[str]:
    """Return the packages whose command (or file) is not on this machine."""
    return sorted({package for thing, package in needed.items() if not _is_there(thing)})


def install_missing(needed: Mapping[str, str]) -> None:
    """Install what is missing, after printing it; raises ToolError where this machine has no apt-get."""
    if missing(needed):
        # Another process of ours may be at it: apt-get refuses the second one.
        with exclusive(Places.from_environment().cache / "packages.lock", "this machine's packages"):
            _install(missing(needed))


def _install(packages: Sequence[str]) -> None:
    if not packages:  # the other one has installed them
        return
    say(f"These packages are missing and will be installed as root: {' '.join(packages)}")
    if not shutil.which("apt-get"):
        raise ToolError(f"there is no apt-get here: install these by your package manager: {' '.join(packages)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with step("refresh the package lists"):
        run("apt-get", "update", "-q", env=quiet)
    with step(f"install {' '.join(packages)}"):
        run("apt-get", "install", "-y", "-q", "--no-install-recommends", *packages, env=quiet)


def _is_there(thing: str) -> bool:
    elsewhere = ":".join(["/usr/sbin", "/sbin", *map(str, _CNI_FOLDERS)])
    if thing.startswith("/"):
        return Path(thing).is_file()
    return bool(shutil.which(thing) or shutil.which(thing, path=elsewhere))
