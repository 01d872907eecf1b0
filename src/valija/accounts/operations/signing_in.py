"""Signing in with a link or a code, and the sessions that follow."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Session, SignIn, User
from valija.accounts.operations.people import normal_email, require_own
from valija.accounts.permissions import Permission
from valija.core import browsers, clock, tokens
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, NotPermitted, Refusal, TooManyAttempts
from valija.journal import journal
from valija.journal.events import Event
from valija.mail import letters
from valija.mail import operations as mail

SIGN_IN_LASTS = timedelta(minutes=10)


THROTTLE = timedelta(minutes=15)


REQUESTS_PER_EMAIL = 5


REQUESTS_PER_ADDRESS = 60  # an office may stand behind one address


ATTEMPTS_PER_CODE = 5


class SignInNotValid(Refusal):
    code = "sign_in_not_valid"
    sentence = _(
        "This sign-in link has expired or was already used. Ask for a new one: it takes a few seconds."
    )


class CodeNotValid(InvalidInput):
    code = "code_not_valid"
    field = "code"
    sentence = _("This code does not fit or has expired. Check the latest e-mail, or ask for a new code.")


@transaction.atomic
def request_sign_in(email: str, *, by: Actor, next: str = "") -> None:
    """Send a sign-in link and code to an address. A stranger cannot tell from the answer whether it is known."""
    email = normal_email(email)
    recent = SignIn.objects.since(THROTTLE)
    busy = recent.filter(email=email).count() >= REQUESTS_PER_EMAIL
    if busy or (by.address and recent.filter(address=by.address).count() >= REQUESTS_PER_ADDRESS):
        raise TooManyAttempts(minutes=15)

    user = User.objects.active().filter(email=email).first()
    sign_in, link, code = _new_sign_in(email, user, by, next)
    if user is None:
        return
    journal.record(
        Event.SIGN_IN_REQUESTED,
        by=by,
        about=sign_in,
        account_id=user.account_id,
        subject_id=user.pk,
        user=user.email,
    )
    minutes = int(SIGN_IN_LASTS.total_seconds() // 60)
    mail.write_letter(letters.SIGN_IN, user, secrets={"link": link, "code": code}, minutes=minutes)


def _new_sign_in(email: str, user: User | None, by: Actor, next: str = "") -> tuple[SignIn, str, str]:
    token, code = tokens.new_token(), tokens.new_digits()
    sign_in = SignIn.objects.create(
        email=email,
        user=user,
        link_digest=tokens.digest(token, "sign-in link"),
        code_digest=tokens.digest(f"{email} {code}", "sign-in code"),
        next=next[:300],
        address=by.address,
        expires_at=clock.now() + SIGN_IN_LASTS,
    )
    return sign_in, f"{settings.URL}/sign-in/link?token={token}", code


@transaction.atomic
def sign_in_link(user: User, *, by: Actor) -> str:
    """A one-time sign-in link, for whoever runs this installation."""
    by.require(Permission.ACCOUNT_CREATE)
    sign_in, link, _code = _new_sign_in(user.email, user, by)
    journal.record(
        Event.SIGN_IN_REQUESTED,
        by=by,
        about=sign_in,
        account_id=user.account_id,
        subject_id=user.pk,
        user=user.email,
    )
    return link


@transaction.atomic
def sign_in_with_link(token: str, *, by: Actor) -> SignIn:
    """Use up the link of a sign-in letter."""
    now = clock.now()
    found = SignIn.objects.filter(link_digest=tokens.digest(token, "sign-in link"))
    if not _use_up(found, now):
        raise SignInNotValid
    return _signed_in(found.get(), by)


def sign_in_with_code(email: str, code: str, *, by: Actor) -> SignIn:
    """Use up the code of a sign-in letter, in whatever browser."""
    email = normal_email(email)
    digits = "".join(character for character in code if character.isdigit())
    with transaction.atomic():
        sign_in = _find_by_code(email, tokens.digest(f"{email} {digits}", "sign-in code"), by)
        if sign_in is not None:
            return _signed_in(sign_in, by)
    # The count of the attempts must stay, so the refusal is raised after its transaction.
    raise CodeNotValid


def _find_by_code(email: str, code_digest: str, by: Actor) -> SignIn | None:
    now = clock.now()
    candidates = SignIn.objects.open().filter(email=email, attempts__lt=ATTEMPTS_PER_CODE)
    for sign_in in candidates:
        if tokens.same(sign_in.code_digest, code_digest) and _use_up(
            SignIn.objects.filter(pk=sign_in.pk), now
        ):
            return sign_in
    candidates.update(attempts=F("attempts") + 1)
    user = User.objects.filter(email=email).first()
    if user is not None:
        journal.record(Event.SIGN_IN_REFUSED, by=by, about=user, user=email)
    return None


def _use_up(found: Any, now: datetime) -> bool:
    """Whether this was the first use: two browsers may try the same at once, and one update wins."""
    first: int = (
        found.filter(used_at=None, expires_at__gt=now, user__deactivated_at=None)
        .exclude(user=None)
        .update(used_at=now)
    )
    return first == 1


def _signed_in(sign_in: SignIn, by: Actor) -> SignIn:
    assert sign_in.user is not None
    User.objects.filter(pk=sign_in.user.pk).update(last_seen_at=clock.now())
    journal.record(
        Event.SIGNED_IN,
        by=sign_in.user.as_actor(address=by.address, browser=by.browser),
        about=sign_in.user,
        user=sign_in.email,
    )
    return sign_in


@transaction.atomic
def sign_out(user: User, *, by: Actor) -> None:
    """Note that a person leaves; his browser then forgets its session."""
    journal.record(Event.SIGNED_OUT, by=by, about=user, user=user.email)


@transaction.atomic
def end_session(session: Session, *, by: Actor) -> None:
    """Sign one of one's other browsers out."""
    user = session.user
    if user is None:
        raise NotPermitted
    require_own(user, by=by)
    if Session.objects.filter(pk=session.pk).delete()[0]:
        browser = str(browsers.parse(session.browser)) or "-"
        journal.record(Event.SESSION_ENDED, by=by, about=user, user=user.email, browser=browser)


@transaction.atomic
def end_other_sessions(user: User, kept: str, *, by: Actor) -> int:
    """Sign out everywhere but here; says in how many browsers. `kept` is the stored key of this session."""
    others = list(user.sessions.living().exclude(pk=kept))
    for session in others:
        end_session(session, by=by)
    return len(others)


@transaction.atomic
def note_use(session_key: str, user: User) -> None:
    """Remember, every few minutes, that a person is here."""
    now = clock.now()
    Session.objects.filter(session_key=session_key).update(last_used_at=now)
    User.objects.filter(pk=user.pk).update(last_seen_at=now)


@transaction.atomic
def forget_expired(kept: timedelta) -> None:
    """Remove sessions that have ended and sign-ins older than `kept`."""
    now = clock.now()
    Session.objects.filter(expire_date__lt=now).delete()
    SignIn.objects.filter(created_at__lt=now - kept).delete()
