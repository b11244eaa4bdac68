"""Installing what is missing from the machine's own Debian or Ubuntu packages."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from capforge_tools.commands import run
from capforge_tools.console import say, step
from capforge_tools.errors import ToolError

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

IMAGES = {"buildah": "buildah", "debootstrap": "debootstrap", "runc": "runc"}
"""What building images without a Docker engine needs: command → package."""


def cni_folder() -> Path | None:
    """Return the folder with the CNI plugins, if there is one."""
    return next((folder for folder in _CNI_FOLDERS if (folder / "ptp").is_file()), None)


def missing(needed: Mapping[str, str]) -> list[str]:
    """Return the packages whose command is not on this machine."""
    search = ":".join(["/usr/sbin", "/sbin", *map(str, _CNI_FOLDERS)])
    return sorted(
        {
            package
            for command, package in needed.items()
            if not (shutil.which(command) or shutil.which(command, path=search))
        }
    )


def install_missing(needed: Mapping[str, str]) -> None:
    """Install what is missing, after printing it; raises ToolError where this machine has no apt-get."""
    packages = missing(needed)
    if not packages:
        return
    say(f"These packages are missing and will be installed as root: {' '.join(packages)}")
    if not shutil.which("apt-get"):
        raise ToolError(f"there is no apt-get here: install these by your package manager: {' '.join(packages)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with step("refresh the package lists"):
        run("apt-get", "update", "-q", env=quiet)
    with step(f"install {' '.join(packages)}"):
        run("apt-get", "install", "-y", "-q", "--no-install-recommends", *packages, env=quiet)
