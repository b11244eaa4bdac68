"""Images in the nodes' container runtimes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from capforge_tools.cluster.layout import Node
from capforge_tools.commands import run
from capforge_tools.errors import CommandFailedError

__all__ = ["Node", "content", "load", "loading", "present", "remove"]


def present(node: Node) -> set[str]:
    """Return the references of the images that the node has."""
    return set(run(*_ctr(node, "images", "list", "--quiet")).split())


def content(node: Node) -> set[str]:
    """Return the digests of all layers, configurations and manifests that the node has."""
    return set(run(*_ctr(node, "content", "list", "--quiet")).split())


def load(node: Node, archive: Path) -> None:
    """Import an image archive; its layers are unpacked at once, so that the first pod does not wait for it."""
    run(*_ctr(node, "images", "import", archive))


def remove(node: Node, references: list[str]) -> None:
    """Forget images; what running containers use stays with them."""
    run(*_ctr(node, "images", "remove", "--sync", *references))


@contextmanager
def loading(node: Node) -> Iterator[IO[bytes]]:
    """Import what the block writes into the stream; raises CommandFailedError after the block."""
    argv = _ctr(node, "images", "import", "-")
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if process.stdin is None:
        raise AssertionError
    try:
        yield process.stdin
    except BrokenPipeError:
        # It has ended with an error, which says more.
        pass
    except BaseException:
        process.kill()
        raise
    finally:
        output, _ = process.communicate()
    if process.returncode != 0:
        raise CommandFailedError(argv, process.returncode, output.decode(errors="replace"))


def _ctr(node: Node, *arguments: str | Path) -> tuple[str, ...]:
    return ("ctr", "--address", str(node.containerd_socket), "--namespace", "k8s.io", *map(str, arguments))
