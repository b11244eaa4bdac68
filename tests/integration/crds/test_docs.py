"""What the pages show as YAML is what the API server takes: people copy it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from capforge_tools.places import REPOSITORY
from tests.support.apiserver import KubeApi

Json = dict[str, Any]
_BLOCK = re.compile(r"^```(?:ya?ml|sh|bash)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEREDOC = re.compile(r"<<'?EOF'?\n(.*?)^EOF$", re.MULTILINE | re.DOTALL)
PAGES = sorted(
    [REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md"), *(REPOSITORY / "examples").rglob("*.md")]
)


def objects(page: Path) -> list[Json]:
    """Return the whole objects of ours that a page shows, with what stands for a name replaced."""
    found: list[Json] = []
    for block in _BLOCK.findall(page.read_text()):
        for text in _HEREDOC.findall(block) or [block]:
            if re.search(r"^apiVersion: capforge\.dev/", text, re.MULTILINE):
                found += yaml.safe_load_all(re.sub(r"<[a-z ]+>", "team-a", text))
    return found


SHOWN = [page for page in PAGES if objects(page)]


@pytest.fixture(scope="module")
def namespace(kube: KubeApi) -> str:
    kube.apply_crds()
    return kube.create_namespace("docs")


def test_the_pages_show_objects() -> None:
    kinds = {one["kind"] for page in SHOWN for one in objects(page)}
    assert {"Capability", "Dataset", "TrainingRun"} <= kinds
    assert len(SHOWN) > 5


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_what_a_page_shows_is_taken(kube: KubeApi, namespace: str, page: Path) -> None:
    shown = [{**one, "metadata": {**one["metadata"], "namespace": namespace}} for one in objects(page)]
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": shown})
    kube.kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", stdin=listed)
