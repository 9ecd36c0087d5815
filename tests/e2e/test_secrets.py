"""Tokens and engines' secrets are nowhere but where they belong."""

import base64
import hashlib
import hmac
import os
from pathlib import Path

import pytest


def engine_secret(gateway, engine_id):
    secret = (gateway.var / "cluster.secret").read_text().strip()
    digest = hmac.new(secret.encode(), engine_id.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@pytest.fixture
def secrets(connect, gateway):
    connect("alice").range(1).collect()
    return {
        "alice's token": gateway.token("alice"),
        "the admin's token": (gateway.var / "tokens" / "admin").read_text().strip(),
        "the cluster secret": (gateway.var / "cluster.secret").read_text().strip(),
        "the engine's secret": engine_secret(gateway, gateway.engine("alice")["engine_id"]),
    }


def assert_absent(secrets, where, text):
    for name, secret in secrets.items():
        assert secret not in text, f"{name} is in {where}"


def test_the_engine_asks_for_that_secret(secrets, gateway):
    """So that the other tests look for the right thing: with it, the engine's own port answers."""
    import grpc

    endpoint = gateway.engine("alice")["endpoint"]

    def status(bearer):
        with grpc.insecure_channel(endpoint) as channel:
            call = channel.unary_unary("/spark.connect.SparkConnectService/Config",
                                       request_serializer=None, response_deserializer=None)
            try:
                call(b"", metadata=[("authorization", f"Bearer {bearer}")], timeout=30)
                return grpc.StatusCode.OK
            except grpc.RpcError as error:
                return error.code()

    assert status("wrong") == grpc.StatusCode.UNAUTHENTICATED
    assert status(secrets["the engine's secret"]) != grpc.StatusCode.UNAUTHENTICATED


def test_not_in_the_command_line_or_environment_of_any_process(secrets, gateway):
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        for name in ("cmdline", "environ"):
            try:
                text = (folder / name).read_bytes().decode(errors="replace")
            except OSError:
                continue  # it has ended
            assert_absent(secrets, f"{name} of {folder.name}", text)


def test_not_in_any_file_but_their_own(secrets, gateway):
    own = {gateway.var / "tokens" / "admin", gateway.var / "cluster.secret"}
    for file in [gateway.folder / "foxfired.log", *gateway.var.rglob("*")]:
        if file.is_file() and file not in own and file.suffix != ".jsa":
            assert_absent(secrets, file, file.read_bytes().decode(errors="replace"))
    for file in own:
        assert file.stat().st_mode & 0o077 == 0


def test_not_in_zookeeper(secrets, gateway):
    client = gateway.zookeeper()

    def walk(path):
        data, _ = client.get(path)
        assert_absent(secrets, path, path + (data or b"").decode(errors="replace"))
        for child in client.get_children(path):
            walk(f"{path.rstrip('/')}/{child}")

    walk("/foxfire")
    client.stop()
    client.close()


def test_not_in_the_database(secrets, gateway):
    tables = [name for (name,) in gateway.sql("select name from sqlite_master where type = 'table'")]
    assert "events" in tables
    for table in tables:
        assert_absent(secrets, table, repr(gateway.sql(f"select * from {table}")))


def test_not_in_what_sql_can_read(secrets, connect):
    spark = connect("alice")

    assert_absent(secrets, "SET", repr(spark.sql("SET").collect()))
    assert_absent(secrets, "spark.conf", repr(spark.conf.getAll))
    environment = spark.sql("select reflect('java.lang.System', 'getenv')").first()[0]
    assert_absent(secrets, "the environment", environment)
