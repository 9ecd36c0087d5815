"""Engines while ZooKeeper is away, comes back, or gives them up."""

import signal

from support.relay import Relay
from support.waiting import wait_until


class CutAfterCreation(Relay):
    """The way to ZooKeeper that is gone for good once it has answered to an engine's node."""

    def __init__(self, target_port: int):
        super().__init__(target_port)
        self.begun = {"client": b"", "server": b""}  # frames that are not whole yet
        self.creation = None  # the number (xid) of the request that makes the node

    @property
    def connect(self) -> str:
        return f"127.0.0.1:{self.port}"

    def frames(self, sender: str, data: bytes):
        """Length and content; that begins with the number of the request, also in its answer."""
        seen = self.begun[sender] + data
        while len(seen) >= 4 and len(seen) >= 4 + int.from_bytes(seen[:4], "big"):
            length = int.from_bytes(seen[:4], "big")
            yield seen[4:4 + length]
            seen = seen[4 + length:]
        self.begun[sender] = seen

    def passing(self, sender: str, data: bytes) -> None:
        if sender == "client":
            for frame in self.frames(sender, data):
                if b'"endpoint"' in frame:
                    self.creation = frame[:4]

    def passed(self, sender: str, data: bytes) -> None:
        if sender == "server" and self.creation in [
                frame[:4] for frame in self.frames(sender, data)]:
            self.cut()


def test_stays_registered_when_zookeeper_restarts(make_engine, zookeeper, connect):
    engine = make_engine(zookeeper).start_and_register()
    session = connect(engine)

    zookeeper.stop()
    engine.await_event("zookeeper-away")
    assert session.range(5).count() == 5, "queries need no ZooKeeper"
    zookeeper.start()

    engine.await_event("zookeeper-back")
    with zookeeper.client() as nodes:
        assert nodes.exists(engine.node)
        nodes.create(engine.control_node, b"{", makepath=True)
        engine.await_event("control-ignored")
    assert not engine.events("stopping")


def test_registers_again_when_its_session_has_expired(make_engine, zookeeper):
    engine = make_engine(zookeeper, settings={"foxfire.zookeeper.session.timeout.ms": 1500})
    engine.start_and_register()

    with zookeeper.client() as nodes:
        engine.signal(signal.SIGSTOP)
        wait_until(lambda: not nodes.exists(engine.node), 20, "ZooKeeper gives the engine up")
        engine.signal(signal.SIGCONT)

        engine.await_event("reregistered")
        assert nodes.exists(engine.node)
        nodes.create(engine.control_node, b"{", makepath=True)
        engine.await_event("control-ignored")
        nodes.delete(engine.node)
    assert engine.await_exit() == 0
    assert engine.events("stopping")[0]["reason"] == "node-removed"


def test_stops_when_zookeeper_is_gone_for_good(make_engine, zookeeper):
    engine = make_engine(zookeeper, settings={"foxfire.zookeeper.lost.ms": 2000})
    engine.start_and_register()

    zookeeper.stop()

    assert engine.await_exit(30) == 0
    assert engine.events("stopping")[0]["reason"] == "registration-lost"


def test_stops_when_zookeeper_goes_in_the_middle_of_its_registration(make_engine, zookeeper):
    with CutAfterCreation(zookeeper.port) as way:
        engine = make_engine(way, settings={"foxfire.zookeeper.lost.ms": 2000}).start()

        assert engine.await_exit(60) == 0
    assert len(engine.events("registered")) == 1
    assert engine.events("stopping")[0]["reason"] == "registration-lost"


def test_sigterm_ends_it_quickly_without_zookeeper(make_engine, zookeeper):
    engine = make_engine(zookeeper).start_and_register()
    zookeeper.stop()
    engine.await_event("zookeeper-away")

    engine.signal(signal.SIGTERM)

    assert engine.await_exit(8) == 143


def test_protects_its_nodes_with_its_digest(make_engine, zookeeper, tmp_path):
    digest = tmp_path / "digest"
    digest.write_text("foxfire:for-zookeeper-only\n")
    digest.chmod(0o600)
    settings = {"foxfire.zookeeper.digest.file": digest}

    engine = make_engine(zookeeper, settings=settings).start_and_register()

    with zookeeper.client(digest="foxfire:for-zookeeper-only") as nodes:
        acls, _ = nodes.get_acls(engine.node)
    assert [acl.id.scheme for acl in acls] == ["digest"]
    assert digest.exists()
    assert "for-zookeeper-only" not in engine.log()
    digest.write_text("foxfire:wrong\n")
    refused = make_engine(zookeeper, settings=settings).start()
    assert refused.await_exit(90) == 1
    last = refused.log().splitlines()[-1]
    assert "FAILED" in last and "foxfire.zookeeper.digest.file" in last
