"""Sessions of signed-in browsers: Django's, with the key hashed at rest and the user beside it, so they can be listed."""

from datetime import datetime
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from valija.accounts.models import Session, User
from valija.core import clock, tokens


def stored_key(session_key: str) -> str:
    """What the database knows of a browser's session key."""
    return tokens.digest(session_key, "session")


class SessionStore(DatabaseStore):
    """The browser keeps the key; the database keeps its digest.

    `person` is whose session it is, read together with it: every page needs both.
    """

    person: User | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _get_session_from_db(self) -> Session | None:
        stored = Session.objects.filter(
            session_key=stored_key(self.session_key or ""), expire_date__gt=clock.now()
        ).select_related("user__account")
        found: Session | None = next(iter(stored), None)  # a key has one row: no need to sort
        if found is None:
            self._session_key = None
        self.person = found.user if found else None
        return found

    def exists(self, session_key: str) -> bool:
        return bool(Session.objects.filter(session_key=stored_key(session_key)).exists())

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        started = data.get("started_at")
        return Session(
            session_key=stored_key(self._get_or_create_session_key()),  # type: ignore[attr-defined]
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
            user_id=data.get(SESSION_KEY),
            address=data.get("address", ""),
            browser=data.get("browser", ""),
            started_at=datetime.fromisoformat(started) if started else clock.now(),
        )

    def delete(self, session_key: str | None = None) -> None:
        Session.objects.filter(session_key=stored_key(session_key or self.session_key or "")).delete()
