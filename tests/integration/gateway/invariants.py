"""What must be true of a cluster in which nothing is under way: nobody leaves anything behind."""

from support.waiting import wait_until


def left_behind(fleet):
    """Sentences, one for each thing that should not be there, or should. Every gateway must be
    ready."""
    processes = fleet.engine_processes()
    registered = fleet.registered()
    keys = {engine: key for key, engines in registered.items() for engine in engines}
    wrong = [f"orphan process: engine {engine} (pid {pid}) runs and is not registered"
             for engine, pid in processes.items() if engine not in keys]
    wrong += [f"orphan node: engine {engine} of {key} has no process"
              for engine, key in keys.items() if engine not in processes]
    wrong += [f"more than one engine of {key}: {engines}"
              for key, engines in registered.items() if len(engines) > 1]
    wrong += [f"stuck lock: launches/{key}" for key in fleet.children("launches")]
    wrong += [f"orphan node: control/{engine}" for engine in fleet.children("control")]
    if (gateways := len(fleet.children("gateways"))) != len(fleet.gateways):
        wrong.append(f"{gateways} gateway nodes for {len(fleet.gateways)} gateways")
    # What the gateways say costs a process each, so ask only when the rest is right.
    return wrong or [line for gateway in fleet.gateways for line in _told(fleet, gateway, keys)]


def _told(fleet, gateway, keys):
    """The same by the words of a gateway."""
    name = gateway.folder.name
    for launch in fleet.admin_cli(gateway, "engine", "queue"):
        yield f"queued ghost at {name}: {launch}"
    listed = {engine["engine_id"]: engine for engine in fleet.admin_cli(gateway, "engine", "list")}
    for engine in listed.values():
        if engine["state"] != "ready":
            yield f"{name} lists an engine that is {engine['state']}: {engine}"
    if set(listed) != set(keys):
        yield f"{name} lists {sorted(listed)}, registered are {sorted(keys)}"


def await_nothing_left_behind(fleet, seconds=30, before_each_look=lambda: None, hint=lambda: ""):
    """`before_each_look` may make calls, for example to keep engines from being idle."""
    wrong = []

    def is_clean():
        before_each_look()
        wrong[:] = left_behind(fleet)
        return not wrong

    wait_until(is_clean, seconds, "nothing is left behind",
               lambda: "\n".join(wrong) + "\n" + hint())


def end_all_engines(fleet):
    """As an operator does it, through any one gateway; then not a trace is left."""
    gateway = fleet.gateways[-1]
    for engine in fleet.admin_cli(gateway, "engine", "list"):
        killed = gateway.run_cli("engine", "kill", engine["engine_id"], "--grace", "1s",
                                 token=fleet.admin_token())
        # It may have been idle for long enough to end by itself meanwhile.
        assert killed.returncode == 0 or engine["engine_id"] not in fleet.engine_processes(), \
            killed.stderr
    await_nothing_left_behind(fleet)
    assert fleet.engine_processes() == {} and fleet.registered() == {}
