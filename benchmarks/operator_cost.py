"""What the operator costs: memory, CPU and calls for many objects, and what it does at rest.

    PYTHONPATH=tools python -m benchmarks.operator_cost [--objects 2000] [--rest-seconds 90]

A real API server and a real S3 server on loopback; the operator is a process with nothing but its own rights. Half of
the objects are TrainingRuns that wait for their capability, half Datasets in a namespace that is not prepared: each
costs one status. Printed: time from the first create to the last status, memory, CPU time and calls per object, writes
at rest (the resync runs every minute meanwhile). Limit: 150 MiB.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # no stubs among our dependencies

from capforge_operator.adapters.kubernetes_api import KubernetesApi, Target, connect
from capforge_operator.resource_types import DATASETS, TRAINING_RUNS
from tests.integration.operator.process import OperatorProcess, install
from tests.support.apiserver import KubeApi, kube_api
from tests.support.eventually import eventually
from tests.support.objectstore import s3_server
from tests.unit.operator.training_world import dataset, run

MEBIBYTE = 2**20
LIMIT_MEBIBYTES = 150
CREATORS = 16
PATIENCE_SECONDS = 900.0


def documents(namespace: str, count: int) -> Iterator[tuple[Target, dict[str, Any]]]:
    for number in range(count):
        kind, document = (TRAINING_RUNS, run(f"run-{number}")) if number % 2 else (DATASETS, dataset(f"data-{number}"))
        document["metadata"]["namespace"] = namespace
        yield Target(kind, namespace), document


async def create(kube: KubeApi, namespace: str, count: int) -> None:
    api = await connect(kube.kubeconfig)
    waiting = documents(namespace, count)

    async def creator(api: KubernetesApi) -> None:
        for target, document in waiting:
            await api.create(target, document)

    await asyncio.gather(*(creator(api) for _ in range(CREATORS)))
    await api.close()


def statuses(operator: OperatorProcess) -> float:
    name = "capforge_operator_api_requests_total"
    return sum(
        operator.metric(name, verb="patch", resource=f"{plural}/status") for plural in ("datasets", "trainingruns")
    )


def mebibytes(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / MEBIBYTE


def measure(operator: OperatorProcess, kube: KubeApi, count: int, rest_seconds: float) -> None:
    process = psutil.Process(operator.pid)
    print(f"memory at start        {mebibytes(process):7.1f} MiB")
    namespace = kube.create_namespace("many")
    cpu, calls = sum(process.cpu_times()[:2]), operator.metric("capforge_operator_api_requests_total")
    started = time.monotonic()
    asyncio.run(create(kube, namespace, count))
    created = time.monotonic() - started
    eventually(lambda: statuses(operator) >= count, timeout_seconds=PATIENCE_SECONDS)
    settled = time.monotonic() - started
    used = sum(process.cpu_times()[:2]) - cpu
    asked = operator.metric("capforge_operator_api_requests_total") - calls
    print(f"objects                {count:7d}")
    print(f"created in             {created:7.1f} s  ({count / created:.0f}/s)")
    print(f"all statuses after     {settled:7.1f} s  ({count / settled:.0f}/s)")
    print(f"CPU time per object    {1000 * used / count:7.2f} ms")
    print(f"calls per object       {asked / count:7.2f}")
    print(f"memory with them       {mebibytes(process):7.1f} MiB")
    writes = operator.writes()
    time.sleep(rest_seconds)
    print(f"writes at rest         {operator.writes() - writes:7.0f} in {rest_seconds:.0f} s")
    after = mebibytes(process)
    verdict = "ok" if after <= LIMIT_MEBIBYTES else "OVER"
    print(f"memory at rest         {after:7.1f} MiB, limit {LIMIT_MEBIBYTES}: {verdict}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--objects", type=int, default=2000)
    parser.add_argument("--rest-seconds", type=float, default=90.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        root = Path(folder)
        kube = stack.enter_context(kube_api(root))
        installation = install(kube, stack.enter_context(s3_server(root)), root)
        operator = OperatorProcess(installation, {"CAPFORGE_LOG_LEVEL": "info", "CAPFORGE_RESYNC_SECONDS": "60"})
        stack.callback(operator.close)
        operator.start()
        measure(operator, kube, arguments.objects, arguments.rest_seconds)


if __name__ == "__main__":
    main()
