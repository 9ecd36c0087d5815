import pytest

from support.fake_engine import FakeEngine


@pytest.fixture
def engine(tmp_path):
    with FakeEngine(tmp_path) as engine:
        yield engine
