"""What is wrong is said once, clearly, with the cure; and nothing else suffers from it."""

import json
import socket
import subprocess

import pytest
from support.gateway import FOXFIRED, Gateway, to_toml
from support.waiting import wait_until


def start_and_fail(gateway_folder, settings, after=lambda gateway: None):
    """Starts foxfired on a configuration that cannot work: exit code and what it says."""
    gateway = Gateway(gateway_folder, settings)
    after(gateway)
    return subprocess.run([FOXFIRED, "--config", gateway.config], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("settings, said", [
    ({"server.lisen": "127.0.0.1:1"}, ["server.lisen", "did you mean listen"]),
    ({"server.loops": "two"}, ["server.loops"]),
    ({"engine.launch_timeout": "soon"}, ["engine.launch_timeout", "30m"]),
    ({"profile.default.spark_home": "/no/spark"}, ["profile.default.spark_home", "/no/spark"]),
    ({"server.listen": "0.0.0.0:0"}, ["server.listen", "allow_plaintext"]),
    ({"tls.certificate": "/no/certificate.pem"}, ["tls."]),
])
def test_a_configuration_that_cannot_work(tmp_path, settings, said):
    done = start_and_fail(tmp_path, settings)

    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert any(all(word in line for word in said) and "foxfire.toml:" in line for line in lines), done.stderr


def test_check_config_does_only_that(tmp_path):
    gateway = Gateway(tmp_path)

    done = subprocess.run([FOXFIRED, "--config", gateway.config, "--check-config"], capture_output=True, text=True,
                          timeout=60)

    assert done.returncode == 0, done.stderr
    assert f"127.0.0.1:{gateway.port}" in done.stdout
    assert not gateway.var.exists()


def test_a_token_file_that_others_can_read(tmp_path):
    def spoil(gateway):
        gateway.var.mkdir()
        file = gateway.var / "tokens.json"
        file.write_text(json.dumps({"schema": 1, "tokens": []}))
        file.chmod(0o644)

    done = start_and_fail(tmp_path, {}, spoil)

    assert done.returncode != 0
    assert "tokens.json" in done.stderr and "chmod 600" in done.stderr


def test_a_port_that_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        gateway = Gateway(tmp_path, {"server.listen": f"127.0.0.1:{port}"})
        done = subprocess.run([FOXFIRED, "--config", gateway.config], capture_output=True, text=True, timeout=60)
        gateway.process = subprocess.Popen(["true"])
        gateway.stop()

    assert done.returncode == 1
    assert "server.listen" in done.stderr and str(port) in done.stderr


def test_a_corrupted_database(tmp_path):
    def spoil(gateway):
        gateway.var.mkdir()
        (gateway.var / "foxfire.db").write_bytes(b"this is no database" * 1000)

    done = start_and_fail(tmp_path, {}, spoil)

    assert done.returncode == 1
    assert "foxfire.db" in done.stderr and "mv " in done.stderr


def test_a_broken_node_in_zookeeper_hurts_nobody(connect, gateway):
    client = gateway.zookeeper()
    path = "/foxfire/engines/user:mallory:default:default/11111111-1111-1111-1111-111111111111"
    client.create(path, b"{broken", makepath=True)
    try:
        assert connect("alice").range(3).count() == 3
        wait_until(lambda: path in gateway.log(), 10, "the log names the node")
    finally:
        client.delete(path)
        client.stop()
        client.close()


def talk(gateway, sent):
    """What the port answers to these bytes before it hangs up."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as connection:
        connection.sendall(sent)
        answer = b""
        while part := connection.recv(4096):
            answer += part
        return answer


def test_garbage_on_the_port_is_hung_up_on(connect, gateway):
    assert talk(gateway, b"\x00\xff garbage \x01\x02" * 10) == b""
    assert b"400" in talk(gateway, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connect("alice").range(3).count() == 3


def test_tls_on_a_plaintext_port_is_logged_with_the_cure(gateway):
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=30) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        assert connection.recv(100) == b""

    wait_until(lambda: "TLS client on a port without TLS" in gateway.log(), 10, "the log says so")


def test_settings_are_written_as_toml():
    assert to_toml({"a.b": 1, "a.c": "x"}) == '[a]\nb = 1\nc = "x"\n\n'
