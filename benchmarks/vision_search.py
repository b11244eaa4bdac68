"""How searches over many annotated images are answered: PostgreSQL's own plans and times.

    PYTHONPATH=tools python -m benchmarks.vision_search [submissions]

Fills an empty database with `submissions` (100,000) of four fifths as many files, and a twentieth more that nobody
annotated, and prints, for each search or union of searches: of a first page, a page from the middle of the stream and
the figures, the median of 5 in the server (EXPLAIN ANALYZE: planning and execution, without the network), CPU time of
the server where one process does all of it (other load does not falsify that), blocks of 8 KiB that were looked at, and
the scans that it is made of. The gateway gives a statement 5 s; the last line names the slowest.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import ClauseElement, Connection, Executable, Select, create_engine, make_url, text
from sqlalchemy.ext.compiler import compiles

from capforge_contracts.dataset_resource import about_submissions
from capforge_contracts.vision import AnnotationStatus, Search, Selection
from capforge_gateway.storage.migrate import migrate
from capforge_gateway.storage.vision_figures import figures_of
from capforge_gateway.storage.vision_finding import by_content, newest_first, whole
from capforge_gateway.storage.vision_search import found_by
from capforge_gateway.vision.ports import NEWEST
from tests.support.postgres import postgres_folder, postgres_server

NAMESPACE = "acme"
ROUNDS = 5
PAGE = 200
_NO_SCANS = frozenset({"CTE Scan", "Subquery Scan", "Function Scan", "Bitmap Heap Scan"})
"""The index that a bitmap is made of is another node."""
_FILES = """
INSERT INTO vision_files
  (namespace, id, sha256, name, content_type, size_bytes, width, height, source, metadata, uploader)
SELECT 'acme', md5(n::text)::uuid, encode(sha256(n::text::bytea), 'hex'), n || '.jpg', 'image/jpeg', 1, 100, 100,
       'camera-' || n % 20, jsonb_build_object('site', 'site-' || n % 50), 'key'
FROM generate_series(1, :files) n
"""
_SUBMISSIONS = """
INSERT INTO vision_submissions
  (namespace, sequence, id, file, capability, status, annotator, entities, observed, counts, runs)
SELECT 'acme', n, md5('s' || n)::uuid, md5((1 + n % :files)::text)::uuid, 'cells',
       CASE WHEN n % 10 = 0 THEN 'PreAnnotation' ELSE 'Submitted' END, 'user-' || n % 7,
       (SELECT json_agg(json_build_object('id', e, 'box', ARRAY[1, 2, 30, 40], 'observations',
                        json_build_array(json_build_object('attribute', 'class', 'value', 'class-' || (n + e) % 40))))
        FROM generate_series(1, 8) e),
       jsonb_build_object('class', (SELECT jsonb_agg('class-' || (n + e) % 40) FROM generate_series(1, 8) e)
                          || CASE WHEN n % 5000 = 0 THEN '["rare"]'::jsonb ELSE '[]'::jsonb END),
       (SELECT jsonb_object_agg('class-' || (n + e) % 40, 1) FROM generate_series(1, 8) e),
       CASE WHEN n % 10 = 0 THEN ARRAY['run-' || n % 100] ELSE ARRAY[]::text[] END
