"""The document that tells a pool's agents what to load."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from capforge_contracts import layout
from capforge_contracts.serving import DesiredModel, DesiredModels
from capforge_operator.domain.pool import Pool
from capforge_operator.domain.serving import Choice, Release
from capforge_operator.domain.trials import EVERY_POD, trial_pod


@dataclass(frozen=True)
class Proofs:
    """Which models have been proven on which Triton version: what a pod of that version may be required to have."""

    models: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, text: str) -> Proofs:
        """Parse what to_json wrote; an unreadable text proves nothing."""
        try:
            return cls({version: frozenset(models) for version, models in json.loads(text).items()})
        except (ValueError, AttributeError, TypeError):
            return cls()

    def to_json(self) -> str:
        """Return the proofs as text, the same for the same proofs."""
        return json.dumps({version: sorted(models) for version, models in sorted(self.models.items())})

    def updated(self, pool: Pool, loaded: frozenset[str]) -> Proofs:
        """Add what the pods prove now; forget models that are no longer loaded and versions that no pod runs."""
        now = pool.proven()
        versions = pool.server_versions or frozenset(self.models)
        known = {version: self.models.get(version, frozenset()) | now.get(version, set()) for version in versions}
        return Proofs({version: frozenset(models) & loaded for version, models in known.items()})

    def holds(self, model: str) -> bool:
        """Tell whether the model is proven on every Triton version that the pool runs."""
        return bool(self.models) and all(model in models for models in self.models.values())

    def knows(self, model: str) -> bool:
        """Tell whether the model is proven on any Triton version: it needs no trial any more."""
        return any(model in models for models in self.models.values())


def desired_models(
    capability: tuple[str, str], choice: Choice, proofs: Proofs, pool: Pool, before: DesiredModels | None
) -> list[DesiredModel]:
    """Return what one capability wants loaded; only a proven champion is required, what is not proven is on trial."""
    current = choice.current.version if choice.current else None
    trials = {one.model: one.trial_pod for one in before.models} if before else {}
    return [
        _desired(
            capability,
            release,
            required=release.version == current and proofs.holds(release.model),
            trial=EVERY_POD if proofs.knows(release.model) else trial_pod(pool, trials.get(release.model, EVERY_POD)),
        )
        for release in choice.loaded
    ]


def next_document(
    pool_name: str, models: Iterable[DesiredModel], before: DesiredModels | None, pool: Pool, now: datetime
) -> DesiredModels:
    """Return the document with a generation that every agent accepts, the old one if nothing changed."""
    content = _each_once(models)
    known = before.generation if before else 0
    if before is not None and before.models == content and pool.newest_generation <= known:
        return before
    return DesiredModels(
        pool=pool_name, generation=next_generation(known, now, at_least=pool.newest_generation), models=content
    )


def next_generation(known: int, now: datetime, at_least: int = 0) -> int:
    """Return a generation above all that was seen.

    Without a predecessor (the ConfigMap was deleted) it starts at the seconds since 1970, which is above what counting
    by changes has reached.
    """
    return max(known, at_least) + 1 if known else max(int(now.timestamp()), at_least + 1)


def files_of(namespace: str, release: Release) -> tuple[str, str]:
    """Return the keys of a release's model and golden request."""
    digest, attempt = release.published.run_digest, release.published.attempt
    names: Sequence[str] = (layout.MODEL, layout.GOLDEN)
    model, golden = (layout.attempt_file(namespace, digest, attempt, name) for name in names)
    return model, golden


def _each_once(models: Iterable[DesiredModel]) -> list[DesiredModel]:
    """Sort, and keep one entry per model: two versions may share one file, which is then required if either is."""
    merged: dict[str, DesiredModel] = {}
    for one in sorted(models, key=lambda one: (one.model, one.namespace, one.capability, one.version)):
        first = merged.setdefault(one.model, one)
        if one.required and not first.required:
            merged[one.model] = first.model_copy(update={"required": True})
    return list(merged.values())


def _desired(capability: tuple[str, str], release: Release, *, required: bool, trial: str) -> DesiredModel:
    namespace, name = capability
    model_key, golden_key = files_of(namespace, release)
    return DesiredModel(
        model=release.model,
        namespace=namespace,
        capability=name,
        version=release.version,
        model_key=model_key,
        model_sha256=release.published.model_sha256,
        golden_key=golden_key,
        golden_sha256=release.card.golden_sha256,
        max_batch_size=release.card.max_batch_size,
        required=required,
        trial_pod=trial,
    )
