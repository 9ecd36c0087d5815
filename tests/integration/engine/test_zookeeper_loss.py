"""Engines while ZooKeeper is away, comes back, or gives them up."""

import signal

from support.waiting import wait_until


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
