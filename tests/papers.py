"""Certificates of a private authority, made by the `openssl` program."""

import subprocess
from pathlib import Path


def make(where: Path, *names: str) -> Path:
    """Puts `ca.pem`, and for each name `NAME.pem` and `NAME.key`, into a directory."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=where, check=True, capture_output=True)

    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(*new, "-x509", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2")
    (where / "ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost")
    for name in names:
        openssl(*new, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-extfile", "ext", "-days", "2", "-out", f"{name}.pem"),
        )
    return where
