"""Accounts and the people in them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from valija.accounts.permissions import OF_ROLE, Role
from valija.core import clock
from valija.core.actor import Actor
from valija.core.ids import new_id


class Language(models.TextChoices):
    SPANISH = "es", "Español"
    ENGLISH = "en", "English"
    FRENCH = "fr", "Français"


class Account(models.Model):
    """A business, or the provider himself."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    country = models.CharField(max_length=2)
    region = models.CharField(max_length=6, blank=True)
    currency = models.CharField(max_length=3, default="EUR")
    tax_number = models.CharField(max_length=30, blank=True)
    language = models.CharField(max_length=10, choices=Language, default=Language.SPANISH)
    time_zone = models.CharField(max_length=60, default="Europe/Madrid")
    is_provider = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name

    @property
    def account_id(self) -> UUID:
        return self.pk


class Users(models.QuerySet["User"]):
    def active(self) -> "Users":
        return self.filter(deactivated_at=None)

    def administrators(self) -> "Users":
        return self.active().filter(role=Role.ADMINISTRATOR)

    def matching(self, words: str) -> "Users":
        """Users whose name or address contains each word."""
        found = self
        for word in words.casefold().split():
            found = found.filter(Q(sort_name__contains=word) | Q(email__contains=word))
        return found


class UserManager(BaseUserManager["User"].from_queryset(Users)):  # type: ignore[misc]
    """Everybody but the deleted: what is left of those is only what other rows hang on."""

    def get_queryset(self) -> Users:
        found: Users = super().get_queryset().filter(erased_at=None)
        return found

    def get_by_natural_key(self, username: str | None) -> "User":
        found: User = self.get(email=username)
        return found


class User(AbstractBaseUser):
    """A person, a shared mailbox or a program of one account, known by e-mail address."""

    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        SHARED = "shared", _("Shared mailbox")
        API = "api", _("Program")

    class DateFormat(models.TextChoices):
        DAY_FIRST = "d/m/Y", "31/12/2026"
        MONTH_FIRST = "m/d/Y", "12/31/2026"
        YEAR_FIRST = "Y-m-d", "2026-12-31"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="users")
    email = models.EmailField(max_length=254, unique=True)
    first_name = models.CharField(max_length=80)
    last_name = models.CharField(max_length=80, blank=True)
    sort_name = models.CharField(max_length=170, editable=False)  # casefolded, so lists sort and search alike
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PERSON)
    role = models.CharField(max_length=20, choices=Role, default=Role.USER)
    language = models.CharField(max_length=10, choices=Language, default=Language.SPANISH)
    time_zone = models.CharField(max_length=60, default="Europe/Madrid")
    date_format = models.CharField(max_length=10, choices=DateFormat, default=DateFormat.DAY_FIRST)
    mobile = models.CharField(max_length=20, blank=True)
    sms_country = models.CharField(max_length=2, blank=True)
    theme = models.CharField(max_length=5, default="auto")
    created_at = models.DateTimeField(default=clock.now)
    last_seen_at = models.DateTimeField(null=True)
    deactivated_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)  # deleted: name, address and mobile are gone for good

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        indexes = [
            # The address stands in it too, so that a search for a rare word reads nothing but this.
            models.Index(
                fields=["account", "sort_name", "id", "email"],
                name="users_found",
                condition=Q(erased_at=None),
            ),
            models.Index(
                fields=["account", "email", "id"], name="users_by_email", condition=Q(erased_at=None)
            ),
            models.Index(fields=["account", "id"], name="users_by_age", condition=Q(erased_at=None)),
            # Counted on every user page: narrow, so that counting reads little.
            models.Index(
                fields=["account", "deactivated_at"], name="users_numbered", condition=Q(erased_at=None)
            ),
        ]
        constraints = [models.CheckConstraint(condition=Q(email=Lower("email")), name="email_lower_case")]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def initials(self) -> str:
        return "".join(part[:1] for part in (self.first_name, self.last_name)).upper()

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return self.deactivated_at is None

    @property
    def permissions(self) -> frozenset[str]:
        return OF_ROLE[self.role] if self.is_active else frozenset()

    def as_actor(self, *, through: str = "web", **where: Any) -> Actor:
        """This person as the one who does something."""
        return Actor(
            kind="user",
            id=str(self.pk),
            label=f"{self.full_name} <{self.email}>",
            account_id=self.account_id,
            permissions=self.permissions,
            everywhere=self.role == Role.PROVIDER,
            through=through,
            language=self.language,
            **where,
        )


