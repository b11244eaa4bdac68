"""Charts rendered by the real helm, without a cluster."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from capforge_tools.places import REPOSITORY, Places

CHARTS = REPOSITORY / "charts"
HELM = Places.from_environment().binaries / "helm"
KUBERNETES_VERSION = "1.34.0"
SYSTEM = "capforge-system"

Manifest = dict[str, Any]


class RenderError(Exception):
    """Helm refused the values; the message is what a person sees."""


def render(chart: str, values: dict[str, Any] | None = None, namespace: str = SYSTEM) -> list[Manifest]:
    """Return all manifests of the chart with these values; raises RenderError."""
    return [json.loads(text) for text in _render(chart, json.dumps(values or {}), namespace)]


@cache
def _render(chart: str, values: str, namespace: str) -> tuple[str, ...]:
    assert HELM.exists(), f"{HELM} is missing: run `make binaries`"
    command = [HELM, "template", "capforge", CHARTS / chart, "--namespace", namespace, "--values", "-"]
    done = subprocess.run(
        [*map(str, command), "--kube-version", KUBERNETES_VERSION],
        input=values,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RenderError(done.stderr)
    return tuple(json.dumps(one) for one in yaml.safe_load_all(done.stdout) if one)


def named(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """Return the one manifest of this kind and name."""
    found = [one for one in manifests if one["kind"] == kind and one["metadata"]["name"] == name]
    assert len(found) == 1, f"{len(found)} of {kind} {name}"
    return found[0]


def pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    """Return each pod's spec by `Kind/name` of what makes it."""
    return {f"{one['kind']}/{one['metadata']['name']}": _pod(one) for one in manifests if one["kind"] in _WORKLOADS}


_WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"}


def _pod(made_by: Manifest) -> Manifest:
    spec: Manifest = made_by["spec"]
    if made_by["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return spec if made_by["kind"] == "Pod" else spec["template"]["spec"]


def containers(pod: Manifest) -> list[Manifest]:
    """Return all containers of a pod, those that prepare it included."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def chart_values(chart: str) -> dict[str, Any]:
    """Return the chart's own values."""
    parsed: dict[str, Any] = yaml.safe_load(Path(CHARTS / chart / "values.yaml").read_text())
    return parsed
