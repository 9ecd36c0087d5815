"""Every client works over TLS, and trusts a private authority in its own way."""

import subprocess
from pathlib import Path

import pytest

from programs import run_jvm, run_python, run_rust
from support.certificates import make_certificates
from support.gateway import Gateway
from support.spark_home import java
from versions import ENGINES, INSTALLED


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def tls_gateway(authority, tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("tls"), make_certificates(authority)) as gateway:
        yield gateway


@pytest.fixture
def url(tls_gateway):
    return tls_gateway.url("alice", ";use_ssl=true")


@pytest.mark.parametrize("client", INSTALLED)
def test_pyspark_works_over_tls(url, authority, client):
    run_python(client, url, GRPC_DEFAULT_SSL_ROOTS_FILE_PATH=str(authority / "ca.pem"))


@pytest.mark.parametrize("client", ENGINES)
def test_the_jvm_client_works_over_tls(url, authority, client):
    store = authority / "trusted.p12"
    if not store.exists():
        keytool = Path(java()).with_name("keytool")
        subprocess.run([keytool, "-importcert", "-noprompt", "-alias", "ca", "-file",
                        authority / "ca.pem", "-keystore", store, "-storepass", "changeit"],
                       check=True, capture_output=True, timeout=60)

    run_jvm(client, url, f"-Djavax.net.ssl.trustStore={store}",
            "-Djavax.net.ssl.trustStorePassword=changeit")


def test_the_rust_client_works_over_tls(url, authority):
    run_rust(url, SSL_CERT_FILE=str(authority / "ca.pem"))
