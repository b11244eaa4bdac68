"""What Job controller, scheduler and kubelet would say, said through the API."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from tests.support.apiserver import KubeApi

_TIME = "2026-01-01T00:00:00Z"
_LATER = "2026-01-01T00:01:00Z"


@dataclass(frozen=True)
class Kubelet:
    """Patches status subresources, which is all that a kubelet does as far as the operator can see."""

    kube: KubeApi
    namespace: str

    def start_pod(self, job: str) -> str:
        """Create the Job's pod from its template (the API server checks it) and let it run; return its name."""
        template = self.kube.get("job", job, "-n", self.namespace)["spec"]["template"]
        name = f"{job}-{uuid.uuid4().hex[:5]}"
        labels = {**template["metadata"]["labels"], "batch.kubernetes.io/job-name": job}
        self.kube.apply(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": self.namespace, "labels": labels},
                "spec": template["spec"],
            }
        )
        self._patch("pod", name, {"phase": "Running"})
        return name

    def end_pod(self, pod: str, exit_code: int, message: str, reason: str = "Error") -> None:
        """End the pod's container with a termination message."""
        container = self.kube.get("pod", pod, "-n", self.namespace)["spec"]["containers"][0]
        terminated = {"exitCode": exit_code, "reason": reason, "message": message}
        status = {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"terminated": {**terminated, "startedAt": _TIME, "finishedAt": _LATER}},
        }
        phase = "Failed" if exit_code else "Succeeded"
        self._patch("pod", pod, {"phase": phase, "containerStatuses": [status]})

    def complete_job(self, job: str) -> None:
        """Say that the Job is complete."""
        conditions = [self._condition("SuccessCriteriaMet"), self._condition("Complete")]
        done = {"startTime": _TIME, "completionTime": _LATER, "succeeded": 1, "conditions": conditions}
        self._patch("job", job, done)

    def fail_job(self, job: str, reason: str = "PodFailurePolicy") -> None:
        """Say that the Job failed."""
        conditions = [self._condition(kind, reason) for kind in ("FailureTarget", "Failed")]
        self._patch("job", job, {"startTime": _TIME, "failed": 1, "conditions": conditions})

    def _condition(self, kind: str, reason: str = "CompletionsReached") -> dict[str, Any]:
        return {
            "type": kind,
            "status": "True",
            "reason": reason,
            "message": "said by a test",
            "lastProbeTime": _LATER,
            "lastTransitionTime": _LATER,
        }

    def _patch(self, kind: str, name: str, status: dict[str, Any]) -> None:
        body = json.dumps({"status": status})
        self.kube.kubectl("patch", kind, name, "-n", self.namespace, "--subresource=status", "--type=merge", "-p", body)
