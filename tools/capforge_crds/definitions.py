"""One CRD document for each kind."""

from __future__ import annotations

from typing import Any

from capforge_contracts.names import API_VERSION
from capforge_crds.schema import structural_schema, without_defaults
from capforge_operator.api.base import Column, Resource

CATEGORY = "capforge"


def definition(resource: type[Resource]) -> dict[str, Any]:
    """Return the CustomResourceDefinition of a kind."""
    kind = resource.KIND
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.crd_name},
        "spec": {
            "group": kind.crd_name.removeprefix(f"{kind.plural}."),
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.singular,
                "shortNames": [kind.short],
                "categories": [CATEGORY],
            },
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "versions": [
                {
                    "name": API_VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [_column(column) for column in kind.columns],
                    "schema": {"openAPIV3Schema": _root(resource)},
                }
            ],
        },
    }


def _root(resource: type[Resource]) -> dict[str, Any]:
    parts = structural_schema(resource)["properties"]
    return {
        "type": "object",
        "description": (resource.__doc__ or "").strip(),
        "required": ["spec"],
        "x-kubernetes-validations": [rule.to_schema() for rule in resource.KIND.rules],
        "properties": {
            "apiVersion": {"type": "string", "description": "The API group and version of this object."},
            "kind": {"type": "string", "description": "The kind of this object."},
            "metadata": {"type": "object"},
            "spec": parts["spec"],
            "status": without_defaults(parts["status"]),
        },
    }


def _column(column: Column) -> dict[str, Any]:
    shown = {
        "name": column.name,
        "type": column.type,
        "description": column.description,
        "jsonPath": column.path,
    }
    return {**shown, "priority": 1} if column.wide else shown
