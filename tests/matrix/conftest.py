import pytest

from support.gateway import Gateway
from versions import ENGINES, home_of, python_of, settings_for_newer_clients


@pytest.fixture(scope="session", params=ENGINES, ids=lambda version: f"engine-{version}")
def gateway(request, tmp_path_factory):
    """A gateway whose engines are of one version; there is one gateway at a time."""
    settings = {
        "profile.default.spark_home": str(home_of(request.param)),
        "profile.default.python": str(python_of(request.param)),
        "profile.default.spark_conf": settings_for_newer_clients(request.param),
    }
    with Gateway(tmp_path_factory.mktemp("gateway"), settings) as gateway:
        yield gateway


@pytest.fixture
def state_of(gateway):
    """state_of(session id) of a session, which must be alice's."""
    def state(session_id):
        [session] = [session for session in gateway.cli("session", "list", "--all")
                     if session["session_id"] == session_id]
        assert session["user"] == "alice"
        return session["state"]
    return state
