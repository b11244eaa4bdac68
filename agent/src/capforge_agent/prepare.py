"""What must exist before Triton and the agent start: made once per pod, by the init container."""

from __future__ import annotations

import os
import secrets

from capforge_agent.settings import Settings

_VALUE_BYTES = 32
_READABLE_BY_THE_POD = 0o440


def prepare(settings: Settings) -> None:
    """Make the model repository, and the control value unless there is one (Triton may be running with it)."""
    settings.repository.mkdir(parents=True, exist_ok=True)
    file = settings.control_file
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists():
        return
    partial = file.with_name(f"{file.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _READABLE_BY_THE_POD)
    with os.fdopen(descriptor, "w") as value:
        value.write(secrets.token_hex(_VALUE_BYTES))
    partial.rename(file)