class Sessions(models.QuerySet["Session"]):
    def living(self) -> "Sessions":
        """Those that have not run out, the one used last first."""
        return self.filter(expire_date__gt=clock.now()).order_by("-last_used_at")


class SessionManager(BaseSessionManager["Session"].from_queryset(Sessions)):  # type: ignore[misc]
    use_in_migrations = False


class Session(AbstractBaseSession):
    """A browser that is signed in. `session_key` holds the digest of what the browser carries."""

    session_key = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="sessions")
    address = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(default=clock.now)

    objects = SessionManager()  # type: ignore[misc]


class SignIns(models.QuerySet["SignIn"]):
    def open(self) -> "SignIns":
        return self.filter(used_at=None, expires_at__gt=clock.now())

    def since(self, span: timedelta) -> "SignIns":
        return self.filter(created_at__gt=clock.now() - span)


class SignIn(models.Model):
    """A sign-in that somebody asked for: a link and a code, both usable once, for ten minutes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.CharField(max_length=254)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="sign_ins")
    link_digest = models.CharField(max_length=64, unique=True)
    code_digest = models.CharField(max_length=64)
    next = models.CharField(max_length=300, blank=True)
    address = models.CharField(max_length=45, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    objects = SignIns.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["email", "-created_at"], name="sign_ins_of_email"),
            models.Index(fields=["address", "-created_at"], name="sign_ins_from"),
        ]


class AddressChanges(models.QuerySet["AddressChange"]):
    def open(self) -> "AddressChanges":
        """Those that wait for the confirmation from the new mailbox."""
        return self.filter(confirmed_at=None, canceled_at=None, expires_at__gt=clock.now())


class AddressChange(models.Model):
    """A new address that somebody is to have, once it was confirmed from there."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="address_changes")
    email = models.EmailField(max_length=254)  # the new one
    digest = models.CharField(max_length=64, unique=True)
    requested_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    canceled_at = models.DateTimeField(null=True)

    objects = AddressChanges.as_manager()

    class Meta:
        indexes = [models.Index(fields=["user", "-id"], name="address_changes_of_user")]

    @property
    def account_id(self) -> UUID:
        return self.user.account_id


class ApiTokens(models.QuerySet["ApiToken"]):
    def valid(self, at: datetime | None = None) -> "ApiTokens":
        now = at or clock.now()
        return self.filter(
            Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None, creator__deactivated_at=None
        )


class ApiToken(models.Model):
    """A program's access to an account: scopes, and the digest of its secret."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="api_tokens")
    creator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = ApiTokens.as_manager()

    class Meta:
        indexes = [models.Index(fields=["account", "-id"], name="tokens_of_account")]

    def as_actor(self, **where: Any) -> Actor:
        """This program as the one who does something: never more than its maker may."""
        scopes: Iterable[str] = self.scopes
        return Actor(
            kind="token",
            id=str(self.pk),
            label=f"{self.name} ({self.creator.full_name} <{self.creator.email}>)",
            account_id=self.account_id,
            permissions=self.creator.permissions & frozenset(scopes),
            through="api",
            language=self.creator.language,
            **where,
        )


class Groups(models.QuerySet["Group"]):
    def matching(self, words: str) -> "Groups":
        """Groups whose name contains each word."""
        found = self
        for word in words.casefold().split():
            found = found.filter(sort_name__contains=word)
        return found


class Group(models.Model):
    """Users of one account under one name. A group can hold groups, at any depth; it gives nobody a permission."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="groups")
    name = models.CharField(max_length=80)
    sort_name = models.CharField(
        max_length=160, editable=False
    )  # casefolded: two names that look alike are one
    external_id = models.CharField(max_length=255, blank=True)  # what the account's own directory calls it
    created_at = models.DateTimeField(default=clock.now)

    objects = Groups.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "sort_name"], name="group_name_once"),
            models.UniqueConstraint(
                fields=["account", "external_id"], condition=~Q(external_id=""), name="group_external_id_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class GroupMember(models.Model):
    """That a user is in a group himself, not by way of another group."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    since = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "user"], name="member_once")]


class GroupNesting(models.Model):
    """That everybody in one group is in another too."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    outer = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="nestings")
    inner = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="nested_in")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["outer", "inner"], name="nested_once"),
            models.CheckConstraint(condition=~Q(outer=models.F("inner")), name="not_in_itself"),
        ]
