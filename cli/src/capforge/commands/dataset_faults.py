"""`capforge dataset faults`: everything that a snapshot found wrong, record by record."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated, Any

import typer

from capforge.cluster.connection import Cluster
from capforge.commands.options import Context, Namespace
from capforge.commands.status import Output
from capforge.console import harmless, out, remark
from capforge.data.tenant_store import tenant_store
from capforge.errors import CliError
from capforge_contracts.dataset import Fault
from capforge_contracts.store import NotFound, StoreUri


def faults(
    dataset: Annotated[str, typer.Argument(help="Name of a Dataset.")],
    namespace: Namespace = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for programs.")] = Output.TABLE,
    context: Context = None,
) -> None:
    """List every fault of a Dataset's records: file, record, code, what is wrong and what is allowed."""
    cluster = Cluster.connect(context)
    where = namespace or cluster.namespace
    status: dict[str, Any] = cluster.object("datasets", where, dataset).get("status") or {}
    uri = status.get("faultsUri")
    if not uri:
        remark(f"Dataset {where}/{dataset} has no list of faults ({_state(status)}).")
        return
    with tenant_store(where, context) as store:
        try:
            lines = store.get(StoreUri.parse(uri).key).splitlines()
        except NotFound as error:
            hint = "`kubectl describe dataset` shows the first 20."
            raise CliError(f"the list of faults is gone: {uri}", hint) from error
    found = [Fault.from_json(line) for line in lines]
    if output is Output.JSON:
        print(json.dumps([json.loads(line) for line in lines], indent=2))
        return
    for one in found:
        out.print(harmless(f"{one.file}: {one.record}: {one.code}: {one.message}"), markup=False, soft_wrap=True)
    counts = Counter(one.code for one in found)
    remark(f"{len(found)} faults: {', '.join(f'{code} {count}' for code, count in sorted(counts.items()))}.")


def _state(status: dict[str, Any]) -> str:
    ready = next((one for one in status.get("conditions") or [] if one["type"] == "Ready"), None)
    return f"{ready['reason']}: {ready['message']}" if ready else "the operator has not looked at it yet"
