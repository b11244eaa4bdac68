"""Every generated file and its content, so that writing and drift-checking share one list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from capforge_crds.advice import advice
from capforge_crds.definitions import definition
from capforge_crds.reference import reference_page
from capforge_crds.templates import template_manifests
from capforge_operator.api.kinds import RESOURCES

REPOSITORY = Path(__file__).resolve().parents[2]
CRDS = REPOSITORY / "crds"
CHART_CRDS = REPOSITORY / "charts" / "capforge" / "templates" / "crds"
REFERENCE = REPOSITORY / "docs" / "reference"
TEMPLATES = REPOSITORY / "operator" / "src" / "capforge_operator" / "templates"
RUNBOOK = REPOSITORY / "docs" / "runbook.md"
ADVICE = REPOSITORY / "operator" / "src" / "capforge_operator" / "letters" / "advice.json"
LINE_CHARS = 120
_MARK = "Generated from operator/src/capforge_operator/api by `make crds`; do not edit."
_TEMPLATE_MARK = "Generated from images/trainer/src/capforge_trainer/templates.py by `make crds`; do not edit."
_KEEP = {"helm.sh/resource-policy": "keep"}


def generated_files() -> Iterator[tuple[Path, str]]:
    """Yield each generated file's path and text."""
    for resource in RESOURCES:
        document = definition(resource)
        name = f"{resource.KIND.plural}.yaml"
        yield CRDS / name, f"# {_MARK}\n---\n{_yaml(document)}"
        yield CHART_CRDS / name, _chart_template(document)
        yield REFERENCE / f"{resource.KIND.singular}.md", f"<!-- {_MARK} -->\n{reference_page(document)}"
    for manifest in template_manifests():
        yield TEMPLATES / f"{manifest['metadata']['name']}.yaml", f"# {_TEMPLATE_MARK}\n---\n{_yaml(manifest)}"
    yield ADVICE, advice(RUNBOOK.read_text())


def drifted() -> list[Path]:
    """Return the generated files that are missing or differ from what would be generated."""
    return [path for path, text in generated_files() if not path.is_file() or path.read_text() != text]


def write() -> list[Path]:
    """Write what has drifted and return it."""
    texts = dict(generated_files())
    changed = drifted()
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path])
    return changed


def _chart_template(document: dict[str, Any]) -> str:
    metadata = {**document["metadata"], "annotations": _KEEP}
    body = _yaml({**document, "metadata": metadata})
    if "{{" in body:
        raise ValueError(f"{metadata['name']}: a description holds '{{{{', which Helm would read as a template")
    return f"{{{{- /* {_MARK} */}}}}\n{{{{- if .Values.crds.enabled }}}}\n---\n{body}{{{{- end }}}}\n"


class _Indented(yaml.SafeDumper):
    """Lists are indented below their key, as yamllint's default wants them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - the parent's
        return super().increase_indent(flow, indentless=False)


def _yaml(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Indented, sort_keys=False, width=LINE_CHARS, allow_unicode=True)
