"""The tables come by migration, once, whoever runs it and however often."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, make_url

from capforge_gateway.storage.migrate import configuration, migrate
from capforge_gateway.storage.tables import metadata
from tests.integration.gateway.process import ANSWER_SECONDS
from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.postgres import Postgres, postgres_folder, postgres_server

PROGRAM = [sys.executable, "-m", "capforge_gateway.storage.migrate"]


@pytest.fixture
def empty(postgres: Postgres) -> str:
    return postgres.url(postgres.create_database())


@pytest.fixture
def engine(empty: str) -> Iterator[Engine]:
    engine = create_engine(empty)
    yield engine
    engine.dispose()


def test_migrations_make_exactly_the_tables_of_the_models(empty: str, engine: Engine) -> None:
    migrate(make_url(empty))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_every_key_starts_with_the_namespace() -> None:
    for table in metadata.tables.values():
        assert next(iter(table.primary_key.columns)).name == "namespace", table.name
        for key in table.foreign_key_constraints:
            assert key.column_keys[0] == "namespace", f"{table.name}: {key.column_keys}"


def test_ten_at_once_do_it_once(empty: str, engine: Engine) -> None:
    with ThreadPoolExecutor(10) as threads:
        changed = list(threads.map(lambda _: migrate(make_url(empty)), range(10)))
    assert sorted(changed) == [False] * 9 + [True]
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_each_step_can_be_taken_back(empty: str, engine: Engine) -> None:
    migrate(make_url(empty))
    config = configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        for _ in ScriptDirectory.from_config(config).walk_revisions():
            command.downgrade(config, "-1")
    with engine.connect() as connection:
        left = compare_metadata(MigrationContext.configure(connection), metadata)
        assert {change[1].name for change in left if change[0] == "add_table"} == set(metadata.tables)
    assert migrate(make_url(empty))


def test_tables_of_a_newer_release_stay_as_they_are(empty: str, engine: Engine) -> None:
    migrate(make_url(empty))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.exec_driver_sql("ALTER TABLE documents ADD COLUMN later text")
    assert not migrate(make_url(empty))


def test_a_migration_that_fails_leaves_nothing(empty: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE submissions (ours int)")
    done = run(empty)
    assert done.returncode == 1
    assert "tables could not be prepared" in done.stdout
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert [name for (name,) in rows] == ["submissions"]


def run(url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        PROGRAM, env=environment(url), capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False
    )


def environment(url: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "CAPFORGE_DATABASE_URL": url}


def test_the_program_says_what_is_wrong_and_no_password(empty: str) -> None:
    assert run(empty).returncode == 0
    for url, words in (("", "CAPFORGE_DATABASE_URL is not set"), ("mysql://me:hush@db/x", "not a database's address")):
        wrong = run(url)
        assert wrong.returncode == 2
        assert words in wrong.stderr
        assert "hush" not in wrong.stderr + wrong.stdout


def test_libpqs_own_variables_complete_the_address(postgres: Postgres, empty: str) -> None:
    url = make_url(empty)
    parts = {"PGHOST": url.host, "PGPORT": str(url.port), "PGUSER": url.username, "PGPASSWORD": url.password}
    env = {**environment("postgresql+psycopg://"), **parts, "PGDATABASE": url.database}
    done = subprocess.run(PROGRAM, env=env, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)  # type: ignore[arg-type]
    assert done.returncode == 0, done.stdout
    with postgres.connect(url.database or "") as connection:
        assert connection.execute("SELECT count(*) FROM documents").fetchone() == (0,)


def test_it_waits_for_the_database_and_says_so(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    with log.open("wb") as output:
        child = subprocess.Popen(PROGRAM, env=environment(Postgres(port).url()), stdout=output, stderr=output)
    try:
        eventually(lambda: any(line["event"] == "waiting for the database" for line in lines(log)))
        with postgres_folder() as folder, postgres_server(folder, port):
            assert child.wait(ANSWER_SECONDS) == 0, log.read_text()
    finally:
        child.kill()
        child.wait()
    assert lines(log)[-1]["event"] == "tables are ready"
    assert "test-password" not in log.read_text()


def lines(log: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in log.read_bytes().split(b"\n")[:-1]]
