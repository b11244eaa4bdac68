"""`capforge-candidates serve` answers over HTTP; `capforge-candidates read FILE…` prints a Reading per line."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from capforge_candidates.settings import Settings, SettingsError, settings_from

_EXIT_FAULT = 1
_EXIT_CONFIGURATION = 2


def main() -> None:
    """Run the command; a wrong environment ends with 2 and says which variable, a document without a reading with 1."""
    parser = argparse.ArgumentParser(prog="capforge-candidates", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["serve", "read"], default="serve")
    parser.add_argument("files", nargs="*", type=Path, help="documents (read)")
    arguments = parser.parse_args()
    try:
        settings = settings_from(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"capforge-candidates: {error}\n")
        sys.exit(_EXIT_CONFIGURATION)
    if arguments.command == "read":
        sys.exit(_read(arguments.files, settings))
    from capforge_candidates.serving import serve  # noqa: PLC0415 - `read` needs no server

    serve(settings)


def _read(files: list[Path], settings: Settings) -> int:
    from capforge_candidates.document import read_document  # noqa: PLC0415 - the service parses in other processes
    from capforge_candidates.engines.choice import engine_from  # noqa: PLC0415
    from capforge_candidates.faults import Fault  # noqa: PLC0415
    from capforge_candidates.files.page import Limits  # noqa: PLC0415

    status = 0
    try:
        engine = engine_from(settings)
        for file in files:
            reading = read_document(file.read_bytes(), engine, Limits(settings.max_pages, settings.max_pixels))
            sys.stdout.write(reading.to_json().decode() + "\n")
    except (Fault, OSError) as error:
        sys.stderr.write(f"capforge-candidates: {error}\n")
        status = _EXIT_FAULT
    return status


if __name__ == "__main__":
    main()
