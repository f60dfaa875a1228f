"""
A real PostgreSQL on a free port of loopback, thrown away afterwards. Durability is off: these are tests.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.samples.process import free_port

PASSWORD = "11-odd-secrets"


@dataclass(kw_only=True)
class Postgres:
    """A server; databases and roles are the tests'."""

    binaries: Path
    folder: Path
    port: int
    _popen: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        """Returns when it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "shared_buffers": "32MB",
            "max_connections": 60,
        }
        with (self.folder / "postgres.log").open("ab") as log:
            self._popen = subprocess.Popen(
                [
                    *_as_ordinary_user(),
                    *(self.binaries / "postgres", "-D", self.folder / "data", "-p", str(self.port)),
                    *(f"--{name}={value}" for name, value in settings.items()),
                ],
                stdout=log,
                stderr=log,
            )
        asked = [self.binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        for _ in range(300):
            if subprocess.run(asked, check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError((self.folder / "postgres.log").read_text())

    def stop(self) -> None:
        """Ends connections and server."""
        if self._popen is not None:
            self._popen.send_signal(2)  # SIGINT: PostgreSQL's "fast" shutdown
            self._popen.wait(20)
            self._popen = None

    def create_database(self, name: str) -> None:
        """An empty database of a role with the same name and :data:`PASSWORD`."""
        self._sql(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'", f"CREATE DATABASE {name} OWNER {name}")

    def empty(self, name: str) -> None:
        """The database again as it was made: what was in it is gone."""
        self._sql(f"DROP DATABASE {name} WITH (FORCE)", f"CREATE DATABASE {name} OWNER {name}")

    def _sql(self, *statements: str) -> None:
        psql = (self.binaries / "psql", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres")
        commands = (f"--command={statement}" for statement in statements)
        subprocess.run([*psql, *commands], env={"PGPASSWORD": PASSWORD}, check=True)

    def environment(self, database: str) -> dict[str, str]:
        """What a service is told to reach ``database``."""
        return {
            "DATABASE_HOST": "127.0.0.1",
            "DATABASE_PORT": str(self.port),
            "DATABASE_NAME": database,
            "DATABASE_USER": database,
            "DATABASE_PASSWORD": PASSWORD,
        }


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A running server with one superuser."""
    folder = Path(tempfile.mkdtemp(prefix="concordat-postgres-"))
    secret = folder / "password"
    secret.write_text(PASSWORD)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in (folder, secret):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
    server = Postgres(binaries=_binaries(), folder=folder, port=free_port())
    subprocess.run(
        [
            *_as_ordinary_user(),
            *(server.binaries / "initdb", "-D", folder / "data", "-U", "postgres", "-E", "UTF8", "--no-sync"),
            *("--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={secret}"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _binaries() -> Path:
    """Debian keeps them apart by version and off the PATH; elsewhere they are on it."""
    if found := sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return found[-1].parent
    if found_on_path := shutil.which("initdb"):
        return Path(found_on_path).parent
    raise AssertionError("PostgreSQL is missing: install it (Debian, Ubuntu: apt-get install postgresql)")


def _as_ordinary_user() -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
