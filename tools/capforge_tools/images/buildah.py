"""Images by buildah, where there is no Docker engine: as root, without a daemon."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from capforge_tools.commands import run, run_logged
from capforge_tools.files import write_if_changed
from capforge_tools.images import pipsettings, roots
from capforge_tools.images.engine import Build
from capforge_tools.images.table import Root
from capforge_tools.places import Places

_CERTIFICATES_INSIDE = "/run/capforge-build/ca-certificates.crt"


@dataclass(frozen=True)
class BuildahEngine:
    """Buildah with a store of its own below the cache folder."""

    places: Places
    name: str = "buildah"

    @property
    def store(self) -> Path:
        """Where it keeps images."""
        return self.places.cache / "containers"

    def references(self) -> set[str]:
        """Return the references of the images in the store."""
        return set(run(*self._buildah("images", "--format", "{{.Name}}:{{.Tag}}")).split())

    def root_reference(self, root: Root, log: IO[bytes]) -> str:
        """Make the bare Debian by debootstrap unless it is in the store."""
        reference = f"localhost/capforge/root:{root.tag}"
        roots.ensure(root.name, reference, self, log)
        return reference

    def build(self, build: Build, log: IO[bytes]) -> None:
        """Build with cached layers; downloads are cached across builds, and the host's certificates are lent."""
        run_logged(*self.build_command(build), log=log)

    def build_command(self, build: Build) -> tuple[str, ...]:
        """Return the command line of a build."""
        return self._buildah(
            *("build", "--isolation", "chroot", "--layers", "--pull-never"),
            *("--file", str(build.dockerfile), "--tag", build.reference),
            *build.argument_words(),
            *("--build-context", f"binaries={build.programs}"),
            *(word for volume in self._volumes() for word in ("--volume", volume)),
            str(build.context),
        )

    def remove(self, references: list[str]) -> None:
        """Forget images, and what only they had; also the containers of builds that were killed."""
        run(*self._buildah("rm", "--all"))
        run(*self._buildah("rmi", "--force", *references))
        run(*self._buildah("rmi", "--prune"))

    def push(self, reference: str, target: str) -> None:
        """Push to a registry (credentials from `buildah login`)."""
        run(*self._buildah("push", reference, f"docker://{target}"))

    def commit_root(self, reference: str, root: Path, log: IO[bytes]) -> None:
        """Make an image of one layer from a folder."""
        container = run(*self._buildah("from", "scratch")).strip()
        try:
            run_logged(*self._buildah("add", "--quiet", container, root, "/"), log=log)
            run_logged(*self._buildah("commit", "--quiet", container, reference), log=log)
        finally:
            run(*self._buildah("rm", container))

    def export(self, reference: str, folder: Path) -> None:
        """Write an image into a new folder: its manifest, and every layer as it is in the store."""
        run(*self._buildah("push", "--quiet", "--disable-compression", reference, f"dir:{folder}"))

    def _volumes(self) -> list[str]:
        """Return what builds see and images never hold: caches, certificates, pip's settings."""
        folder = self.places.cache / "builds"
        for cache in ("pip", "apt/partial"):
            (folder / cache).mkdir(parents=True, exist_ok=True)
        volumes = [f"{folder / 'pip'}:/root/.cache/pip", f"{folder / 'apt'}:/var/cache/apt/archives"]
        certificates = pipsettings.certificates(os.environ)
        settings = pipsettings.pip_conf(os.environ, _CERTIFICATES_INSIDE if certificates else None)
        volumes.append(f"{write_if_changed(folder / 'pip.conf', settings)}:/etc/pip.conf:ro")
        if certificates:
            volumes.append(f"{certificates}:{_CERTIFICATES_INSIDE}:ro")
        return volumes

    def _buildah(self, verb: str, *arguments: str | Path) -> tuple[str, ...]:
        store = ("--root", str(self.store), "--runroot", str(self.places.cache / "containers-run"))
        # Else a mount of the store on itself would stay behind.
        driver = ("--storage-driver", "overlay", "--storage-opt", "overlay.skip_mount_home=true")
        return ("buildah", *store, *driver, verb, *map(str, arguments))
