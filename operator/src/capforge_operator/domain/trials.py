"""Who loads a model that no pod has proven yet: one pod alone.

A model that takes its server down, or that fills its memory, then takes down one pod and not the pool.
"""

from __future__ import annotations

from capforge_operator.domain.pool import PodView, Pool

EVERY_POD = ""
NOBODY = "-"
"""No pod of this name can be: while none answers, none is to load what is unproven."""


def trial_pod(pool: Pool, before: str) -> str:
    """Return the pod that tries; the one that tries already goes on as long as it answers and is to stay."""
    candidates = [pod for pod in pool.pods if pod.state is not None and not pod.deleting]
    if any(pod.name == before for pod in candidates):
        return before
    return min(candidates, key=_standing).name if candidates else NOBODY


def _standing(pod: PodView) -> tuple[bool, str]:
    return (not pod.ready, pod.name)
