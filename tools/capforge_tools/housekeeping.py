"""Check what no Python linter reads: shell, Dockerfiles, YAML, charts, lock files, promises in comments."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HELM = Path.home() / ".cache" / "capforge" / "bin" / "helm"
_BIN = Path(sys.executable).parent
_DOCKERFILE_RULES_OFF = (
    "DL3006",  # every base image is an argument
    "DL3008",  # the base image's date pins Debian's packages
    "DL3022",  # programs come from a build context of their own
    "DL3042",  # pip's cache is a mount that no layer keeps
)
_DOWNLOAD_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_PROMISE = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")


def main() -> int:
    """Run every check, print all complaints, return 1 if there are any."""
    checks: list[Callable[[], Iterator[str]]] = [_shell, _dockerfiles, _yaml, _charts, _lock_files, _promises]
    complaints = [complaint for check in checks for complaint in check()]
    for complaint in complaints:
        print(complaint)
    print(f"{len(checks)} kinds of files checked, {len(complaints)} complaints")
    return 1 if complaints else 0


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for line in listed.stdout.splitlines() if (path := ROOT / line).is_file()]


def _complaints(command: list[str]) -> Iterator[str]:
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        yield f"{Path(command[0]).name}:\n{done.stdout}{done.stderr}"


def _shell() -> Iterator[str]:
    scripts = [path for path in _tracked("*.sh", ".ci/run") if path.is_file()]
    if scripts:
        yield from _complaints([str(_BIN / "shellcheck"), *map(str, scripts)])


def _dockerfiles() -> Iterator[str]:
    files = _tracked("images/*/Dockerfile")
    if files:
        ignored = [word for rule in _DOCKERFILE_RULES_OFF for word in ("--ignore", rule)]
        yield from _complaints([str(_BIN / "hadolint"), *ignored, *map(str, files)])


def _yaml() -> Iterator[str]:
    files = [
        path for path in _tracked("*.yaml", "*.yml") if "templates" not in path.parts or "charts" not in path.parts
    ]
    if files:
        rules = "{extends: relaxed, rules: {line-length: disable}}"
        yield from _complaints([str(_BIN / "yamllint"), "--strict", "-d", rules, *map(str, files)])


def _charts() -> Iterator[str]:
    charts = [path.parent for path in _tracked("charts/*/Chart.yaml")]
    if charts and not HELM.exists():
        yield "helm is missing: run `make binaries`"
        return
    for chart in charts:
        yield from _complaints([str(HELM), "lint", "--strict", "--quiet", str(chart)])


def _lock_files() -> Iterator[str]:
    for path in _tracked("requirements/*.txt", "*package-lock.json", "*.sum"):
        if _DOWNLOAD_ADDRESS.search(path.read_text()):
            yield f"{path.relative_to(ROOT)}: carries a download address; compile it with `make requirements`"


def _promises() -> Iterator[str]:
    for path in _tracked("*.py", "*.sh", "*.mk", "Makefile", "*.yaml"):
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if _PROMISE.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: a promise in a comment; open an issue or do it"


if __name__ == "__main__":
    sys.exit(main())
