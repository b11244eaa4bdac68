"""The upstream programs that tests and the local cluster run, built from pinned Go modules."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from capforge_tools import gotoolchain
from capforge_tools.commands import run_logged
from capforge_tools.console import step
from capforge_tools.locks import exclusive
from capforge_tools.places import REPOSITORY, Places

_KUBERNETES_VERSION = "1.34.4"
_STRIP = "-s -w"
_ON_DEMAND = {"kind", "load"}
"""Built only where it is asked for by name."""


@dataclass(frozen=True)
class Module:
    """One folder with a go.mod (below tools/cluster), and the programs built from it (program → Go package)."""

    name: str
    programs: dict[str, str]
    link_flags: str = _STRIP
    parent: str = "tools/cluster"

    @property
    def folder(self) -> Path:
        """The module's folder."""
        return REPOSITORY / self.parent / self.name


def _kubernetes(version: str) -> Module:
    major, minor, _ = version.split(".")
    stamp = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    flags = [f"-X k8s.io/component-base/version.{key}={value}" for key, value in stamp.items()]
    programs = (
        "kube-apiserver",
        "kubectl",
        "kube-controller-manager",
        "kube-scheduler",
        "kubelet",
        "kube-proxy",
    )
    return Module(
        "kubernetes",
        {program: f"k8s.io/kubernetes/cmd/{program}" for program in programs},
        " ".join([_STRIP, *flags]),
    )


MODULES = {
    module.name: module
    for module in (
        Module("etcd", {"etcd": "go.etcd.io/etcd/server/v3"}),
        Module("versitygw", {"versitygw": "github.com/versity/versitygw/cmd/versitygw"}),
        _kubernetes(_KUBERNETES_VERSION),
        Module("helm", {"helm": "helm.sh/helm/v3/cmd/helm"}),
        Module("promtool", {"promtool": "github.com/prometheus/prometheus/cmd/promtool"}),
        Module("coredns", {"coredns": "."}),
        Module("pause", {"pause": "."}),
        Module("kind", {"kind": "sigs.k8s.io/kind"}),
        Module("load", {"capforge-load": "."}, parent="benchmarks/predict"),
    )
}
"""Every module by name, in the order in which they are built."""


def ensure(*names: str, places: Places | None = None) -> Path:
    """Build the named modules' programs where they are missing or out of date; return their folder."""
    at = places or Places.from_environment()
    at.binaries.mkdir(parents=True, exist_ok=True)
    for name in names or [name for name in MODULES if name not in _ON_DEMAND]:
        module = MODULES[name]
        if is_current(module, at.binaries):
            continue
        with exclusive(at.binaries / f".{name}.lock", f"building {name}"):
            if not is_current(module, at.binaries):
                _build(module, at)
    return at.binaries


def is_current(module: Module, folder: Path) -> bool:
    """Tell whether all programs of the module lie in the folder and were built from these very inputs."""
    stamp = folder / f".{module.name}.stamp"
    built_from = stamp.read_text() if stamp.is_file() else ""
    return built_from == inputs_digest(module) and all((folder / program).is_file() for program in module.programs)


def inputs_digest(module: Module) -> str:
    """Return the sha256 over what decides the build: the module's files, the packages and the flags."""
    digest = hashlib.sha256(repr((sorted(module.programs.items()), module.link_flags)).encode())
    for file in sorted(module.folder.iterdir()):
        if file.suffix in {".go", ".mod", ".sum"}:
            digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _build(module: Module, places: Places) -> None:
    gotoolchain.check(module.folder)
    digest = inputs_digest(module)
    log_path = places.cache / "logs" / f"build-{module.name}.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("wb") as log:
        for program, package in module.programs.items():
            with step(f"build {program} from source"):
                target = places.binaries / f".{program}.new"
                argv = ("go", "build", "-trimpath", "-ldflags", module.link_flags, "-o", target, package)
                run_logged(*argv, log=log, cwd=module.folder, env={"CGO_ENABLED": "0", "GOFLAGS": _go_flags()})
                # A rename replaces a program that is being executed; writing over it would fail.
                target.rename(places.binaries / program)
    (places.binaries / f".{module.name}.stamp").write_text(digest)


def _go_flags() -> str:
    """Keep the user's GOFLAGS, but build exactly what go.sum pins."""
    return f"{os.environ.get('GOFLAGS', '')} -mod=readonly -buildvcs=false".strip()
