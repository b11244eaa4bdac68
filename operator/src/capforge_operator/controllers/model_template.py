"""ModelTemplate: the built-in ones are there, and each says whether it can be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from capforge_operator.api.model_template import ModelTemplate
from capforge_operator.domain.announcements import announcements
from capforge_operator.domain.template_check import READY, template_status
from capforge_operator.keys import Key
from capforge_operator.ports import Clock, Done, Events, Json, Resources
from capforge_operator.resource_types import MODEL_TEMPLATES


@dataclass(frozen=True)
class ModelTemplateController:
    """Applies a built-in template where it is missing or was changed, and checks every template."""

    resources: Resources
    events: Events
    clock: Clock
    builtin: Mapping[str, Json]
    """Manifests by name, templates.builtin_templates()."""

    async def reconcile(self, key: Key) -> Done:
        """Restore, check, tell."""
        observed = await self.resources.get(MODEL_TEMPLATES, "", key.name)
        did: list[str] = []
        wanted = self.builtin.get(key.name)
        if wanted is not None and (observed is None or _differs(wanted, observed)):
            observed = await self.resources.apply(MODEL_TEMPLATES, wanted)
            did.append("AppliedTemplate")
        if observed is None:
            return Done()
        template = ModelTemplate.parse(observed)
        status = template_status(template, self.clock.now())
        if await self.resources.write_status(MODEL_TEMPLATES, observed, status.to_document()):
            did.append("WroteStatus")
        for event in announcements(observed, template.status.conditions, status.conditions, [READY]):
            await self.events.emit(event)
        return Done(did=", ".join(did) or Done().did)


def _differs(wanted: Any, live: Any) -> bool:
    """Tell whether a live object lacks something of the manifest; free-form parts are compared whole."""
    spec, labels = wanted["spec"], wanted["metadata"].get("labels", {})
    held = live["metadata"].get("labels", {})
    return any(live["spec"].get(name) != value for name, value in spec.items()) or any(
        held.get(name) != value for name, value in labels.items()
    )
