"""Fixtures for tests that run the shipped engine on real Spark, ZooKeeper and PySpark."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from queries import close_session, open_session  # noqa: E402
from support.engine_process import EngineProcess  # noqa: E402
from support.zookeeper import ZooKeeperServer  # noqa: E402


@pytest.fixture(scope="session")
def shared_zookeeper(tmp_path_factory):
    """For tests that do not touch the server itself."""
    with ZooKeeperServer(tmp_path_factory.mktemp("zookeeper")) as server:
        yield server


@pytest.fixture
def zookeeper(tmp_path):
    """For tests that stop it."""
    with ZooKeeperServer(tmp_path / "zookeeper") as server:
        yield server


@pytest.fixture
def nodes(shared_zookeeper):
    """A kazoo client of the shared server."""
    with shared_zookeeper.client() as client:
        yield client


@pytest.fixture
def make_engine(tmp_path, shared_zookeeper):
    """Makes engines that are not started yet, and ends them after the test."""
    made = []

    def make(server=None, kind=EngineProcess, **arguments):
        made.append(kind(tmp_path, (server or shared_zookeeper).connect, **arguments))
        return made[-1]

    yield make
    for engine in made:
        engine.stop()
        print(f"log of engine {engine.id}:\n{engine.log()}")  # pytest shows it if the test failed


@pytest.fixture
def connect():
    """Opens PySpark sessions on engines, and closes them after the test."""
    opened = []

    def open_one(engine):
        opened.append(open_session(engine))
        return opened[-1]

    yield open_one
    for session in opened:
        close_session(session)
