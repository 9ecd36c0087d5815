import itertools
import random
import uuid

import pytest

from cluster import Cluster
from foxfired import Foxfired, engine_key
from support.calls import Client
from support.fake_engine import FakeEngine


@pytest.fixture(scope="session")
def zookeeper(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("zookeeper")) as zookeeper:
        yield zookeeper


@pytest.fixture(scope="session")
def shared_gateway(zookeeper, tmp_path_factory):
    with Foxfired(tmp_path_factory.mktemp("gateway"), zookeeper) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared_gateway):
    """The gateway of tests that neither end it nor need settings of their own."""
    shared_gateway.script_launches()
    yield shared_gateway
    assert shared_gateway.process.poll() is None, shared_gateway.log()[-5000:]


@pytest.fixture
def make_gateway(zookeeper, tmp_path):
    """Makes gateways of the test's own; each has a root of its own unless it is given one."""
    made = []
    numbers = itertools.count()

    def make(settings=None, root=None):
        made.append(Foxfired(tmp_path / f"gateway-{next(numbers)}", zookeeper,
                             root or f"/foxfire-{uuid.uuid4()}", settings))
        made[-1].start()
        return made[-1]

    yield make
    ended = [gateway for gateway in made if gateway.process.poll() not in (None, 0)]
    for gateway in made:
        gateway.stop()
    assert not ended, ended[0].log()[-5000:]


@pytest.fixture
def user():
    """Somebody who has no engine yet."""
    return f"user-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def make_engine(gateway, tmp_path):
    """Makes an engine that stands for itself, registered for a user."""
    made = []

    def make(user):
        engine_id = str(uuid.uuid4())
        made.append(FakeEngine(tmp_path, engine_id, user, engine_key(user),
                               gateway.engine_secret(engine_id)))
        gateway.register(made[-1].record(), user)
        return made[-1]

    yield make
    for engine in made:
        engine.kill()


@pytest.fixture
def engine(make_engine, user):
    return make_engine(user)


@pytest.fixture
def client(gateway, user):
    """The user's client, which claims to be somebody else."""
    with Client(gateway.target, gateway.token(user), user_id="mallory") as client:
        yield client


@pytest.fixture
def seeded():
    """Random values that a failed test can be repeated with."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    return random.Random(seed)
