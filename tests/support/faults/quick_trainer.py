"""A trainer that honours the run contract and learns nothing: for stories about who restarts, not about what is learnt.

`python -m tests.support.faults.quick_trainer run --run <key>`
"""

from __future__ import annotations

import os
import sys

from capforge_contracts import layout
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import AttemptClaim, Comparison, Phase, Progress, RunSpec
from capforge_contracts.store import AlreadyExists, ObjectStore, StorePatience, open_store
from tests.unit.operator.training_world import model_card

_PATIENCE = StorePatience(attempts=10)
"""A trainer waits for a store that is away, for minutes; so does this one."""


def claimed(store: ObjectStore, spec: RunSpec) -> int:
    number = 1
    while True:
        document = AttemptClaim(attempt=number, host="quick", start_time="2026-01-01T00:00:00Z")
        try:
            store.put_new(layout.attempt_file(spec.namespace, spec.digest, number, layout.ATTEMPT), document.to_json())
        except AlreadyExists:
            number += 1
        else:
            return number


def compared(spec: RunSpec) -> Comparison | None:
    """Judge against the version that answers, if there is one: a run with a seed is worse."""
    if spec.champion is None:
        return None
    right = 2 if spec.seed else 8
    return Comparison(
        version=spec.champion.version,
        documents=4,
        decisions=8,
        champion_right=8,
        challenger_right=right,
        wins=0,
        losses=8 - right,
    )


def main(key: str) -> None:
    store = open_store(os.environ, _PATIENCE)
    spec = RunSpec.from_json(store.get(key))
    prefix = layout.attempts_prefix(spec.namespace, spec.digest)
    if any(one.key.endswith(layout.CARD) for one in store.list(prefix)):
        return
    number = claimed(store, spec)
    model, golden = f"model of {spec.digest}".encode(), b"golden"
    files = {
        layout.PROGRESS: Progress(phase=Phase.TRAINING, epoch=1, epochs=2, percent=40, attempt=number).to_json(),
        layout.MODEL: model,
        layout.GOLDEN: golden,
        layout.CARD: model_card(spec.digest, number, spec.run)
        .model_copy(
            update={
                "namespace": spec.namespace,
                "capability": spec.capability,
                "capability_type": spec.capability_type,
                "outputs": spec.outputs,
                "fields": spec.fields,
                "comparison": compared(spec),
                "model_sha256": sha256_hex(model),
                "golden_sha256": sha256_hex(golden),
            }
        )
        .to_json(),
    }
    for name, data in files.items():
        store.put(layout.attempt_file(spec.namespace, spec.digest, number, name), data)


if __name__ == "__main__":
    main(sys.argv[-1])
