"""Where the database is, and what is said where that cannot be understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from capforge_gateway.settings import Settings, SettingsError
from capforge_gateway.storage.addresses import database_url, needed_database_url


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_usual_spelling_means_the_one_driver(scheme: str) -> None:
    url = database_url(Settings(database_url=f"{scheme}://me:secret@db:5432/capforge?sslmode=verify-full"))
    assert url is not None
    assert (url.drivername, url.host, url.query["sslmode"]) == ("postgresql+psycopg", "db", "verify-full")


def test_an_address_may_leave_everything_to_libpqs_variables() -> None:
    url = database_url(Settings(database_url="postgresql+psycopg://"))
    assert url is not None
    assert url.host is None


def test_a_file_holds_the_address_instead(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://me@db/capforge\n")
    url = database_url(Settings(database_url_file=file))
    assert url is not None
    assert url.username == "me"


def test_nothing_set_is_off_and_an_error_for_who_needs_it() -> None:
    assert database_url(Settings()) is None
    with pytest.raises(SettingsError, match="CAPFORGE_DATABASE_URL"):
        needed_database_url(Settings())


@pytest.mark.parametrize("text", ["mysql://me:secret@db/x", "db:5432", "secret", "postgresql://me:secret@db:port/x"])
def test_what_is_no_address_is_named_without_its_secrets(text: str, tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(text)
    for settings in (Settings(database_url=text), Settings(database_url_file=file)):
        with pytest.raises(SettingsError, match="CAPFORGE_DATABASE_URL") as refused:
            database_url(settings)
        assert "secret" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"CAPFORGE_DATABASE_URL_FILE: .*No such file"):
        database_url(Settings(database_url_file=tmp_path / "no-such"))
