"""Labels, annotations and names of what the operator makes or looks for; nowhere else are they spelled."""

from __future__ import annotations

from hashlib import sha256

from capforge_contracts.names import LABEL_PREFIX

FIELD_MANAGER = "capforge-operator"

PART_OF = "app.kubernetes.io/part-of"
PRODUCT = "capforge"
"""Every Job and Pod that the operator watches carries `app.kubernetes.io/part-of: capforge` (the chart's pods too)."""
WATCH_SELECTOR = f"{PART_OF}={PRODUCT}"

MANAGED_BY = "app.kubernetes.io/managed-by"
COMPONENT = "app.kubernetes.io/component"
SNAPSHOT = "snapshot"
TRAINER = "trainer"
SERVING = "serving"
"""Component of the pods with Triton and agent; they also carry POOL."""
GATEWAY = "gateway"

POOL = f"{LABEL_PREFIX}/pool"
DATASET = f"{LABEL_PREFIX}/dataset"
CAPABILITY = f"{LABEL_PREFIX}/capability"
TRAINING_RUN = f"{LABEL_PREFIX}/training-run"
SPEC_HASH = f"{LABEL_PREFIX}/spec-hash"
RUN_DIGEST = f"{LABEL_PREFIX}/run-digest"
"""First DIGEST_LABEL_CHARS of the run digest on Job and pods (a label holds 63 characters at most)."""
DIGEST_LABEL_CHARS = 12
WHOLE_RUN_DIGEST = f"{LABEL_PREFIX}/run-digest"
"""Annotation of a training Job: all 64 characters."""

AUTOMATIC = f"{LABEL_PREFIX}/automatic"
"""On the Dataset and the TrainingRun of an automatic run: the threshold, such as 20."""
DOCUMENTS = f"{LABEL_PREFIX}/documents"
"""Annotation of an automatic TrainingRun: how many documents were annotated when it was made."""
AS_OF_SEQUENCE = f"{LABEL_PREFIX}/as-of-sequence"
"""Annotation of an automatic TrainingRun: the newest submission that its data holds."""
_NAME_CHARS = 40
_HASH_CHARS = 6

JOB_NAME = "batch.kubernetes.io/job-name"
"""Set by the Job controller on the pods of a Job."""


def snapshot_job(dataset: str, spec_hash: str) -> str:
    """Return the name of a dataset's snapshot Job; one per spec, so an edited spec gets its own."""
    return f"{dataset}-snapshot-{spec_hash[:8]}"


def training_job(run: str) -> str:
    """Return the name of a training run's Job."""
    return f"{run}-train"


def automatic_name(capability: str, threshold: int) -> str:
    """Return the name of an automatic run and of its Dataset; a long capability's name is cut, and told by a hash."""
    ending = f"-auto-{threshold}"
    if len(capability) + len(ending) <= _NAME_CHARS:
        return f"{capability}{ending}"
    ending = f"-{sha256(capability.encode()).hexdigest()[:_HASH_CHARS]}{ending}"
    return f"{capability[: _NAME_CHARS - len(ending)].rstrip('-')}{ending}"


KUEUE_QUEUE = "kueue.x-k8s.io/queue-name"
"""On a TrainingRun: handed on to its Job, which then starts when the queue lets it."""
