"""What the gateway costs: JPEG → gateway → Triton → JSON, next to Triton alone with a ready uint8 tensor.

    PYTHONPATH=tools python -m benchmarks.predict [--image 224] [--model 224] [--seconds 2] [--rounds 8] [--found 10]

Both sides are asked by the same client over kept-alive connections, in interleaved rounds, so that whatever else the
machine does falls on both. Printed: throughput, p50, p99, CPU time per prediction of each server (the figure that a
shared machine disturbs least), the ratio gateway / direct per round (median and range), the gateway's memory.
Everything runs on loopback on ports that were free.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped]  # no stubs among our dependencies
import uvloop
from numpy.typing import NDArray
from PIL import Image

from benchmarks.detector_model import small_detector
from capforge_gateway.predict.connection import Connection
from capforge_gateway.predict.endpoints import connect
from capforge_gateway.predict.entities import INPUT, OUTPUTS
from capforge_gateway.predict.wire import infer_head
from tests.integration.gateway.process import GatewayProcess, capability, gateway_process, opened, version
from tests.support.triton import Triton, triton_server

MODEL = "bench--000000000001"
CONFIG = 'backend: "onnxruntime"\nmax_batch_size: 16\ndynamic_batching {}\n'
CONNECTIONS = (1, 8)
CONNECT_SECONDS = 5.0
WARM_UP_SECONDS = 1.0


@dataclass(frozen=True)
class Side:
    """One of the two things compared: where to send what."""

    name: str
    address: str
    head: bytes
    body: NDArray[np.uint8]


@dataclass
class Tally:
    """What one side did over all rounds."""

    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    cpu: Counter[str] = field(default_factory=Counter)
    """CPU seconds by process."""

    def add(self, latencies: list[float], seconds: float, spent: Mapping[str, float]) -> None:
        """Add one round."""
        self.rates.append(len(latencies) / seconds)
        self.latencies += latencies
        self.cpu.update(spent)

    def line(self) -> str:
        """Return throughput, latency percentiles and CPU time per prediction."""
        rate = statistics.median(self.rates)
        half, most = np.percentile(np.array(self.latencies) * 1000, [50, 99])
        cpu = "  ".join(f"{name} {1000 * spent / len(self.latencies):.2f} ms" for name, spent in self.cpu.items())
        return f"{rate:7.0f}/s   p50 {half:6.2f} ms   p99 {most:6.2f} ms   CPU: {cpu}"


def main() -> None:
    """Measure and print."""
    options = arguments()
    with tempfile.TemporaryDirectory() as name, servers(Path(name), options) as (server, gateway):
        sides = (direct(server, options.model), through(gateway, options.image, options.found))
        sent = f"image {options.image} px JPEG ({len(sides[1].body)} bytes)"
        print(f"{sent}, model input {options.model} px, {os.cpu_count()} cores")
        processes = {"Triton": owner_of(server.http_port), "gateway": owner_of(gateway.port)}
        for connections in CONNECTIONS:
            uvloop.run(compared(sides, connections, options, processes))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", type=int, default=224, help="side of the sent image, pixels")
    parser.add_argument("--model", type=int, default=224, help="side of the model's input, pixels")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--found", type=int, default=10, help="entities in each answer")
    return parser.parse_args()


@contextmanager
def servers(folder: Path, options: argparse.Namespace) -> Iterator[tuple[Triton, GatewayProcess]]:
    """Run both; a port that somebody else listens on ends the run, since the figures would be theirs."""
    with triton_server(folder / "triton") as server:
        server.serve(MODEL, small_detector(options.model), CONFIG)
        with gateway_process(folder / "gateway") as gateway:
            owner_of(gateway.port)
            routed = version(
                "1.1", MODEL, [server.address], (options.model, options.model), thresholds={"red": 0.0, "white": 0.0}
            )
            opened(gateway, capability([routed], "1.1"))
            yield server, gateway


def owner_of(port: int) -> psutil.Process:
    """Return the child process that listens on the port; raises where nobody or a stranger does."""
    children = {child.pid for child in psutil.Process().children(recursive=True)}
    listening = {
        one.pid
        for one in psutil.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port
    }
    if not listening or listening - children:
        raise SystemExit(f"port {port} is busy: another process listens on it")
    return psutil.Process(listening.pop())


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU time of a process and its children so far."""
    return float(sum(sum(one.cpu_times()[:2]) for one in (process, *process.children(recursive=True))))


