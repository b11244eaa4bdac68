"""The folder that a build sees: the image's inputs and nothing else of the repository."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from capforge_tools.images.table import Image, Table


@contextmanager
def build_context(table: Table, image: Image) -> Iterator[Path]:
    """Yield a folder with copies of the image's inputs, so that a COPY of anything undeclared fails."""
    with tempfile.TemporaryDirectory(prefix="capforge-build-") as name:
        folder = Path(name)
        for source in table.input_files(image):
            target = folder / source.relative_to(table.repository)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
            target.chmod(0o755 if source.stat().st_mode & 0o111 else 0o644)
        yield folder
