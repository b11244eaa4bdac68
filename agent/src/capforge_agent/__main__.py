"""`capforge-agent` serves; `capforge-agent prepare` is the pod's init container. Only wiring."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
import time

import uvicorn

from capforge_agent.app import build_app
from capforge_agent.convergence import Convergence, Place
from capforge_agent.failures import RetryTimes
from capforge_agent.intake import Intake
from capforge_agent.memory import Memory
from capforge_agent.metrics import Metrics
from capforge_agent.model_config import Serving
from capforge_agent.prepare import prepare
from capforge_agent.repository import Limits, ModelRepository
from capforge_agent.settings import Accelerator, Settings, SettingsError, settings_from
from capforge_agent.stepping import Stepper
from capforge_agent.tracks import Tracks
from capforge_agent.triton import TritonServer
from capforge_contracts import logs
from capforge_contracts.store import ObjectStore, open_store


def main() -> None:
    """Run the command; a wrong environment ends with 2 and says which variable."""
    parser = argparse.ArgumentParser(prog="capforge-agent", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["serve", "prepare"], default="serve")
    command = parser.parse_args().command
    try:
        settings = settings_from(os.environ)
        if command == "prepare":
            prepare(settings)
            return
        store = open_store(os.environ)
    except (SettingsError, ValueError) as error:
        sys.stderr.write(f"capforge-agent: {error}\n")
        sys.exit(2)
    serve(settings, store)


def serve(settings: Settings, store: ObjectStore) -> None:
    """Converge and answer until told to stop."""
    logs.configure("agent", settings.log_level)
    metrics = Metrics()
    convergence = build(settings, store, metrics)
    threading.Thread(target=convergence.run, name="convergence", daemon=True).start()
    app = build_app(convergence, metrics, settings.token_file)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    uvicorn.run(app, host=settings.agent_host, port=settings.agent_port, log_config=None, access_log=False)
    convergence.stop()
    sys.stdout.flush()
    # A step in a thread may still wait for the store or Triton; folders appear whole or not at all, so it may be cut.
    os._exit(0)


def build(settings: Settings, store: ObjectStore, metrics: Metrics) -> Convergence:
    """Wire the parts."""
    limits = Limits(settings.max_model_bytes, settings.max_golden_bytes, settings.repository_limit_bytes)
    repository = ModelRepository(settings.data, limits, _serving(settings))
    repository.sweep()
    server = TritonServer(
        settings.triton,
        settings.triton_grpc,
        settings.control_file,
        settings.load_timeout_seconds,
        settings.infer_timeout_seconds,
    )
    stepper = Stepper(store, repository, server, settings.max_golden_bytes)
    times = RetryTimes(
        settings.retry_seconds,
        settings.refused_retry_seconds,
        settings.quarantine_seconds,
        settings.linger_seconds,
        settings.crashes_tolerated,
    )
    tracks = Tracks(Memory(settings.data / "memory.json"), times, time.monotonic)
    intake = Intake(settings.pool, settings.desired_file, settings.data / "accepted.json")
    return Convergence(Place(settings.pool, settings.pod), intake, repository, server, stepper, metrics, tracks)


def _serving(settings: Settings) -> Serving:
    return Serving(
        gpu=settings.accelerator is Accelerator.GPU,
        instances=settings.instances,
        intra_op_threads=settings.intra_op_threads,
        queue_delay_microseconds=settings.queue_delay_microseconds,
    )


if __name__ == "__main__":
    main()
