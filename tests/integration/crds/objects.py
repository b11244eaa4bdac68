"""Valid objects that test cases change."""

from __future__ import annotations

import copy
from typing import Any

Document = dict[str, Any]
GROUP_VERSION = "capforge.dev/v1alpha1"
OUTPUTS = "spec.modelParameters.outputs"
FIELDS = "spec.dataModel.fields"
AUTOMATIC = "spec.training.automatic"
URI = "spec.source.coco.annotationsUri"
WEIGHTS = "spec.initialWeights"


def changed(document: Document, *changes: tuple[str, Any]) -> Document:
    """Return a copy with values set at dotted paths; `...` removes, a number indexes a list (its length appends)."""
    result = copy.deepcopy(document)
    for path, value in changes:
        *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
        place: Any = result
        for parent in parents:
            place = place[parent] if isinstance(parent, int) else place.setdefault(parent, {})
        if value is ...:
            del place[last]
        elif isinstance(last, int) and last == len(place):
            place.append(value)
        else:
            place[last] = value
    return result


def _document(kind: str, name: str, spec: Document) -> Document:
    return {"apiVersion": GROUP_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}


CAPABILITY = _document(
    "Capability",
    "cells",
    {
        "type": "DetectorElement",
        "modelParameters": {"outputs": [{"position": 0, "name": "RBC"}, {"position": 1, "name": "WBC"}]},
    },
)
EXTRACTOR = _document(
    "Capability",
    "receipts",
    {
        "type": "FieldExtractorElement",
        "dataModel": {
            "fields": [
                {"name": "total", "type": "Amount"},
                {"name": "issued", "type": "Date", "convention": "US"},
                {"name": "kind", "type": "Classification", "classes": ["receipt", "invoice"]},
            ]
        },
    },
)
CLASSIFIER = _document(
    "Capability",
    "kinds",
    {
        "type": "BoxClassifierElement",
        "modelParameters": {"outputs": [{"position": 0, "name": "lymphocyte"}, {"position": 1, "name": "monocyte"}]},
        "inputFrom": {"capabilityRef": {"name": "cells"}},
        "inputFilter": {"classes": ["WBC"]},
    },
)
EMBEDDER = changed(
    CLASSIFIER, ("metadata.name", "looks"), ("spec.type", "BoxEmbedderElement"), ("spec.inputFilter", ...)
)
DATASET = _document(
    "Dataset",
    "cells-2026",
    {
        "source": {"coco": {"annotationsUri": "s3://capforge/team-a/cells/annotations.json"}},
        "split": {"devPercent": 20, "testPercent": 10, "seed": 7},
    },
)
DOCUMENTS = _document("Dataset", "receipts-2026", {"source": {"submissions": {"capabilityRef": {"name": "receipts"}}}})
TRAINING_RUN = _document(
    "TrainingRun",
    "cells-1",
    {
        "capabilityRef": {"name": "cells"},
        "datasets": {
            "train": [{"name": "cells-2026", "split": "Train"}],
            "dev": [{"name": "cells-2026", "split": "Dev"}],
        },
        "templateRef": {"name": "dense-detector"},
        "overrides": {"optimizer": {"lr": 0.01}, "epochs": 3},
    },
)
MODEL_TEMPLATE = _document(
    "ModelTemplate",
    "team-detector",
    {"capabilityTypes": ["DetectorElement"], "parameterSchema": {"type": "object"}, "defaults": {"epochs": 3}},
)
