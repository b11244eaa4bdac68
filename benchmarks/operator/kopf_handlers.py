"""The same job by kopf's own handlers, as people write them: `python -m kopf run -A <this file>`.

On creation and on every change of the spec: validate the object, put together the same status, hand it to kopf's patch.
It asks no object store and looks at no other object, so it does less than ours.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import kopf

from capforge_operator.api.capability import Capability

_CONDITIONS = {
    "Ready": ("True", "AwaitingModel", "No model yet; make a TrainingRun."),
    "ModelServing": ("False", "NoModel", "No model yet; make a TrainingRun."),
    "RolloutBlocked": ("False", "Passed", "No version waits."),
    "Reconciling": ("False", "Converged", "Nothing is under way."),
    "Stalled": ("False", "Converging", "Nothing stands in the way."),
}


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    """Say nothing by events, as ours about a capability without a model; else kopf's defaults."""
    settings.posting.enabled = False
    settings.watching.server_timeout = 300


@kopf.on.create("capforge.dev", "v1alpha1", "capabilities")
@kopf.on.update("capforge.dev", "v1alpha1", "capabilities", field="spec")
def tell(body: kopf.Body, patch: kopf.Patch, **_: Any) -> None:
    """Compute the status."""
    capability = Capability.parse(dict(body))
    metadata = capability.metadata
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    before = {one.type: one for one in capability.status.conditions}
    patch.status.update(
        {
            "conditions": [
                {
                    "type": kind,
                    "status": status,
                    "reason": reason,
                    "message": message,
                    "lastTransitionTime": before[kind].last_transition_time if kind in before else now,
                    "observedGeneration": metadata.generation,
                }
                for kind, (status, reason, message) in _CONDITIONS.items()
            ],
            "observedGeneration": metadata.generation,
            "interface": {"inputs": ["image"], "outputs": ["entities"]},
            "version": "1.0",
            "targetVersion": "1.0",
            "url": f"http://gateway/v1/products/{metadata.namespace}/{metadata.name}/v1/predict",
            "versionCount": 0,
        }
    )
