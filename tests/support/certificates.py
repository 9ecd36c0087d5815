"""A private authority, and a server certificate of its for localhost and 127.0.0.1."""

import subprocess
from pathlib import Path


def run_openssl(*arguments) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


def make_certificates(folder: Path) -> dict:
    """Makes ca.pem, chain.pem and server.key; answers with a gateway's settings for them."""
    run_openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                "-subj", "/CN=Test authority",
                "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.pem")
    run_openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
                "-keyout", f"{folder}/server.key", "-out", f"{folder}/server.csr")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    run_openssl("x509", "-req", "-days", "2", "-in", f"{folder}/server.csr",
                "-CA", f"{folder}/ca.pem", "-CAkey", f"{folder}/ca.key", "-CAcreateserial",
                "-extfile", f"{folder}/names", "-out", f"{folder}/server.pem")
    chain = (folder / "server.pem").read_text() + (folder / "ca.pem").read_text()
    (folder / "chain.pem").write_text(chain)
    return {"tls.certificate": str(folder / "chain.pem"), "tls.key": str(folder / "server.key")}
