"""The program of a nursery (nursery.py): `python cradle.py <folder> <module>…`. Knows nothing but the standard library."""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import runpy
import select
import signal
import sys
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_C_LIBRARY = ctypes.CDLL(None)


def main(folder: Path, imports: list[str]) -> None:
    """Fork for every line on standard input; write each child's exit status to `folder/<its number>`."""
    for name in imports:
        importlib.import_module(name)
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _say("ready")
    orders = b""
    numbers: dict[int, int] = {}
    while True:
        readable, _, _ = select.select([0, wake], [], [])
        if wake in readable:
            os.read(wake, 4096)
            _reap(folder, numbers)
        if 0 in readable:
            data = os.read(0, 1 << 16)
            if not data:
                return
            *lines, orders = (orders + data).split(b"\n")
            for line in lines:
                order = json.loads(line)
                numbers[_bear(order, (wake, woken))] = order["number"]


def _bear(order: dict[str, Any], inherited: tuple[int, ...]) -> int:
    pid = os.fork()
    if pid:
        _say(str(pid))
        return pid
    _C_LIBRARY.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for one in inherited:
        os.close(one)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.clear()
    os.environ.update(order["env"])
    sys.modules.pop(f"{order['module']}.__main__", None)  # imported once; here it is the program
    sys.argv = [order["module"], *order["arguments"]]
    try:
        runpy.run_module(order["module"], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))
    except BaseException:  # noqa: BLE001 - the process's last line
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _reap(folder: Path, numbers: dict[int, int]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        number = str(numbers.pop(pid))
        partial = folder / f".{number}"
        partial.write_text(str(os.waitstatus_to_exitcode(status)))
        partial.replace(folder / number)


def _say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
