import uuid

import pytest

from support.gateway import Gateway


@pytest.fixture(autouse=True)
def connect_mode(monkeypatch):
    """Makes pyspark.sql.functions speak Connect. builder.remote() would do so, and stop() undoes it."""
    monkeypatch.setenv("SPARK_CONNECT_MODE_ENABLED", "1")


@pytest.fixture(scope="session")
def shared_gateway(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared_gateway):
    """The gateway of tests that end neither it nor the engines of alice and bob."""
    yield shared_gateway
    assert shared_gateway.process.poll() is None, shared_gateway.log()[-5000:]


@pytest.fixture
def make_gateway(tmp_path):
    """Makes gateways of the test's own: make_gateway({"section.key": value})."""
    made = []

    def make(settings=None):
        made.append(Gateway(tmp_path / f"gateway-{len(made)}", settings))
        made[-1].start()
        return made[-1]

    yield make
    for gateway in made:
        gateway.stop()


@pytest.fixture
def connect(gateway):
    """Opens sessions that are stopped after the test: connect(user, extra)."""
    sessions = []

    def open_session(user, extra=""):
        sessions.append(gateway.connect(user, extra))
        return sessions[-1]

    yield open_session
    for session in sessions:
        session.stop()


@pytest.fixture
def newcomer():
    """A user who has no engine yet."""
    return f"user-{uuid.uuid4().hex[:8]}"
