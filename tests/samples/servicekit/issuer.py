"""
An issuer of tokens on loopback: real keys, the two documents every OpenID provider serves, and a count of who asked.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
LIFETIME = 3600
"""Seconds; no test takes as long."""


class Issuer:
    """Signs with the keys it has, and publishes those it wants known."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.private: dict[str, PrivateKey] = {}
        self.published: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.down = False

    def add(self, name: str, key: PrivateKey | None = None) -> None:
        """A new key, published; RSA unless another one is given."""
        key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.private[name] = key
        self.published.append(_public(key) | {"kid": name, "use": "sig"})

    def rotate(self, name: str) -> None:
        """From now on that one alone."""
        self.published.clear()
        self.add(name)

    def token(
        self,
        name: str,
        *,
        algorithm: str = "RS256",
        kind: str | None = "JWT",
        without: tuple[str, ...] = (),
        **claims: Any,
    ) -> str:
        """Signed with the key of that name; in order unless ``claims`` say otherwise. ``kind`` is the header's ``typ``."""
        now = int(time.time())
        said = {"iss": self.url, "sub": "shop/orders", "iat": now, "nbf": now, "exp": now + LIFETIME} | claims
        for claim in without:
            del said[claim]
        return jwt.encode(said, self.private[name], algorithm=algorithm, headers={"kid": name, "typ": kind})

    def answer(self, path: str) -> Mapping[str, Any] | None:
        """What is published there."""
        self.asked.append(path)
        if self.down:
            return None
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        return {"keys": self.published} if path == "/keys" else None


@contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer that serves until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = issuer.answer(self.path)
            body = json.dumps(found or {}).encode()
            self.send_response(503 if found is None else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer = Issuer(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join()


def _public(key: PrivateKey) -> dict[str, Any]:
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        found = RSAAlgorithm.to_jwk(public, as_dict=True)
    elif isinstance(public, ec.EllipticCurvePublicKey):
        found = ECAlgorithm.to_jwk(public, as_dict=True)
    else:
        found = OKPAlgorithm.to_jwk(public, as_dict=True)
    return dict(found)
