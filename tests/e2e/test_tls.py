"""TLS with a private authority, as clients on other hosts need it."""

import os
import subprocess
import sys

import pytest

CLIENT = """
import sys
from pyspark.sql.connect.session import SparkSession
spark = SparkSession.builder.remote(sys.argv[1]).create()
print(spark.sql("select current_user()").first()[0])
spark.stop()
"""


def run_openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A private authority and a server certificate for localhost and 127.0.0.1."""
    folder = tmp_path_factory.mktemp("certificates")
    run_openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test authority",
                "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem")
    run_openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
                "-keyout", f"{folder}/server.key", "-out", f"{folder}/server.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    run_openssl("x509", "-req", "-days", "2", "-in", f"{folder}/server.csr", "-CA", f"{folder}/ca.pem",
                "-CAkey", f"{folder}/ca.key", "-CAcreateserial", "-extfile", f"{folder}/names",
                "-out", f"{folder}/server.pem")
    (folder / "chain.pem").write_text((folder / "server.pem").read_text() + (folder / "ca.pem").read_text())
    return folder


@pytest.fixture(scope="module")
def tls_gateway(certificates, tmp_path_factory):
    from support.gateway import Gateway

    settings = {"tls.certificate": str(certificates / "chain.pem"), "tls.key": str(certificates / "server.key")}
    with Gateway(tmp_path_factory.mktemp("tls"), settings) as gateway:
        yield gateway


def run_client(url, authority, seconds=90):
    environment = {**os.environ, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(authority)}
    return subprocess.run([sys.executable, "-c", CLIENT, url], env=environment, capture_output=True, text=True,
                          timeout=seconds)


def test_the_printed_string_works_with_a_private_authority(tls_gateway, certificates):
    made = tls_gateway.cli("token", "create", "--user", "alice")
    assert made["connection_string"].endswith(";use_ssl=true")

    done = run_client(made["connection_string"], certificates / "ca.pem")

    assert done.stdout.strip() == "alice", done.stderr[-2000:]


def test_an_address_that_is_not_localhost_speaks_tls_by_itself(tls_gateway, certificates):
    url = f"sc://127.0.0.1:{tls_gateway.port}/;token={tls_gateway.token('alice')}"

    done = run_client(url, certificates / "ca.pem")

    assert done.stdout.strip() == "alice", done.stderr[-2000:]


def test_a_plaintext_client_is_told_the_cure_and_its_token_is_not_taken(tls_gateway, certificates):
    url = f"sc://localhost:{tls_gateway.port}/;token={tls_gateway.token('alice')}"

    done = run_client(url, certificates / "ca.pem", seconds=30)

    assert done.returncode != 0
    assert "use_ssl=true" in done.stderr
