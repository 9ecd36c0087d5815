"""What else comes to the port: garbage, HTTP/1.1, TLS where there is none and the other way round."""

import socket
import ssl
import subprocess

import grpc
import pytest

from support import http2
from support.calls import Client
from support.waiting import eventually
from support.http2 import answer_of, grpc_headers

WRONG_PROTOCOL = 'foxfire_http2_wrong_protocol_total{{kind="{}"}}'


def say(target, data, timeout=30):
    """Everything that comes back until the other side closes."""
    host, port = target.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=timeout) as sock:
        sock.sendall(data)
        answer = b""
        try:
            while piece := sock.recv(65536):
                answer += piece
        except ConnectionResetError:
            pass
        return answer


def assert_serves(gateway, client):
    assert client.call("Config").code == grpc.StatusCode.OK
    assert gateway.process.poll() is None


@pytest.mark.parametrize("request_line", [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /spark.connect.SparkConnectService/Config HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    b"PRI / HTTP/1.1\r\n\r\n",
])
def test_http_1_gets_one_line_that_says_what_this_is(gateway, engine, client, request_line):
    answer = say(gateway.target, request_line)

    assert answer.startswith(b"HTTP/1.1 400 ")
    body = answer.partition(b"\r\n\r\n")[2]
    assert b"sc://" in body and body.count(b"\n") == 1
    assert_serves(gateway, client)


def test_garbage_closes_its_connection_and_is_counted(gateway, engine, client, seeded):
    before = gateway.metric(WRONG_PROTOCOL.format("garbage"))

    for garbage in [b"\x00" * 100, b"hello\n", b"\xff" * 5000]:
        assert say(gateway.target, garbage) == b""

    assert gateway.metric(WRONG_PROTOCOL.format("garbage")) == before + 3
    assert_serves(gateway, client)


def test_random_bytes_never_take_it_down(gateway, engine, client, seeded):
    for _ in range(50):
        host, port = gateway.target.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=30) as sock:
            sock.sendall(seeded.randbytes(seeded.randrange(1, 3000)))

    assert_serves(gateway, client)


def test_broken_frames_behind_a_right_greeting_close_their_connection(gateway, engine, client,
                                                                      seeded):
    greeting = http2.PREFACE + http2.frame(http2.SETTINGS, 0, 0)
    broken = [
        http2.frame(http2.HEADERS, http2.END_HEADERS, 1, b"\xff" * 40),  # no HPACK
        http2.frame(http2.HEADERS, http2.END_HEADERS, 2, b""),  # a stream that is the server's
        http2.frame(http2.DATA, 0, 0, b"x"),  # data of no stream
        http2.frame(http2.SETTINGS, 0, 0, b"12345"),  # not a multiple of 6 bytes
        http2.frame(http2.WINDOW_UPDATE, 0, 0, b"\x00" * 4),  # by nothing
        b"\xff\xff\xff" + b"\x00" * 6,  # a frame of 16 MiB
    ]

    for frames in broken:
        say(gateway.target, greeting + frames)
        assert_serves(gateway, client)


@pytest.mark.parametrize("headers", [
    grpc_headers(method="GET"), grpc_headers(content_type="text/plain"),
    grpc_headers(content_type="application/json"),
], ids=["GET", "text", "json"])
def test_http_2_that_is_no_grpc_is_answered(gateway, engine, client, headers):
    connection = http2.connect(gateway.target)

    connection.headers(1, headers, end=True)

    frames = answer_of(connection)
    assert frames is not None and frames[0][0] == http2.HEADERS
    connection.close()
    assert_serves(gateway, client)


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x00\x00\x00\x05ab",
                                  b"\x00\xff\xff\xff\xff", b"\x07\x00\x00\x00\x00"],
                         ids=["half a head", "half a message", "4 GiB", "unknown flag"])
def test_broken_grpc_framing_is_answered(gateway, engine, client, user, data):
    connection = http2.connect(gateway.target)
    authorization = ("authorization", f"Bearer {gateway.token(user)}")

    connection.headers(1, grpc_headers(more=[authorization]))
    connection.data(1, data, end=True)

    assert answer_of(connection) is not None
    connection.close()
    assert engine.counters.of("Config")["read"] == 0
    assert_serves(gateway, client)


