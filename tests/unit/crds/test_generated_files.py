"""The checked-in CRDs, chart copies and reference pages are what the models say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from capforge_crds import files
from capforge_crds.files import CHART_CRDS, CRDS, REFERENCE, TEMPLATES, drifted, generated_files
from capforge_operator.api.kinds import RESOURCES

CRD_FILES = sorted(CRDS.glob("*.yaml"))


def test_nothing_has_drifted():
    assert drifted() == [], "run `make crds`"


def test_no_file_of_a_kind_that_is_gone_is_left():
    expected = {path for path, _ in generated_files() if path.suffix != ".json"}  # JSON has no room for the mark
    found = {*CRDS.glob("*"), *CHART_CRDS.glob("*"), *REFERENCE.glob("*.md"), *TEMPLATES.glob("*.yaml")}
    # Other pages may lie beside the generated ones; ours carry the mark.
    marked = {path for path in found if "by `make crds`; do not edit." in path.read_text()}
    assert marked == expected


def test_a_changed_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "generated_files", lambda: iter([(tmp_path / "a.yaml", "new\n")]))
    assert drifted() == [tmp_path / "a.yaml"]
    assert files.write() == [tmp_path / "a.yaml"]
    assert drifted() == []
    (tmp_path / "a.yaml").write_text("edited by hand\n")
    assert drifted() == [tmp_path / "a.yaml"]


def test_every_kind_has_a_file():
    assert {path.stem for path in CRD_FILES} == {resource.KIND.plural for resource in RESOURCES}


@pytest.mark.parametrize("path", CRD_FILES, ids=lambda path: path.stem)
def test_the_chart_keeps_crds_on_uninstall_and_can_leave_them_out(path: Path):
    text = (CHART_CRDS / path.name).read_text()
    lines = text.splitlines()
    assert lines[1] == "{{- if .Values.crds.enabled }}"
    assert lines[-1] == "{{- end }}"
    copy: dict[str, Any] = yaml.safe_load("\n".join(line for line in lines if not line.startswith("{{")))
    assert copy["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
    assert copy == yaml.safe_load(path.read_text())


@pytest.mark.parametrize("path", CRD_FILES, ids=lambda path: path.stem)
def test_the_reference_page_shows_every_field(path: Path):
    crd = yaml.safe_load(path.read_text())
    page = (REFERENCE / f"{crd['spec']['names']['singular']}.md").read_text()
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    for part in ("spec", "status"):
        for name in schema[part]["properties"]:
            assert f"`{part}.{name}`" in page
