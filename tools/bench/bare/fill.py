"""Tables and rows of the bare project; prints the cookie of a session."""

import sys

import django

django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.management import call_command  # noqa: E402
from tools.bench.bare.models import Person  # noqa: E402


def main(people: int) -> None:
    call_command("migrate", run_syncdb=True, verbosity=0)
    user = get_user_model().objects.create_user("alice")
    Person.objects.bulk_create(
        (
            Person(
                name=f"Person {n:05}",
                email=f"person{n}@aurora.example",
                role="User",
                plan="Pro",
                state="Active",
            )
            for n in range(people)
        ),
        batch_size=500,
    )
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    print(session.session_key)


if __name__ == "__main__":
    main(int(sys.argv[1]))
