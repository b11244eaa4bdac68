"""Becoming root where the work needs it, after saying so."""

from __future__ import annotations

import os
import shutil
import sys

from capforge_tools.console import say
from capforge_tools.errors import ToolError

_KEPT = (
    "HOME,PATH,PYTHONPATH,XDG_STATE_HOME,XDG_CACHE_HOME,CLUSTER,GOFLAGS,GOPROXY,PIP_INDEX_URL,PIP_CERT,SSL_CERT_FILE"
)


def require_root(why: str) -> None:
    """Return if this process is root; else say why and run the same command line again through sudo."""
    if os.geteuid() == 0:
        return
    if not shutil.which("sudo"):
        raise ToolError(f"{why}, which needs root, and there is no sudo: run the same command as root")
    say(f"{why}, which needs root: going on through sudo")
    argv = ["sudo", f"--preserve-env={_KEPT}", sys.executable, "-m", "capforge_tools", *sys.argv[1:]]
    os.execvp("sudo", argv)  # noqa: S606 - no shell is the point


def give_to_user(*paths: os.PathLike[str]) -> None:
    """Hand files that a sudo run made for its user (the kubeconfig) to that user."""
    uid, gid = os.environ.get("SUDO_UID"), os.environ.get("SUDO_GID")
    if uid and gid:
        for path in paths:
            os.chown(path, int(uid), int(gid))
