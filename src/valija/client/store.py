"""What is kept on this device: the license file with the keys that check it, the token apart, and what was seen.

license.json   {"license_file": the envelope, "keys": JWKS}: may be copied anywhere, it holds no secret
token          lets this device renew and deactivate: a secret
state.json     {"server", "latest_seen", "ended", "suspended"}: the last server, the latest time seen, the server's last
               refusal that ended the activation, and that of a license which is not paid
"""

import contextlib
import json
import os
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from valija.client import messages


class CannotKeep(messages.Problem):
    """The folder cannot be written."""

    code = "cannot_keep"
    sentence = messages.CANNOT_KEEP


@dataclass(frozen=True, slots=True)
class State:
    """What the client remembers beside the license."""

    server: str | None = None
    latest_seen: datetime | None = None
    ended: str | None = None
    suspended: str | None = None


def default_folder() -> Path:
    """VALIJA_CLIENT_HOME, otherwise where programs keep their settings on this system."""
    if chosen := os.environ.get("VALIJA_CLIENT_HOME"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "Valija"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Valija"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "valija"


class Store:
    """The client's folder. Every file is whole or the one before it, and only the user can read it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has_license(self) -> bool:
        """Whether this device keeps a license, readable or not."""
        return (self.folder / "license.json").exists()

    def license(self) -> tuple[object, object]:
        """The envelope and the keys; None where there is none or it is no JSON: the reader says that it is unreadable."""
        kept = self._read_json("license.json")
        return kept.get("license_file"), kept.get("keys")

    def keep_license(self, license_file: object, keys: object) -> None:
        """Keep a license file with the keys that check it; both in one file, so that they always fit together."""
        self._write("license.json", json.dumps({"license_file": license_file, "keys": keys}, indent=2) + "\n")

    def token(self) -> str | None:
        """The secret of this activation."""
        try:
            return (self.folder / "token").read_text("utf-8").strip() or None
        except (OSError, ValueError):
            return None

    def keep_token(self, token: str) -> None:
        """Keep the secret of this activation."""
        self._write("token", token + "\n")

    def state(self) -> State:
        """What was remembered; nothing where the file is damaged, because it protects nothing that is secret."""
        kept = self._read_json("state.json")
        server, ended, seen = kept.get("server"), kept.get("ended"), kept.get("latest_seen")
        suspended = kept.get("suspended")
        latest_seen = None
        if isinstance(seen, str):
            with contextlib.suppress(ValueError):
                latest_seen = datetime.fromisoformat(seen)
        return State(
            server=server if isinstance(server, str) else None,
            latest_seen=latest_seen.astimezone(UTC) if latest_seen else None,
            ended=ended if isinstance(ended, str) else None,
            suspended=suspended if isinstance(suspended, str) else None,
        )

    def keep_state(self, state: State) -> None:
        """Remember."""
        seen = state.latest_seen.isoformat() if state.latest_seen else None
        kept = {
            "server": state.server,
            "latest_seen": seen,
            "ended": state.ended,
            "suspended": state.suspended,
        }
        self._write("state.json", json.dumps(kept, indent=2) + "\n")

    def forget_license(self) -> None:
        """Remove license and token. The server's address and the latest time seen stay."""
        for name in ("token", "license.json"):
            (self.folder / name).unlink(missing_ok=True)
        self.keep_state(replace(self.state(), ended=None, suspended=None))

    def _read_json(self, name: str) -> dict[str, Any]:
        try:
            value = json.loads((self.folder / name).read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def _write(self, name: str, text: str) -> None:
        # A new file under a passing name, then renamed: whoever reads, or a power cut, finds the old one or the new.
        passing = None
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, passing = tempfile.mkstemp(dir=self.folder, prefix=f".{name}-")  # mkstemp opens with 0600
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(passing).replace(self.folder / name)
        except OSError:
            if passing is not None:
                Path(passing).unlink(missing_ok=True)
            raise CannotKeep(folder=str(self.folder)) from None
