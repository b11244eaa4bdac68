"""`python -m capforge_demo run|documents|down`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time

from capforge.errors import CliError
from capforge_demo import install, story
from capforge_demo.clients import Clients
from capforge_demo.documents import story as documents
from capforge_demo.settings import Settings
from capforge_tools.console import say
from capforge_tools.errors import ToolError
from capforge_tools.selection import Cluster

_INTERRUPTED = 130


def main() -> int:
    """Run the demo, or take everything down again; return the exit code."""
    parser = argparse.ArgumentParser(prog="capforge_demo", description=story.__doc__)
    parser.add_argument("action", choices=["run", "documents", "down"])
    action = parser.parse_args().action
    started = time.monotonic()
    try:
        sample = documents.SAMPLE if action == "documents" else "cells"
        settings = Settings.from_environment(os.environ, sample)
        {"run": story.run, "documents": documents.run, "down": down}[action](settings)
    except (ToolError, CliError) as error:
        say(f"\nerror: {error}")
        if hint := getattr(error, "hint", ""):
            say(hint)
        return 1
    except KeyboardInterrupt:
        say("\nstopped; the same command goes on from here, `make down` removes everything")
        return _INTERRUPTED
    say(f"{action}: {time.monotonic() - started:.0f} s")
    return 0


def down(settings: Settings) -> None:
    """Remove what the demo made: the whole cluster where it is ours, else releases and namespaces."""
    if settings.cluster is Cluster.CURRENT:
        install.uninstall(Clients.find(settings.kubeconfig, settings.places))
    else:
        story.tool("cluster", "down")
    shutil.rmtree(settings.key_folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