def direct(server: Triton, size: int) -> Side:
    """Triton with a tensor that is ready."""
    tensor = np.random.default_rng(0).integers(0, 256, (1, size, size, 3), np.uint8)
    head = infer_head(MODEL, "bench", INPUT, tensor.shape, OUTPUTS, server.address)
    return Side("Triton direct", server.address, head, tensor)


def through(gateway: GatewayProcess, size: int, found: int) -> Side:
    """The gateway with a JPEG of a smooth picture with some noise, about as large as a photograph of that size."""
    generator = np.random.default_rng(0)
    coarse = Image.fromarray(generator.integers(0, 256, (8, 8, 3), np.uint8)).resize(
        (size, size), Image.Resampling.BICUBIC
    )
    pixels = np.clip(np.asarray(coarse).astype(np.int16) + generator.normal(0, 6, (size, size, 3)), 0, 255)
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "JPEG", quality=90)
    body = np.frombuffer(file.getvalue(), np.uint8)
    address = f"127.0.0.1:{gateway.port}"
    head = (
        f"POST /v1/products/acme/cells/v1/predict?max_entities={found} HTTP/1.1\r\nHost: {address}\r\n"
        f"Authorization: Token {gateway.key}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    return Side("gateway", address, head, body)


async def compared(
    sides: tuple[Side, Side], connections: int, options: argparse.Namespace, processes: Mapping[str, psutil.Process]
) -> None:
    """Ask both sides in turn and print."""
    for side in sides:
        await asked(side, connections, WARM_UP_SECONDS)
    tallies = {side.name: Tally() for side in sides}
    for number in range(options.rounds):
        for side in sides if number % 2 else sides[::-1]:
            before = {name: cpu_seconds(process) for name, process in processes.items()}
            latencies, seconds = await asked(side, connections, options.seconds)
            spent = {name: cpu_seconds(process) - before[name] for name, process in processes.items()}
            tallies[side.name].add(latencies, seconds, spent)
    print(
        f"\n{connections} connection{'s' if connections > 1 else ''}, {options.rounds} rounds of {options.seconds:g} s"
    )
    for name, tally in tallies.items():
        print(f"  {name:14}{tally.line()}")
    ratios = [ours / theirs for theirs, ours in zip(*(tally.rates for tally in tallies.values()), strict=True)]
    print(f"  gateway / direct: {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})")
    print(f"  gateway memory {processes['gateway'].memory_info().rss >> 20} MiB")


async def asked(side: Side, connections: int, seconds: float) -> tuple[list[float], float]:
    """Ask for some seconds on kept-alive connections; return the latencies and the time it took."""
    opened_now = [await connect(side.address, CONNECT_SECONDS) for _ in range(connections)]
    started = time.perf_counter()
    found = await asyncio.gather(*(one_after_another(side, one, started + seconds) for one in opened_now))
    took = time.perf_counter() - started
    for connection in opened_now:
        connection.close()
    return [latency for latencies in found for latency in latencies], took


async def one_after_another(side: Side, connection: Connection, until: float) -> list[float]:
    """Send the next request when the last is answered; raises where one is not answered with 200."""
    latencies = []
    while (started := time.perf_counter()) < until:
        answer = await connection.infer(side.head, side.body)
        if answer.status != 200:
            raise SystemExit(f"{side.name} answered {answer.status}: {answer.body[:300]!r}")
        latencies.append(time.perf_counter() - started)
    return latencies


if __name__ == "__main__":
    main()
