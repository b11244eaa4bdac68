"""The port Jobs on the API server."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from capforge_operator.adapters.kubernetes_api import KubernetesApi, Missing, Target
from capforge_operator.ports import AlreadyThere, Conflict, Invalid, JobFact, JobOutcome, Json, controller_uid
from capforge_operator.resource_types import JOBS


class KubernetesJobs:
    """Jobs, reduced to facts."""

    def __init__(self, api: KubernetesApi) -> None:
        """Use this connection."""
        self._api = api

    async def get(self, namespace: str, name: str) -> JobFact | None:
        """Return the Job."""
        try:
            return job_fact(await self._api.get(Target(JOBS, namespace, name)))
        except Missing:
            return None

    async def create(self, manifest: Json) -> JobFact:
        """Create the Job; an existing one is fine if it has the same controller."""
        metadata = manifest["metadata"]
        try:
            return job_fact(await self._api.create(Target(JOBS, metadata["namespace"]), manifest))
        except AlreadyThere:
            existing = await self.get(metadata["namespace"], metadata["name"])
            if existing is None:
                raise Conflict(f"Job {metadata['name']} came and went") from None
            if existing.owner_uid != controller_uid(manifest):
                raise
            return existing

    async def set_suspended(self, job: JobFact, suspended: bool) -> None:
        """Patch `spec.suspend` of this very Job."""
        target = Target(JOBS, job.namespace, job.name)
        try:
            await self._api.merge(target, {"metadata": {"uid": job.uid}, "spec": {"suspend": suspended}})
        except Missing as error:
            raise Conflict(str(error)) from error
        except Invalid as error:  # the API server calls another uid invalid, not a conflict
            live = await self.get(job.namespace, job.name)
            if live is not None and live.uid == job.uid:
                raise
            raise Conflict(f"{target} is another one by now") from error

    async def delete(self, job: JobFact) -> None:
        """Delete this very Job; the server's default would leave its pods behind."""
        body = {"propagationPolicy": "Background", "preconditions": {"uid": job.uid}}
        try:
            await self._api.delete(Target(JOBS, job.namespace, job.name), body)
        except (Missing, Conflict):
            return  # gone, or another Job of this name by now


def job_fact(document: Json) -> JobFact:
    """Reduce a Job to what decisions need."""
    metadata, spec, status = document["metadata"], document["spec"], document.get("status", {})
    conditions = {one["type"]: one for one in status.get("conditions", []) if one["status"] == "True"}
    suspended = bool(spec.get("suspend", False))
    ended = conditions.get("Complete") or conditions.get("Failed") or {}
    return JobFact(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        owner_uid=controller_uid(document),
        outcome=_outcome(conditions, suspended),
        suspended=suspended,
        deleting="deletionTimestamp" in metadata,
        labels=metadata.get("labels", {}),
        annotations=metadata.get("annotations", {}),
        created=moment(metadata.get("creationTimestamp")),
        finished=moment(ended.get("lastTransitionTime")),
        reason=conditions.get("Failed", {}).get("reason", ""),
        message=conditions.get("Failed", {}).get("message", ""),
        failed_pods=int(status.get("failed", 0)),
    )


def moment(text: str | None) -> datetime | None:
    """Parse a time of the API server."""
    return datetime.fromisoformat(text) if text else None


def _outcome(conditions: dict[str, Any], suspended: bool) -> JobOutcome:
    if "Complete" in conditions:
        return JobOutcome.COMPLETE
    if "Failed" in conditions:
        return JobOutcome.FAILED
    return JobOutcome.SUSPENDED if suspended else JobOutcome.ACTIVE
