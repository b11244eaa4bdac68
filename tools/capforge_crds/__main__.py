"""`python -m capforge_crds [--check]`: write the generated files, or tell which have drifted."""

from __future__ import annotations

import sys

from capforge_crds.files import REPOSITORY, drifted, write


def main(arguments: list[str]) -> int:
    """Return the exit code: 1 if --check finds drift."""
    check = "--check" in arguments
    paths = drifted() if check else write()
    for path in paths:
        print(f"{'differs' if check else 'written'}: {path.relative_to(REPOSITORY)}")
    if check and paths:
        print("run `make crds` and commit the result")
    return int(check and bool(paths))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
