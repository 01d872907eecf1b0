"""What can be done with accounts, people, their sign-ins and their programs."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from valija.accounts import mobile
from valija.accounts.models import Account, ApiToken, Language, Session, SignIn, User
from valija.accounts.permissions import SCOPES, Permission, Role
from valija.core import browsers, clock, sql, tokens
from valija.core.actor import Actor
from valija.core.errors import InvalidInput, NotPermitted, Refusal, TooManyAttempts
from valija.journal import journal
from valija.journal.events import Event
from valija.mail import letters
from valija.mail import operations as mail

validate_length = MaxLengthValidator(254)  # as long as an address can be
SIGN_IN_LASTS = timedelta(minutes=10)
THROTTLE = timedelta(minutes=15)
REQUESTS_PER_EMAIL = 5
REQUESTS_PER_ADDRESS = 60  # an office may stand behind one address
ATTEMPTS_PER_CODE = 5


class AddressTaken(Refusal):
    code = "address_taken"
    sentence = _("Somebody already uses the address %(email)s.")


class AddressNotValid(InvalidInput):
    code = "address_not_valid"
    field = "email"
    sentence = _("“%(email)s” is not an e-mail address.")


class NameMissing(InvalidInput):
    code = "name_missing"
    field = "first_name"
    sentence = _("Please enter a first name.")


class ChoiceNotValid(InvalidInput):
    code = "choice_not_valid"
    sentence = _("“%(value)s” cannot be chosen.")


# Accounts and people


@transaction.atomic
def create_account(
    name: str,
    *,
    country: str,
    admin_email: str,
    admin_first_name: str,
    by: Actor,
    admin_last_name: str = "",
    **details: Any,
) -> Account:
    """Open an account for a business, with its first administrator."""
    by.require(Permission.ACCOUNT_CREATE)
    account = Account.objects.create(name=name, country=country, **details)
    journal.record(Event.ACCOUNT_CREATED, by=by, about=account, account=name)
    role = Role.PROVIDER if account.is_provider else Role.ADMINISTRATOR
    person = {"first_name": admin_first_name, "last_name": admin_last_name, "role": role}
    write_user(account, admin_email, by=by, language=account.language, **person)
    return account


def write_user(account: Account, email: str, *, by: Actor, **details: Any) -> User:
    """The row and the journal line of a new user; whether he may be added is decided by the operations that call this."""
    email = normal_email(email)
    if User.objects.filter(email=email).exists():
        raise AddressTaken(email=email)
    user = User(account=account, email=email, **{"time_zone": account.time_zone, **details})
    check_details(user)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as taken:  # somebody else was a moment faster
        raise AddressTaken(email=email) from taken
    journal.record(Event.USER_ADDED, by=by, about=user, user=user.email, role=Role(user.role).label)
    return user


def normal_email(text: str) -> str:
    """An address as it is stored: without spaces around it, in lower case.

    Raises:
        AddressNotValid: it is no e-mail address.
    """
    email = text.strip().lower()
    try:
        validate_email(email)
        validate_length(email)
    except ValidationError as wrong:
        raise AddressNotValid(email=text.strip()[:80]) from wrong
    return email


def check_details(user: User) -> None:
    """Refuse details that cannot be used, and bring the others into their stored form."""
    user.first_name, user.last_name = user.first_name.strip()[:80], user.last_name.strip()[:80]
    if not user.first_name:
        raise NameMissing
    user.sort_name = user.full_name.casefold()
    user.mobile = mobile.normal_mobile(user.mobile, user.sms_country or user.account.country)
    chosen = (
        (user.language, Language.values),
        (user.time_zone, available_timezones()),
        (user.date_format, User.DateFormat.values),
        (user.role, Role.values),
        (user.kind, User.Kind.values),
        (user.sms_country, {"", *phonenumbers.SUPPORTED_REGIONS}),
    )
    for value, possible in chosen:
        if value not in possible:
            raise ChoiceNotValid(value=value)
    if (user.role == Role.PROVIDER) != user.account.is_provider:
        raise ChoiceNotValid(value=user.get_role_display())


# What a person can change of himself, as the journal names it.
OWN_DETAILS = {
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "mobile": _("Mobile"),
    "language": _("Language"),
    "time_zone": _("Time zone"),
    "date_format": _("Date format"),
    "sms_country": _("Country of text messages"),
}


@transaction.atomic
def change_own_details(user: User, *, by: Actor, **details: Any) -> User:
    """Save what a person says of himself; all of it or nothing."""
    _require_own(user, by)
    user = sql.locked(User.objects.select_related("account"), pk=user.pk)
    before = {name: getattr(user, name) for name in details}
    for name, value in details.items():
        setattr(user, name, value)
    check_details(user)
    changed = [name for name in details if getattr(user, name) != before[name]]
    if changed:
        user.save(update_fields=[*changed, "sort_name"])
        fields = [OWN_DETAILS[name] for name in changed]
        journal.record(Event.USER_CHANGED, by=by, about=user, user=user.email, fields=fields)
    return user


def _require_own(user: User, by: Actor) -> None:
    """A person's page is his own: not even an administrator acts there in his place."""
    by.require(Permission.ACCOUNT_PAGE, user.account)
    if by.id != str(user.pk):
        raise NotPermitted


@transaction.atomic
def choose_theme(user: User, theme: str, *, by: Actor) -> None:
    """Light, dark, or as the device says. A matter of taste, so the journal is not told."""
    _require_own(user, by)
    user.theme = theme
    user.save(update_fields=["theme"])


# Signing in


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
    _require_own(user, by)
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


# Programs


class ProgramNameMissing(InvalidInput):
    code = "program_name_missing"
    field = "name"
    sentence = _("Give the program a name by which you will know it again.")


class ScopeNotValid(InvalidInput):
    code = "scope_not_valid"
    field = "scopes"
    sentence = _("Choose at least one of the things this program may do.")


@transaction.atomic
def create_token(
    account: Account, name: str, scopes: list[str], *, by: Actor, days: int | None = None
) -> tuple[ApiToken, str]:
    """Give a program access to the account. The secret is returned once and never again."""
    by.require(Permission.TOKEN_CREATE, account)
    if not name.strip():
        raise ProgramNameMissing
    if not scopes or not set(scopes) <= SCOPES or not set(scopes) <= by.permissions:
        raise ScopeNotValid
    secret = f"valija_{tokens.new_token()}"
    token = ApiToken.objects.create(
        account=account,
        creator_id=by.id,
        name=name.strip()[:80],
        digest=tokens.digest(secret, "api token"),
        scopes=sorted(set(scopes)),
        expires_at=clock.now() + timedelta(days=days) if days else None,
    )
    journal.record(Event.TOKEN_CREATED, by=by, about=token, name=token.name)
    return token, secret


@transaction.atomic
def revoke_token(token: ApiToken, *, by: Actor) -> None:
    """End a program's access at once."""
    by.require(Permission.TOKEN_CREATE, token.account)
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=clock.now()):
        journal.record(Event.TOKEN_REVOKED, by=by, about=token, name=token.name)


@transaction.atomic
def forget_expired(kept: timedelta) -> None:
    """Remove sessions that have ended and sign-ins older than `kept`."""
    now = clock.now()
    Session.objects.filter(expire_date__lt=now).delete()
    SignIn.objects.filter(created_at__lt=now - kept).delete()
