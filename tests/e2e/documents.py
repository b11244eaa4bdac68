"""The resources of the document story, what its annotators do wrong, and where its seconds went."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from capforge_demo.documents.picking import Choice, choices
from capforge_demo.follow import condition
from tests.support.annotator import Kept
from tests.support.e2e import Tenant
from tests.support.workloads import Workloads

Json = dict[str, Any]
BUDGET_SECONDS = 60


def capability(name: str, fields: Sequence[Json]) -> Json:
    """A field extractor that trains at 20, 40, 60 … as soon as nobody has annotated for two seconds."""
    automatic = {"quietPeriodSeconds": 2, "longestWaitSeconds": 60, "maxRunsPerDay": 100}
    spec = {
        "type": "FieldExtractorElement",
        "dataModel": {"fields": list(fields)},
        "training": {"automatic": automatic, "timeBudgetSeconds": BUDGET_SECONDS},
    }
    return {"apiVersion": "capforge.dev/v1alpha1", "kind": "Capability", "metadata": {"name": name}, "spec": spec}


def wrong_annotation(kept: Kept, types: dict[str, str], seed: int) -> Json:
    """Return an annotation that picks something else for every field: anything but the right values."""
    rng = random.Random(f"{seed} {kept.id}")  # noqa: S311 - a test's choice
    offered = choices(kept.answer)
    labels = []
    for name in types:
        picked = _wrong(offered.get(name, []), rng)
        page = picked[0].page if picked else 0
        labels.append({"page_id": page, "feature": name, "selected": [one.key for one in picked]})
    return {"labels": labels}


def _wrong(offered: Sequence[Choice], rng: random.Random) -> list[Choice]:
    """Return one candidate from the lower half of the page, where neither company nor address is, or a random one."""
    lower = [one for one in offered if one.middle > 0.5] or list(offered)
    return [rng.choice(lower)] if lower else []


@dataclass(frozen=True)
class Moment:
    """When something was seen, in seconds since 1970."""

    what: str
    seconds: float


def moments(tenant: Tenant, run: str, annotated: float, answered: float) -> list[Moment]:
    """Return what happened between the annotation that reached the threshold and the first answer, in order.

    The cluster's own times are of whole seconds.
    """
    dataset, found = tenant.get("dataset", run), tenant.get("trainingrun", run)
    began, ended = trained(tenant, run)
    seen = [
        Moment("the annotation that was waited for", annotated),
        Moment("dataset made", _time(dataset["metadata"]["creationTimestamp"])),
        Moment("dataset locked", _time(condition(dataset, "Ready")["lastTransitionTime"])),
        Moment("run made", _time(found["metadata"]["creationTimestamp"])),
        Moment("training pod's process began", began),
        Moment("training pod's process ended", ended),
        Moment("run completed", _time(condition(found, "Succeeded")["lastTransitionTime"])),
        Moment("version published", _time(condition(found, "Published")["lastTransitionTime"])),
        Moment("first answer", answered),
    ]
    return sorted(seen, key=lambda one: one.seconds)


def trained(tenant: Tenant, run: str) -> tuple[float, float]:
    """Return when the run's training process began and ended."""
    pods = [one for one in Workloads(tenant.system, tenant.namespace).pods("trainer") if one.name.startswith(run)]
    ends = [one.container("trainer")["state"]["terminated"] for one in pods if not one.is_active]
    assert ends, f"no pod of run {run} has ended: {[one.name for one in pods]}"
    return min(_time(one["startedAt"]) for one in ends), max(_time(one["finishedAt"]) for one in ends)


def table(seen: Sequence[Moment]) -> Iterator[str]:
    """Yield a line per stage: seconds since the first moment and since the one before."""
    for before, one in zip((seen[0], *seen), seen, strict=False):
        yield f"  {one.seconds - seen[0].seconds:6.1f} s  +{one.seconds - before.seconds:5.1f} s  {one.what}"


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
