"""The Job that every child of ours is: restricted, owned, bounded in time and tries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from capforge_contracts.exitcodes import FINAL, TERMINATION_LOG
from capforge_contracts.names import JOB_SERVICE_ACCOUNT
from capforge_operator import labels
from capforge_operator.api.base import Resource
from capforge_operator.children.restricted import container_security, pod_security
from capforge_operator.children.store_access import store_environment, store_mounts, store_volumes


@dataclass(frozen=True)
class JobShape:
    """What differs between our Jobs."""

    name: str
    component: str
    labels: Mapping[str, str]
    image: str
    arguments: Sequence[str]
    """For the image's own entry point, so that a team's image may start what it likes."""
    requests: Mapping[str, str]
    limits: Mapping[str, str]
    deadline_seconds: int
    backoff_limit: int
    grace_seconds: int
    ttl_seconds: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    suspend: bool = False
    pull_policy: str = "IfNotPresent"
    pull_secrets: Sequence[str] = ()
    store_ca: bool = False
    volumes: Sequence[Mapping[str, Any]] = ()
    mounts: Sequence[Mapping[str, Any]] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    pod_fields: Mapping[str, Any] = field(default_factory=dict)
    """More fields of the pod's spec: nodeSelector, tolerations, …"""


def job(owner: Resource, shape: JobShape) -> dict[str, Any]:
    """Return the manifest."""
    all_labels = {
        labels.PART_OF: labels.PRODUCT,
        labels.MANAGED_BY: labels.FIELD_MANAGER,
        labels.COMPONENT: shape.component,
        **shape.labels,
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": shape.name,
            "namespace": owner.metadata.namespace,
            "labels": all_labels,
            "annotations": dict(shape.annotations),
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": {
            "suspend": shape.suspend,
            "backoffLimit": shape.backoff_limit,
            "activeDeadlineSeconds": shape.deadline_seconds,
            "ttlSecondsAfterFinished": shape.ttl_seconds,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {"rules": _failure_rules(shape.component)},
            "template": {"metadata": {"labels": all_labels}, "spec": _pod(shape)},
        },
    }


def owner_reference(owner: Resource) -> dict[str, Any]:
    """Return the reference that lets the garbage collector delete the child with its owner."""
    return {
        "apiVersion": owner.api_version,
        "kind": owner.KIND.kind,
        "name": owner.metadata.name,
        "uid": owner.metadata.uid,
        "controller": True,
        # True would need a right on the owner's finalizers where that is enforced.
        "blockOwnerDeletion": False,
    }


def _failure_rules(container: str) -> list[dict[str, Any]]:
    final = sorted(int(code) for code in FINAL)
    return [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailJob", "onExitCodes": {"containerName": container, "operator": "In", "values": final}},
    ]


def _pod(shape: JobShape) -> dict[str, Any]:
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "serviceAccountName": JOB_SERVICE_ACCOUNT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": shape.grace_seconds,
        "securityContext": pod_security(),
        "containers": [_container(shape)],
        "volumes": [{"name": "tmp", "emptyDir": {}}, *store_volumes(with_ca=shape.store_ca), *shape.volumes],
        **shape.pod_fields,
    }
    if shape.pull_secrets:
        pod["imagePullSecrets"] = [{"name": name} for name in shape.pull_secrets]
    return pod


def _container(shape: JobShape) -> dict[str, Any]:
    return {
        "name": shape.component,
        "image": shape.image,
        "imagePullPolicy": shape.pull_policy,
        "args": list(shape.arguments),
        "env": [
            *store_environment(with_ca=shape.store_ca),
            *({"name": name, "value": value} for name, value in shape.environment.items()),
            {"name": "HOME", "value": "/tmp"},  # noqa: S108 - the pod's own, on an emptyDir
        ],
        "resources": {"requests": dict(shape.requests), "limits": dict(shape.limits)},
        "securityContext": container_security(),
        "terminationMessagePath": TERMINATION_LOG,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own, on an emptyDir
            *store_mounts(with_ca=shape.store_ca),
            *shape.mounts,
        ],
    }
