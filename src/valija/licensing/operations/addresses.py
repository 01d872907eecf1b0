"""Addresses of many people at once: a whole domain moves to another that is the account's own, so nobody need confirm."""

from collections.abc import Sequence
from copy import copy
from uuid import UUID

from valija.accounts import operations as accounts
from valija.accounts.models import Account, User
from valija.core import sql
from valija.core.actor import Actor
from valija.journal import journal
from valija.journal.events import Event
from valija.mail import letters
from valija.mail import operations as mail


def move_addresses(account: Account, moving: Sequence[tuple[User, str]], *, by: Actor) -> set[UUID]:
    """Give each the new address, unless somebody has it; who got it. The caller holds the users. Both mailboxes are told."""
    taken = set(
        User.objects.filter(email__in=[email for _user, email in moving]).values_list("email", flat=True)
    )
    moved = [(user, user.email, email) for user, email in moving if email not in taken]
    sql.update_each(User, [(user.pk, email) for user, _old, email in moved], ("email",))
    accounts.end_sign_ins([user.pk for user, _old, _email in moved])
    journal.record_many(
        Event.ADDRESS_CHANGED,
        ((user, "", {"user": old, "email": email}) for user, old, email in moved),
        by=by,
        account_id=account.pk,
    )
    told: list[mail.Written] = []
    for user, old, email in moved:
        elsewhere = copy(user)
        user.email = email
        about = {"account": account.name, "email": email, "old_email": old}
        told += [(elsewhere, "", None, dict(about)), (user, "", None, dict(about))]
    mail.write_letters(letters.ADDRESS_CHANGED, told)
    return {user.pk for user, _old, _email in moved}
