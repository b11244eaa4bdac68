"""When an operator has nothing left to do: told by its own counts, since what it does next nobody else knows."""

from __future__ import annotations

from collections import Counter

from capforge_operator.keys import Kind
from tests.integration.operator.process import OperatorProcess, total
from tests.support.apiserver import KubeApi
from tests.support.eventually import eventually

_SLOW_SECONDS = 150.0
_PAUSE_SECONDS = 0.5
_KINDS = (Kind.DATASET, Kind.TRAINING_RUN, Kind.CAPABILITY, Kind.MODEL_TEMPLATE)
_ROUNDS = 3
"""A resync rings for each object once in a round: the second look at it began after the last write."""

Looks = Counter[Kind]
"""How often an operator looked at objects of a kind."""


def forget_earlier_tests(kube: KubeApi) -> None:
    """Delete our objects of the tests that ran on this API server before: an operator would work on them too."""
    kube.kubectl("delete", "datasets,trainingruns,capabilities", "--all", "--all-namespaces", "--wait=false")


def until_at_rest(operator: OperatorProcess) -> None:
    """Wait until it has looked at every object several times since its last write. It must resync often."""
    written, since = -1.0, Looks()

    def rests() -> None:
        nonlocal written, since
        looks, writes = _looks(operator), operator.writes()
        if writes != written:
            written, since = writes, looks
        _assert_looked(operator, since, _ROUNDS)

    eventually(rests, _SLOW_SECONDS, _PAUSE_SECONDS)


def until_it_has_looked(operator: OperatorProcess) -> None:
    """Wait until an operator that was just started has looked at every object. It must resync often."""
    eventually(lambda: _assert_looked(operator, Looks(), 2), _SLOW_SECONDS, _PAUSE_SECONDS)


def _assert_looked(operator: OperatorProcess, since: Looks, rounds: int) -> None:
    looked = _looks(operator)
    for kind, count in _objects(operator.installation.kube).items():
        assert looked[kind] - since[kind] > rounds * count, f"{kind}: {since[kind]} → {looked[kind]}, {count} objects"


def _looks(operator: OperatorProcess) -> Looks:
    lines = operator.metrics()
    return Looks({kind: int(total(lines, "capforge_operator_reconciles_total", kind=kind)) for kind in Kind})


def _objects(kube: KubeApi) -> Counter[Kind]:
    """Return how many objects there are of each kind of which there are any; there is one serving pool."""
    kinds = {kind.lower(): kind for kind in _KINDS}
    listed = kube.kubectl("get", ",".join(kinds), "-A", "-o", "name").splitlines()
    return Counter(kinds[line.partition(".")[0]] for line in listed) + Counter([Kind.SERVING])
