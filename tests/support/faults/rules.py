"""Which requests go wrong, how and when; switched by tests while the proxy runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from threading import Lock

from tests.support.faults.kinds import Disturbed, Fault
from tests.support.faults.schedules import Schedule, always


@dataclass
class Rule:
    """One fault for the requests whose method and path (with its query) fit."""

    fault: Fault
    method: str = ""
    """A regular expression; empty fits every method."""
    path: str = ""
    """A regular expression that is searched in the path with its query."""
    when: Schedule = always
    matched: int = 0
    """Requests that fitted."""
    done: int = 0
    """Requests that were broken; of a watch, events."""
    removed: bool = False

    def fits(self, method: str, target: str) -> bool:
        return bool(re.fullmatch(self.method or ".*", method)) and bool(re.search(self.path, target))


@dataclass
class Rules:
    """The rules in force. The first that acts decides. For threads."""

    _rules: list[Rule] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(self, fault: Fault, method: str = "", path: str = "", when: Schedule = always) -> Rule:
        """Put a rule in force and return it: `done` tells later whether it acted."""
        rule = Rule(fault, method, path, when)
        with self._lock:
            self._rules.append(rule)
        return rule

    def remove(self, *rules: Rule) -> None:
        """Take rules out of force; whoever hangs because of them goes on."""
        with self._lock:
            for rule in rules:
                rule.removed = True
            self._rules = [rule for rule in self._rules if not rule.removed]

    def clear(self) -> None:
        """Take all rules out of force."""
        self.remove(*self._rules)

    def choose(self, method: str, target: str) -> Rule | None:
        """Return the rule that breaks this request, None if it goes well."""
        with self._lock:
            for rule in self._rules:
                if not rule.fits(method, target):
                    continue
                rule.matched += 1
                if not rule.when(rule.matched):
                    continue
                if not isinstance(rule.fault, Disturbed):
                    rule.done += 1
                return rule
        return None
