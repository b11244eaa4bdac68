"""Who names whom: lets an event of one object ring those that wait for it, without a look-up."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from capforge_operator.keys import Key, Kind

_LISTS = ("train", "dev", "test")


_NOBODY: frozenset[Key] = frozenset()


@dataclass(frozen=True, slots=True)
class _Known:
    standing: tuple[Any, ...]
    capability: Key
    names: frozenset[Key]


class Acquaintances:
    """Learns from the events of training runs and capabilities what each of them names.

    - A capability is rung by the one that it takes its entities from.
    - A run is rung by what it names until it has ended.
    - A run rings its capability when it appears, ends, gets its version or goes: not with every step of its progress.
    - Only an accelerator: what it does not know (an event was lost) the next resync makes good.
    """

    def __init__(self) -> None:
        """Know nobody."""
        self._runs: dict[Key, _Known] = {}
        self._inputs: dict[Key, Key] = {}
        """By capability: the one that it takes its entities from."""
        self._waiting: defaultdict[Key, set[Key]] = defaultdict(set)

    def saw(self, run: Key, body: Mapping[str, Any], *, gone: bool = False) -> list[Key]:
        """Learn from an event of a training run; returns whom to ring besides the run."""
        before, now = self._runs.pop(run, None), _known(run, body)
        for name in before.names if before else ():
            self._forget(name, run)
        if gone:
            return [now.capability]
        self._runs[run] = now
        for name in now.names:
            self._waiting[name].add(run)
        return [] if before and before.standing == now.standing else [now.capability]

    def saw_capability(self, capability: Key, body: Mapping[str, Any], *, gone: bool = False) -> None:
        """Learn from an event of a capability."""
        source = (body.get("spec", {}).get("inputFrom") or {}).get("capabilityRef", {}).get("name", "")
        now = Key(Kind.CAPABILITY, capability.namespace, source) if source and not gone else None
        before = self._inputs.pop(capability, None)
        if before is not None:
            self._forget(before, capability)
        if now is not None:
            self._inputs[capability] = now
            self._waiting[now].add(capability)

    def waiting_for(self, keys: Iterable[Key]) -> list[Key]:
        """Return the runs and capabilities that name any of these, sorted."""
        return sorted({one for key in keys for one in self._waiting.get(key, ())})

    def _forget(self, name: Key, waiting: Key) -> None:
        self._waiting[name].discard(waiting)
        if not self._waiting[name]:
            del self._waiting[name]


def _known(run: Key, body: Mapping[str, Any]) -> _Known:
    spec, status = body.get("spec", {}), body.get("status", {})
    standing = (body["metadata"].get("uid"), status.get("completionTime"), status.get("version"))
    capability = Key(Kind.CAPABILITY, run.namespace, sys.intern(spec.get("capabilityRef", {}).get("name", "")))
    names = _NOBODY if status.get("completionTime") else frozenset(_names(run.namespace, spec, capability))
    return _Known(standing, capability, names)


def _names(namespace: str, spec: Mapping[str, Any], capability: Key) -> Iterator[Key]:
    yield capability
    yield Key(Kind.MODEL_TEMPLATE, "", spec.get("templateRef", {}).get("name", ""))
    datasets = spec.get("datasets", {})
    for ref in (one for role in _LISTS for one in datasets.get(role, [])):
        yield Key(Kind.DATASET, namespace, ref.get("name", ""))
