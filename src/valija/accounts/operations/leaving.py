"""What ends when somebody loses access, and what is erased of somebody who is deleted."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from valija.accounts.models import AddressChange, ApiToken, GroupMember, Session, SignIn, User
from valija.core import clock


@transaction.atomic
def end_access(users: Collection[UUID]) -> None:
    """Sessions end, sign-ins that were asked for no longer work. Tokens stop by themselves while their maker is deactivated."""
    Session.objects.filter(user__in=users).delete()
    end_sign_ins(users)


@transaction.atomic
def end_sign_ins(users: Collection[UUID]) -> None:
    """Links and codes that wait in somebody's mailbox no longer work."""
    SignIn.objects.filter(user__in=users, used_at=None).update(used_at=clock.now())


@transaction.atomic
def erase(user: User) -> str:
    """Name, address and mobile are overwritten, what hung on them is removed; says the address that was. The caller holds the user."""
    email = user.email
    SignIn.objects.filter(Q(user=user) | Q(email=email)).delete()
    AddressChange.objects.filter(user=user).delete()
    GroupMember.objects.filter(user=user).delete()
    now = clock.now()
    ApiToken.objects.filter(creator=user, revoked_at=None).update(revoked_at=now)
    user.email = f"{user.pk.hex}@erased.invalid"
    user.first_name = user.last_name = user.sort_name = user.mobile = user.sms_country = ""
    user.deactivated_at = user.deactivated_at or now
    user.erased_at = now
    user.last_seen_at = None
    user.save()
    return email
