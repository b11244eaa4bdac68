"""Job controller and kubelet in one: runs the Jobs of a namespace as real processes and says what becomes of them."""

from __future__ import annotations

import os
import signal
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from capforge_tools.probing import last_lines
from tests.support.faults.nursery import Child, Nursery
from tests.support.kubeclient import Json, KubeClient

_TIME = "2026-01-01T00:00:00Z"
_LATER = "2026-01-01T00:01:00Z"
_TICK_SECONDS = 0.05


@dataclass(frozen=True)
class Program:
    """What an image starts."""

    nursery: Nursery
    module: str


@dataclass
class Work:
    """One Job and its pods."""

    job: Json
    pods: list[str] = field(default_factory=list)
    child: Child | None = None
    failures: int = 0


@dataclass
class Node:
    """One namespace's Jobs. `starts` counts the processes of each Job; `on_start` may kill what has just begun."""

    kube: KubeClient
    namespace: str
    programs: Mapping[str, Program]
    """By image."""
    environment: Mapping[str, str]
    """What every container gets besides."""
    folder: Path
    on_start: Callable[[str, Child], None] = lambda _name, _child: None
    starts: dict[str, int] = field(default_factory=dict)
    _works: dict[str, Work] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _fault: BaseException | None = None

    @contextmanager
    def running(self) -> Iterator[Node]:
        """Work for the block; what went wrong in the thread is raised at its end.

        A claim that fails meanwhile is told with the Jobs' last words.
        """
        thread = threading.Thread(target=self._run, name="node", daemon=True)
        thread.start()
        try:
            yield self
        except AssertionError as error:
            error.add_note(self.last_words)
            raise
        finally:
            self._stop.set()
            thread.join()
            for work in self._works.values():
                self._kill(work)
        if self._fault is not None:
            raise self._fault

    def child(self, job: str) -> Child | None:
        """Return the running process of a Job."""
        found = (one for one in list(self._works.values()) if one.job["metadata"]["name"] == job)
        return next((one.child for one in found), None)

    @property
    def last_words(self) -> str:
        """Return the end of every Job's log."""
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"{one.name}, {self.starts.get(one.stem, 0)} starts:\n{last_lines(one, 30)}" for one in logs)

    def log(self, job: str) -> str:
        path = self.folder / f"{job}.log"
        return path.read_text() if path.exists() else ""

    def _run(self) -> None:
        try:
            while not self._stop.wait(_TICK_SECONDS):
                self._tick()
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            self._fault = error

    def _tick(self) -> None:
        jobs = {one["metadata"]["uid"]: one for one in self.kube.list("Job", self.namespace)}
        for uid in [uid for uid in self._works if uid not in jobs]:
            self._collect(self._works.pop(uid))
        for uid, job in jobs.items():
            work = self._works.setdefault(uid, Work(job))
            if not any(one["status"] == "True" for one in job.get("status", {}).get("conditions", [])):
                self._advance(work)

    def _advance(self, work: Work) -> None:
        if work.child is None:
            self._start(work)
            return
        code = work.child.poll()
        if code is None:
            return
        self._end_pod(work, code)
        work.child = None
        spec = work.job["spec"]
        final = next(
            rule["onExitCodes"]["values"] for rule in spec["podFailurePolicy"]["rules"] if "onExitCodes" in rule
        )
        if code == 0:
            self._end_job(work, ("SuccessCriteriaMet", "Complete"), "CompletionsReached")
            return
        work.failures += 1
        if code in final:
            self._end_job(work, ("FailureTarget", "Failed"), "PodFailurePolicy")
        elif work.failures > spec["backoffLimit"]:
            self._end_job(work, ("FailureTarget", "Failed"), "BackoffLimitExceeded")

    def _start(self, work: Work) -> None:
        metadata, template = work.job["metadata"], work.job["spec"]["template"]
        name = f"{metadata['name']}-{uuid.uuid4().hex[:5]}"
        labels = {**template["metadata"]["labels"], "batch.kubernetes.io/job-name": metadata["name"]}
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": metadata["name"], "uid": metadata["uid"]}
        head = {"name": name, "namespace": self.namespace, "labels": labels, "ownerReferences": [owner]}
        self.kube.create({"apiVersion": "v1", "kind": "Pod", "metadata": head, "spec": template["spec"]})
        work.pods.append(name)
        container = template["spec"]["containers"][0]
        program = self.programs[container["image"]]
        home = self.folder / name
        home.mkdir()
        env = {
            **{key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ},
            **self.environment,
            "HOME": str(home),
            "TMPDIR": str(home),
            "CAPFORGE_TERMINATION_LOG": str(home / "termination-log"),
        }
        log = self.folder / f"{metadata['name']}.log"
        work.child = program.nursery.start(program.module, container["args"], env, log)
        self.starts[metadata["name"]] = self.starts.get(metadata["name"], 0) + 1
        self.on_start(metadata["name"], work.child)
        self._patch("Pod", name, {"phase": "Running"})

    def _end_pod(self, work: Work, code: int) -> None:
        container = work.job["spec"]["template"]["spec"]["containers"][0]
        said = self.folder / work.pods[-1] / "termination-log"
        terminated = {
            "exitCode": code if code >= 0 else 128 - code,
            "reason": "Completed" if code == 0 else "Error",
            "message": said.read_text() if said.exists() else "",
            "startedAt": _TIME,
            "finishedAt": _LATER,
        }
        status = {"name": container["name"], "image": container["image"], "imageID": "", "ready": False}
        full = {**status, "restartCount": 0, "state": {"terminated": terminated}}
        self._patch("Pod", work.pods[-1], {"phase": "Failed" if code else "Succeeded", "containerStatuses": [full]})

    def _end_job(self, work: Work, kinds: tuple[str, ...], reason: str) -> None:
        conditions = [
            {
                "type": kind,
                "status": "True",
                "reason": reason,
                "message": "",
                "lastProbeTime": _LATER,
                "lastTransitionTime": _LATER,
            }
            for kind in kinds
        ]
        done: dict[str, Any] = {"startTime": _TIME, "failed": work.failures, "conditions": conditions}
        if "Complete" in kinds:
            done |= {"completionTime": _LATER, "succeeded": 1}
        self._patch("Job", work.job["metadata"]["name"], done)

    def _collect(self, work: Work) -> None:
        """Do what garbage collection does to the pods of a Job that is gone."""
        self._kill(work)
        for pod in work.pods:
            self.kube.delete("Pod", self.namespace, pod)

    def _kill(self, work: Work) -> None:
        if work.child is not None:
            work.child.send_signal(signal.SIGKILL)
            work.child.wait(20)

    def _patch(self, kind: str, name: str, status: Json) -> None:
        self.kube.patch(kind, self.namespace, name, {"status": status}, "status")
