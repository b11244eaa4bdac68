"""A long-running part of the cluster: how to start it and how to see that it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from capforge_tools.console import step
from capforge_tools.errors import ToolError
from capforge_tools.probing import wait_until
from capforge_tools.processes import Command, Register

_START_SECONDS = 90.0


@dataclass(frozen=True)
class Service:
    """A command and the proof that it is up."""

    command: Command
    is_up: Callable[[], bool]

    def ensure(self, register: Register) -> bool:
        """Start it unless it runs already with this command line, wait until it is up; True if it was started."""
        name = self.command.name
        if register.is_running(self.command):
            if not self.is_up():
                wait_until(self.is_up, f"{name} answering", _START_SECONDS, self.command.log)
            return False
        with step(f"start {name}"):
            record = register.start(self.command)
            wait_until(
                lambda: self._is_up_or_ended(record.is_alive()), f"start of {name}", _START_SECONDS, self.command.log
            )
        return True

    def _is_up_or_ended(self, alive: bool) -> bool:
        if not alive:
            raise ToolError(f"{self.command.name} ended at its start; its log is {self.command.log}")
        return self.is_up()
