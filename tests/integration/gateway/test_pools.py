"""Keys with several engines, with fake ones."""

import contextlib

from support.calls import Client
from support.waiting import eventually


def open_session(stack, gateway, user):
    """A session of the user that stays open; answers with its engine's id."""
    client = stack.enter_context(Client(gateway.target, gateway.token(user)))
    return client, client.call("Config").echo["engine"]["engine_id"]


def test_sessions_spread_over_a_pool_that_grows(make_gateway, user):
    gateway = make_gateway({"engine.pool_size": 3, "engine.pool_load": 2})
    with contextlib.ExitStack() as stack:
        clients = [open_session(stack, gateway, user) for _ in range(3)]
        assert len({engine for _, engine in clients}) == 1, "nobody waits for a second one"
        eventually(lambda: len(gateway.registered(user)) == 2, what="a second engine")
        eventually(lambda: len([e for e in gateway.engines() if e["state"] == "ready"]) == 2)

        clients += [open_session(stack, gateway, user) for _ in range(2)]
        assert len({engine for _, engine in clients}) == 2, "the new one has the least to do"

        for client, engine in clients:
            assert client.call("Config").echo["engine"]["engine_id"] == engine, "each stays where it is"


def test_a_pool_grows_no_further_than_it_may(make_gateway, user):
    gateway = make_gateway({"engine.pool_size": 2, "engine.pool_load": 1})
    with contextlib.ExitStack() as stack:
        open_session(stack, gateway, user)
        open_session(stack, gateway, user)
        eventually(lambda: len([e for e in gateway.engines() if e["state"] == "ready"]) == 2)
        engines = {open_session(stack, gateway, user)[1] for _ in range(6)}

    assert len(engines) == 2
    assert len(gateway.launched()) == 2


def test_two_gateways_share_a_pool(make_gateway, user):
    settings = {"engine.pool_size": 2, "engine.pool_load": 1}
    first = make_gateway(settings)
    second = make_gateway({**settings, "server.cluster_secret_file": str(first.var / "cluster.secret")},
                          root=first.root)
    with contextlib.ExitStack() as stack:
        open_session(stack, first, user)
        for gateway in (first, second, first, second):
            eventually(lambda gateway=gateway: gateway.engines(), what="the gateway sees the engine")
            open_session(stack, gateway, user)
        eventually(lambda: len(first.registered(user)) == 2, what="the second engine")
        for gateway in (first, second):
            eventually(lambda gateway=gateway: len(gateway.engines()) == 2)
            for _ in range(4):
                open_session(stack, gateway, user)

    assert len(first.launched()) + len(second.launched()) == 2