FROM generate_series(1, :submissions) n
"""
SEARCHES: dict[str, list[Search]] = {
    "everything": [Search()],
    "a common class": [Search(classes_present=["class-3"])],
    "a rare class": [Search(classes_present=["rare"])],
    "a class absent": [Search(classes_absent=["class-3"])],
    "metadata and source": [Search(metadata={"site": "site-7"}, sources=["camera-7"])],
    "a user": [Search(users=["user-3"])],
    "a training run": [Search(training_runs=["run-10"], statuses=[AnnotationStatus.PRE_ANNOTATION])],
    "a capability": [Search(capability="cells")],
    "not annotated": [Search(statuses=[AnnotationStatus.UNANNOTATED])],
    "either of two, one rare": [Search(classes_present=["rare"]), Search(users=["user-3"], sources=["camera-7"])],
    "any of twenty sources": [Search(sources=[f"camera-{n}"]) for n in range(20)],
    "any of twenty classes": [Search(classes_present=[f"class-{n}"]) for n in range(20)],
    "of either capability": [Search(capability="cells"), Search()],
}


def fill(connection: Connection, submissions: int) -> None:
    """Write the rows as one statement a table."""
    files = submissions * 4 // 5
    connection.execute(text("INSERT INTO vision_namespaces VALUES ('acme', :n)"), {"n": submissions})
    connection.execute(text(_FILES), {"files": files + submissions // 20})
    connection.execute(text(_SUBMISSIONS), {"files": files, "submissions": submissions})


def questions(searches: Sequence[Search]) -> Iterator[tuple[str, Select[Any]]]:
    """Yield what is asked of each union."""
    for selection in (Selection.LATEST, Selection.ALL):
        keys = [found_by(NAMESPACE, one, selection, NEWEST) for one in searches]
        order = ("created", "file", "number")
        first = [newest_first(one, None, 25) for one in keys]
        yield f"{selection} first page", whole(NAMESPACE, first, 25, order, descending=True)
        streamed = [one for one in map(about_submissions, searches) if one is not None]
        middle = [by_content(found_by(NAMESPACE, one, selection, NEWEST), ("8" * 64, 0), PAGE) for one in streamed]
        if middle:
            yield f"{selection} stream page", whole(NAMESPACE, middle, PAGE, ("sha256", "number"), descending=False)
        totals, classes = figures_of(NAMESPACE, searches, selection)
        yield f"{selection} totals", totals
        yield f"{selection} classes", classes


class Explained(Executable, ClauseElement):  # type: ignore[misc]
    """A statement's plan, with what each part took."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(Explained)
def _explained(element: Explained, compiler: Any, **options: Any) -> str:
    return f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {compiler.process(element.statement, **options)}"


@dataclass(frozen=True)
class Cost:
    """What one statement took in the server."""

    milliseconds: float
    cpu_milliseconds: float
    blocks: int
    scans: frozenset[str]


def cost(connection: Connection, statement: Select[Any]) -> Cost:
    """Run a statement ROUNDS times as the gateway does, and as often in one process."""
    plans = [connection.execute(Explained(statement)).scalar_one()[0] for _ in range(ROUNDS)]
    took = statistics.median(one["Planning Time"] + one["Execution Time"] for one in plans)
    connection.execute(text("SET max_parallel_workers_per_gather = 0"))
    busy = [_cpu_milliseconds(connection)]
    for _ in range(ROUNDS):
        connection.execute(statement).all()
        busy.append(_cpu_milliseconds(connection))
    connection.execute(text("RESET max_parallel_workers_per_gather"))
    cpu = statistics.median(after - before for before, after in pairwise(busy))
    plan = plans[-1]["Plan"]
    return Cost(took, cpu, plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], frozenset(_scans(plan)))


def _cpu_milliseconds(connection: Connection) -> float:
    pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


def _scans(plan: dict[str, Any]) -> Iterator[str]:
    if "Scan" in plan["Node Type"] and plan["Node Type"] not in _NO_SCANS:
        yield plan.get("Index Name") or f"all of {plan.get('Relation Name', '?')}"
    for part in plan.get("Plans", ()):
        yield from _scans(part)


def measure(url: str, submissions: int) -> None:
    """Fill and print."""
    migrate(make_url(url))
    engine = create_engine(url, connect_args={"options": "-c jit=off"})  # as the gateway's connections
    with engine.begin() as connection:
        fill(connection, submissions)
    slowest = ("nothing", Cost(0, 0, 0, frozenset()))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
        for name, searches in SEARCHES.items():
            for what, statement in questions(searches):
                one = cost(connection, statement)
                figures = f"{one.milliseconds:9.1f} {one.cpu_milliseconds:9.1f} {one.blocks:8}"
                print(f"{name:24} {what:20} {figures}   {', '.join(sorted(one.scans))}", flush=True)
                slowest = max(slowest, (f"{name}, {what}", one), key=lambda each: each[1].cpu_milliseconds)
    print(
        f"most CPU: {slowest[0]}, {slowest[1].cpu_milliseconds:.0f} ms, {slowest[1].milliseconds:.0f} ms on the clock"
    )
    engine.dispose()


def main() -> None:
    """Run it."""
    submissions = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(f"{submissions} submissions, medians of {ROUNDS} in the server")
    print(f"{'search':24} {'what':20} {'ms':>9} {'CPU ms':>9} {'blocks':>8}   scans")
    with postgres_folder() as folder, postgres_server(folder) as server:
        measure(server.url(server.create_database()), submissions)


if __name__ == "__main__":
    main()
