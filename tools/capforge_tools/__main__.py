"""`python -m capforge_tools`: the verbs behind the Makefile."""

from __future__ import annotations

import argparse
import sys

from capforge_tools import binaries, packaged
from capforge_tools.cluster import verbs as cluster
from capforge_tools.console import say
from capforge_tools.errors import ToolError
from capforge_tools.images import verbs as images


def main(argv: list[str] | None = None) -> int:
    """Run one verb; return the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.verb(arguments) or 0)
    except ToolError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("stopped")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="capforge_tools", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    build = verbs.add_parser("binaries", help="build the pinned upstream programs that are missing or out of date")
    build.add_argument("names", nargs="*", choices=[*binaries.MODULES, []], help="modules; all where none is given")
    build.set_defaults(verb=_binaries)
    cluster.add(verbs)
    images.add(verbs)
    return parser


def _binaries(arguments: argparse.Namespace) -> None:
    print(binaries.ensure(*arguments.names))
    for program in () if arguments.names else packaged.ALL:
        packaged.ensure(program)


if __name__ == "__main__":
    sys.exit(main())
