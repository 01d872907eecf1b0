"""Every setting an operator can make, read from the environment in one place."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Variable:
    """One environment variable: its name, what it is without being set, and what it is for."""

    name: str
    default: str
    purpose: str

    def read(self) -> str:
        return os.environ.get(self.name, self.default)


HOME = Variable("VALIJA_HOME", "var", "folder of all state: database, keys, files")
URL = Variable("VALIJA_URL", "http://localhost:8000", "public address, as people's browsers know it")
DATABASE_URL = Variable(
    "VALIJA_DATABASE_URL", "", "postgresql://user:password@host:port/name; empty: SQLite in the home"
)
SMTP_URL = Variable(
    "VALIJA_SMTP_URL",
    "",
    "smtp://, smtps:// or smtp+starttls://user:password@host:port; empty: letters stay in the outbox",
)
MAIL_FROM = Variable("VALIJA_MAIL_FROM", "Valija <valija@localhost>", "sender of the letters")
DNS_SERVER = Variable("VALIJA_DNS_SERVER", "", "host:port of the DNS resolver; empty: the system's")
TRUSTED_PROXIES = Variable(
    "VALIJA_TRUSTED_PROXIES", "", "addresses or networks, with commas, whose X-Forwarded-For is believed"
)
PAYMENT_PROVIDER = Variable("VALIJA_PAYMENT_PROVIDER", "test", "who takes the payments: test")
PROVIDER_NAME = Variable(
    "VALIJA_PROVIDER_NAME", "Valija", "name of who runs this installation, shown at the foot of pages"
)
OFFLINE_GRACE = Variable(
    "VALIJA_OFFLINE_GRACE_DAYS", "14", "days that a license works on a device without a connection"
)
CACHE_URL = Variable(
    "VALIJA_CACHE_URL", "", "redis://host:port/n for several machines; empty: memory of the process"
)
WEBHOOK_NETWORKS = Variable(
    "VALIJA_WEBHOOK_NETWORKS",
    "",
    "private networks, with commas, that webhooks may reach, also by http; empty: public addresses by https alone",
)
LOG_LEVEL = Variable("VALIJA_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR")

ALL = (
    HOME, URL, DATABASE_URL, SMTP_URL, MAIL_FROM, DNS_SERVER, TRUSTED_PROXIES, PAYMENT_PROVIDER, PROVIDER_NAME, OFFLINE_GRACE,
    CACHE_URL, WEBHOOK_NETWORKS, LOG_LEVEL,
)  # fmt: skip


def home() -> Path:
    """The folder of all state, absolute."""
    return Path(HOME.read()).expanduser().resolve()


def secret_key() -> str:
    """The key that everything secret at rest is derived from; made on the first start, readable by its owner alone."""
    path = home() / "secret_key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = path.with_name(f"secret_key.{os.getpid()}")
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(os.urandom(48).hex())
    # Two processes may start at once: the first one decides, and nobody ever reads half a key.
    with suppress(FileExistsError):
        os.link(written, path)
    written.unlink()
    return path.read_text().strip()