def test_a_deadline_holds_without_a_client_that_minds_it(gateway, engine, client, user):
    client.call("Config")  # its session has an engine
    connection = http2.connect(gateway.target)
    headers = grpc_headers("/spark.connect.SparkConnectService/ExecutePlan", more=[
        ("authorization", f"Bearer {gateway.token(user)}"), ("grpc-timeout", "2S"),
        ("x-fake-script", '{"then": "hang"}')])

    connection.headers(1, headers)
    connection.data(1, http2.grpc_message(client.request("ExecutePlan")), end=True)

    assert answer_of(connection) is not None
    connection.close()
    eventually(lambda: engine.counters.of("ExecutePlan")["cancelled"] == 1)


def test_tls_on_the_plaintext_port_is_closed_counted_and_logged_with_the_cure(gateway, engine,
                                                                             client):
    before = gateway.metric(WRONG_PROTOCOL.format("tls_on_plaintext"))
    context = ssl.create_default_context()
    host, port = gateway.target.rsplit(":", 1)

    with socket.create_connection((host, int(port)), timeout=30) as sock:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(sock, server_hostname="localhost")

    assert gateway.metric(WRONG_PROTOCOL.format("tls_on_plaintext")) == before + 1
    assert "TLS client on a port without TLS" in gateway.log()
    assert_serves(gateway, client)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """(certificate, key) of localhost, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True, capture_output=True, timeout=60)
    key.chmod(0o600)
    return certificate, key


@pytest.fixture
def tls_gateway(make_gateway, certificate):
    return make_gateway({"tls.certificate": str(certificate[0]), "tls.key": str(certificate[1])})


@pytest.fixture
def credentials(certificate):
    return grpc.ssl_channel_credentials(certificate[0].read_bytes())


def test_calls_go_through_over_tls(tls_gateway, credentials, user):
    token = tls_gateway.token(user)
    with Client(tls_gateway.target, token, credentials=credentials) as client:
        echo = client.call("Config").echo
        big = client.call("ExecutePlan", [client.request("ExecutePlan", ballast=20 << 20)],
                          script={"echo": True, "messages": 1, "bytes": 20 << 20})

    assert echo["messages"][0]["user_id"] == user
    assert big.code == grpc.StatusCode.OK
    assert len(big.messages[1]) == 20 << 20


def test_plaintext_on_the_tls_port_is_told_to_use_ssl_and_its_token_is_not_accepted(tls_gateway,
                                                                                    user):
    with Client(tls_gateway.target, tls_gateway.token(user)) as client:
        answer = client.call("Config")

    assert answer.code not in (grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE)
    assert "use_ssl=true" in answer.message
    assert answer.status_details.message == answer.message
    assert tls_gateway.launched() == []


def test_a_tls_client_without_alpn_or_with_garbage_does_no_harm(tls_gateway, credentials, user,
                                                                seeded):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    host, port = tls_gateway.target.rsplit(":", 1)
    say(tls_gateway.target, b"\x16\x03\x01\x00\xff" + seeded.randbytes(255))
    with socket.create_connection((host, int(port)), timeout=30) as sock:
        try:
            with context.wrap_socket(sock) as tls:
                tls.sendall(b"hello\n")
                tls.recv(100)
        except (ssl.SSLError, ConnectionError):
            pass

    with Client(tls_gateway.target, tls_gateway.token(user), credentials=credentials) as client:
        assert client.call("Config").code == grpc.StatusCode.OK


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_comes_back_resumes_its_tls_session(tls_gateway, certificate, version):
    """It saves both sides the costly half of the handshake."""
    context = ssl.create_default_context(cafile=certificate[0])
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2"])

    def greet(session=None):
        host, port = tls_gateway.target.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=30) as sock, \
                context.wrap_socket(sock, server_hostname="localhost", session=session) as tls:
            tls.sendall(http2.PREFACE + http2.frame(http2.SETTINGS, 0, 0))
            assert tls.recv(9)[3] == http2.SETTINGS  # TLS 1.3 sends its tickets before
            return tls.session, tls.session_reused

    session, _ = greet()

    assert greet(session)[1]
