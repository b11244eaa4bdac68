"""The data of the demo: drawn here or the person's own, and its way into the object store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from capforge.sample import cells
from capforge_demo.clients import Clients
from capforge_demo.coco import CocoFolder
from capforge_demo.manifests import Example, adapted, blood_cells
from capforge_demo.settings import DEFAULT_NAMESPACE, Settings
from capforge_tools.console import say, step
from capforge_tools.errors import ToolError

SAMPLE_IMAGES = 240
SAMPLE_SEED = 0
"""As `capforge sample cells` draws them by default: the example's README and the demo mean the same data."""
BUCKET = "s3://capforge"


def folder(settings: Settings) -> CocoFolder:
    """Return the person's data, or the sample set, drawn unless it was before."""
    if settings.data:
        return CocoFolder.find(settings.data)
    target = settings.places.cache / f"sample-cells-{SAMPLE_IMAGES}-{SAMPLE_SEED}"
    if not (target / "train.json").is_file():
        with step(f"draw {SAMPLE_IMAGES} sample images (your own data: make demo DATA=<coco folder>)"):
            for _ in cells.write(target, SAMPLE_IMAGES, SAMPLE_SEED):
                pass
    return CocoFolder.find(target)


def example(settings: Settings, data: CocoFolder) -> Example:
    """Return the resources to apply: examples/blood-cells as it is, or adapted to the person's data."""
    address = address_of(settings)
    written = blood_cells()
    as_written = (DEFAULT_NAMESPACE, written.run["spec"]["timeBudgetSeconds"])
    if not settings.data and (settings.namespace, settings.time_budget_seconds) == as_written:
        return written
    return adapted(data, settings.name, address, settings.time_budget_seconds)


def address_of(settings: Settings) -> str:
    """Return where the data goes."""
    return f"{BUCKET}/{settings.namespace}/{settings.name}"


def push(settings: Settings, data: CocoFolder, clients: Clients) -> None:
    """Send the folder by `capforge data push`, which skips what is there already."""
    address = address_of(settings)
    say(f"  capforge data push {data.folder} {address}")
    command = [program(), "data", "push", str(data.folder), address, "--namespace", settings.namespace]
    done = subprocess.run(command, env=clients.whole_environment, check=False)
    if done.returncode:
        raise ToolError("the data was not sent; the lines above say why. Put it right and run `make demo` again.")


def program() -> str:
    """Return the path of the `capforge` command of this environment."""
    return str(Path(sys.executable).parent / "capforge")
