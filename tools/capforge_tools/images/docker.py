"""Images by a Docker engine."""

from __future__ import annotations

from typing import IO

from capforge_tools.commands import run, run_logged, succeeds
from capforge_tools.images.engine import Build
from capforge_tools.images.table import Root

_BUILDKIT = {"DOCKER_BUILDKIT": "1"}


def answers() -> bool:
    """Tell whether a Docker engine answers here."""
    return succeeds("docker", "version", "--format", "{{.Server.Version}}")


class DockerEngine:
    """The Docker engine in force (DOCKER_HOST, contexts)."""

    name = "docker"

    def references(self) -> set[str]:
        """Return the references of the images that the engine keeps."""
        return set(run("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split())

    def root_reference(self, root: Root, log: IO[bytes]) -> str:
        """Docker fetches a bare Debian by itself."""
        del log
        return root.docker

    def build(self, build: Build, log: IO[bytes]) -> None:
        """Build by BuildKit."""
        run_logged(*build_command(build), log=log, env=_BUILDKIT)

    def remove(self, references: list[str]) -> None:
        """Forget images; one that a container uses stays."""
        for reference in references:
            succeeds("docker", "image", "rm", reference)

    def push(self, reference: str, target: str) -> None:
        """Tag and push."""
        run("docker", "tag", reference, target)
        run("docker", "push", target)


def build_command(build: Build) -> tuple[str, ...]:
    """Return the command line of a build."""
    return (
        *("docker", "build", "--progress", "plain"),
        *("--file", str(build.dockerfile), "--tag", build.reference),
        *build.argument_words(),
        *("--build-context", f"binaries={build.programs}"),
        str(build.context),
    )
