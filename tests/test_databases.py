"""The databases that the tests stand on: real, fresh, and of both kinds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests import databases


def _with_a_table(url: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE things (id INTEGER PRIMARY KEY)"))
    engine.dispose()


class TestAFreshDatabase:
    @pytest.mark.parametrize("turn", [1, 2])
    def test_each_test_gets_an_empty_database_of_its_own(
        self, database_url: str, turn: int
    ) -> None:
        engine = sa.create_engine(database_url)
        assert sa.inspect(engine).get_table_names() == []
        engine.dispose()
        _with_a_table(database_url)

    def test_the_postgresql_half_is_a_real_server(self, postgresql_url: str) -> None:
        engine = sa.create_engine(postgresql_url)
        with engine.connect() as connection:
            version = connection.execute(sa.text("SHOW server_version_num")).scalar_one()
            zone = connection.execute(sa.text("SHOW timezone")).scalar_one()
        engine.dispose()
        assert int(version) >= databases.OLDEST_POSTGRES * 10_000
        assert zone == databases.SERVER_OPTIONS["timezone"]

    def test_a_connection_left_open_does_not_keep_a_database(
        self, postgres_server: databases.PostgresServer
    ) -> None:
        name = postgres_server.create()
        engine = sa.create_engine(postgres_server.url(name))
        with engine.connect() as left_open:
            left_open.execute(sa.text("SELECT 1"))
            postgres_server.drop(name)
            with pytest.raises(sa.exc.OperationalError):
                left_open.execute(sa.text("SELECT 1"))
        engine.dispose()


class TestAPreparedDatabase:
    @pytest.fixture
    def database_prepare(self) -> databases.Prepare:
        return _with_a_table

    @pytest.mark.parametrize("turn", [1, 2])
    def test_each_test_gets_a_copy_of_what_was_prepared(self, database_url: str, turn: int) -> None:
        engine = sa.create_engine(database_url)
        with engine.begin() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM things")).scalar_one() == 0
            connection.execute(sa.text("INSERT INTO things VALUES (1)"))
        engine.dispose()


class TestWhichServer:
    def test_the_package_from_pypi_brings_one(self) -> None:
        assert databases.bundled_binaries() is not None

    def test_the_one_chosen_is_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(databases.CHOICE, "bundled")
        assert databases.server_binaries() == databases.bundled_binaries()

    def test_a_chosen_folder_without_a_server_is_an_error(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv(databases.CHOICE, str(tmp_path))
        with pytest.raises(databases.NoServer, match="holds no PostgreSQL"):
            databases.server_binaries()

    def test_no_server_at_all_is_an_error_and_not_a_skip(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(databases.CHOICE, raising=False)
        monkeypatch.setattr(databases, "machine_binaries", lambda: iter(()))
        monkeypatch.setattr(databases, "bundled_binaries", lambda: None)
        with pytest.raises(databases.NoServer, match="make setup"):
            databases.server_binaries()


def test_what_a_dead_run_left_is_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv(databases.RUN_FOLDER, os.environ[databases.RUN_FOLDER])
    dead, alive = tmp_path / "lifecycle-tests-dead", tmp_path / "lifecycle-tests-alive"
    for folder, owner in ((dead, 2**22 + 1), (alive, os.getpid())):
        folder.mkdir()
        (folder / "owner").write_text(str(owner))
    databases.begin_run()
    assert not dead.exists()
    assert alive.exists()
