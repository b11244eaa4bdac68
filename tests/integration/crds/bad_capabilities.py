"""Capabilities that the API server refuses: the object, and a part of what is said."""

from __future__ import annotations

from copy import deepcopy

from tests.integration.crds.good_objects import (
    HOOK,
    TOLD,
)
from tests.integration.crds.objects import (
    AUTOMATIC,
    CAPABILITY,
    CLASSIFIER,
    EMBEDDER,
    EXTRACTOR,
    FIELDS,
    OUTPUTS,
    Document,
    changed,
)


def told(field: str, value: object) -> Document:
    """Return a capability that tells people, with one field of that changed."""
    return changed(CAPABILITY, ("spec.notifications", deepcopy(TOLD)), (f"spec.notifications.{field}", value))


BAD_CAPABILITIES: dict[str, tuple[Document, str]] = {
    # who is told
    "capability: a recipient that brings a header": (
        told("email.recipients", ["a@b.c\r\nBcc: eve@example.com"]),
        "spec.notifications.email.recipients[0]",
    ),
    "capability: a recipient that ends its line": (told("email.recipients", ["a@b.c\n"]), "email.recipients[0]"),
    "capability: a recipient with a display name": (told("email.recipients", ["Ann <a@b.c>"]), "email.recipients[0]"),
    "capability: a recipient twice": (told("email.recipients", ["a@b.c", "a@b.c"]), "duplicate entries for key"),
    "capability: nobody as recipient": (told("email.recipients", []), "should have at least 1 items"),
    "capability: an unknown outcome": (told("email.outcomes", ["Lost"]), "email.outcomes[0]"),
    "capability: a webhook with a password": (
        told("webhooks", [{**HOOK, "url": "https://user:password@hooks.example.com"}]),
        "spec.notifications.webhooks[0].url",
    ),
    "capability: a webhook that is a file": (
        told("webhooks", [{**HOOK, "url": "file:///etc/passwd"}]),
        "webhooks[0].url",
    ),
    "capability: a webhook without a key": (
        told("webhooks", [{"name": "chat", "url": HOOK["url"]}]),
        "webhooks[0].secretKey: Required value",
    ),
    "capability: two webhooks of one name": (told("webhooks", [HOOK, HOOK]), "duplicate entries for key"),
    # names
    "capability: a name of 41 characters": (
        changed(CAPABILITY, ("metadata.name", "a" * 41)),
        "metadata.name: at most 40 characters are allowed",
    ),
    # capability
    "capability: no spec": (changed(CAPABILITY, ("spec", ...)), "spec: Required value"),
    "capability: no type": (changed(CAPABILITY, ("spec.type", ...)), "spec.type: Required value"),
    "capability: an unknown type": (
        changed(CAPABILITY, ("spec.type", "Oracle")),
        (
            'spec.type: Unsupported value: "Oracle": supported values: "DetectorElement", "BoxClassifierElement",'
            ' "BoxEmbedderElement", "FieldExtractorElement"'
        ),
    ),
    # classifier, embedder
    "classifier: takes its entities from itself": (
        changed(CLASSIFIER, ("spec.inputFrom.capabilityRef.name", "kinds")),
        "spec.inputFrom.capabilityRef: another Capability is allowed, not itself",
    ),
    "classifier: filters what requests bring": (
        changed(CLASSIFIER, ("spec.inputFrom", ...)),
        "inputFilter: allowed together with inputFrom only",
    ),
    "classifier: takes entities from nobody": (
        changed(CLASSIFIER, ("spec.inputFrom", {})),
        "spec.inputFrom.capabilityRef: Required value",
    ),
    "classifier: a filter that lets nothing through": (
        changed(CLASSIFIER, ("spec.inputFilter.classes", [])),
        "spec.inputFilter.classes in body should have at least 1 items",
    ),
    "classifier: filters a class twice": (
        changed(CLASSIFIER, ("spec.inputFilter.classes", ["WBC", "WBC"])),
        "duplicate entries",
    ),
    "classifier: no outputs": (
        changed(CLASSIFIER, ("spec.modelParameters", ...)),
        "modelParameters for every other type",
    ),
    "detector: takes entities": (
        changed(CAPABILITY, ("spec.inputFrom", {"capabilityRef": {"name": "others"}})),
        "inputFrom: allowed for types BoxClassifierElement and BoxEmbedderElement only",
    ),
    "extractor: takes entities": (
        changed(EXTRACTOR, ("spec.inputFrom", {"capabilityRef": {"name": "others"}})),
        "inputFrom: allowed for types BoxClassifierElement and BoxEmbedderElement only",
    ),
    "embedder: a threshold": (
        changed(EMBEDDER, (f"{OUTPUTS}.0.confidenceThresholdPercent", 50)),
        "confidenceThresholdPercent is not allowed for type BoxEmbedderElement",
    ),
    "embedder: no outputs": (changed(EMBEDDER, (OUTPUTS, [])), "should have at least 1 items"),
    "capability: no outputs": (changed(CAPABILITY, (OUTPUTS, [])), "should have at least 1 items"),
    "capability: a position gap": (
        changed(CAPABILITY, (f"{OUTPUTS}.1.position", 2)),
        "outputs: positions must be 0, 1, 2 … without a gap",
    ),
    "capability: positions from 1": (
        changed(CAPABILITY, (f"{OUTPUTS}.0.position", 2)),
        "outputs: positions must be 0, 1, 2 … without a gap",
    ),
    "capability: a position twice": (changed(CAPABILITY, (f"{OUTPUTS}.1.position", 0)), "duplicate"),
    "capability: a negative position": (
        changed(CAPABILITY, (f"{OUTPUTS}.0.position", -1)),
        "should be greater than or equal to 0",
    ),
    "capability: an output name twice": (
        changed(CAPABILITY, (f"{OUTPUTS}.1.name", "RBC")),
        "outputs: each name is allowed once",
    ),
    "capability: an output without name": (changed(CAPABILITY, (f"{OUTPUTS}.0.name", ...)), "name: Required value"),
    "capability: an output name with a space at its end": (
        changed(CAPABILITY, (f"{OUTPUTS}.0.name", "RBC ")),
        "name: a class name on one line without spaces at its ends is allowed",
    ),
    "capability: an output name of two lines": (
        changed(CAPABILITY, (f"{OUTPUTS}.0.name", "R\nBC")),
        "name: a class name on one line",
    ),
    "capability: a second head": (changed(CAPABILITY, (f"{OUTPUTS}.0.head", 1)), "head: only 0 is allowed"),
    "capability: a threshold of 101": (
        changed(CAPABILITY, (f"{OUTPUTS}.0.confidenceThresholdPercent", 101)),
        "should be less than or equal to 100",
    ),
    "capability: too many outputs": (
        changed(CAPABILITY, (OUTPUTS, [{"position": n, "name": f"c{n}"} for n in range(401)])),
        "400",
    ),
    "capability: pinned to the version without model": (
        changed(CAPABILITY, ("spec.rollout.pinnedVersion", "1.0")),
        "spec.rollout.pinnedVersion",
    ),
    "capability: keeps nothing loaded": (
        changed(CAPABILITY, ("spec.serving.keepLoaded", 0)),
        "spec.serving.keepLoaded: Invalid value: 0: spec.serving.keepLoaded in body should be greater than or equal to 1",
    ),
    "capability: a field that does not exist": (
        changed(CAPABILITY, ("spec.trainig", {})),
        ".spec.trainig: field not declared in schema",
    ),
    # field extractor
    "extractor: no data model": (
        changed(EXTRACTOR, ("spec.dataModel", ...)),
        "dataModel, modelParameters: allowed is dataModel for type FieldExtractorElement",
    ),
    "extractor: outputs too": (
        changed(EXTRACTOR, (OUTPUTS, [{"position": 0, "name": "a"}])),
        "dataModel, modelParameters: allowed is dataModel for type FieldExtractorElement",
    ),
    "detector: a data model": (
        changed(CAPABILITY, (FIELDS, [{"name": "total", "type": "Amount"}])),
        "modelParameters for every other type",
    ),
    "detector: automatic training": (changed(CAPABILITY, ("spec.training", {})), "training: allowed for type Field"),
    "detector: gates": (changed(CAPABILITY, ("spec.rollout.gates", {})), "rollout.gates: allowed for type Field"),
    "extractor: no fields": (changed(EXTRACTOR, (FIELDS, [])), "should have at least 1 items"),
    "extractor: 201 fields": (
        changed(EXTRACTOR, (FIELDS, [{"name": f"f{n}", "type": "Word"} for n in range(201)])),
        "must have at most 200 items",
    ),
    "extractor: a field name twice": (
        changed(EXTRACTOR, (f"{FIELDS}.1.name", "total")),
        'duplicate entries for key [name="total"]',
    ),
    "extractor: a field name with a capital": (changed(EXTRACTOR, (f"{FIELDS}.0.name", "Total")), "should match"),
    "extractor: an unknown type": (
        changed(EXTRACTOR, (f"{FIELDS}.0.type", "Money")),
        'supported values: "Word", "Amount", "Date", "Email", "Url", "Phone", "Classification"',
    ),
    "extractor: letters of an amount": (
        changed(EXTRACTOR, (f"{FIELDS}.0.letters", "Never")),
        "letters and digits: allowed for type Word only",
    ),
    "extractor: a whole date": (
        changed(EXTRACTOR, (f"{FIELDS}.1.whole", "Always")),
        "whole: allowed for type Amount only",
    ),
    "extractor: an amount with a convention": (
        changed(EXTRACTOR, (f"{FIELDS}.0.convention", "US")),
        "convention: allowed for type Date only",
    ),
    "extractor: an amount with classes": (
        changed(EXTRACTOR, (f"{FIELDS}.0.classes", ["a"])),
        "classes: allowed for type Classification only",
    ),
    "extractor: a classification without classes": (
        changed(EXTRACTOR, (f"{FIELDS}.2.classes", ...)),
        "classes: type Classification needs the list",
    ),
    "extractor: a class twice": (changed(EXTRACTOR, (f"{FIELDS}.2.classes", ["a", "a"])), "duplicate entries"),
    "extractor: a class of two lines": (changed(EXTRACTOR, (f"{FIELDS}.2.classes", ["a\nb"])), "should match"),
    "extractor: trains at four": (changed(EXTRACTOR, (f"{AUTOMATIC}.firstAtAnnotations", 4)), "equal to 5"),
    "extractor: a schedule that goes back": (
        changed(EXTRACTOR, (f"{AUTOMATIC}.schedule", [40, 20])),
        "schedule: counts from the smallest to the largest are allowed",
    ),
    "extractor: waits less than it is quiet": (
        changed(EXTRACTOR, (AUTOMATIC, {"quietPeriodSeconds": 60, "longestWaitSeconds": 30})),
        "longestWaitSeconds: at least quietPeriodSeconds is allowed",
    ),
    "extractor: no runs a day": (changed(EXTRACTOR, (f"{AUTOMATIC}.maxRunsPerDay", 0)), "equal to 1"),
    "extractor: a mode that is a boolean": (changed(EXTRACTOR, (f"{AUTOMATIC}.mode", False)), "mode"),
}
