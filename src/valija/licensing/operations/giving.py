"""Giving licenses to many people, and taking many back: a few statements for hundreds of them.

These are the rows; who may do it, and to whom, is decided by the operations that call them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings

from valija.accounts.models import Account, User
from valija.core import clock, tokens
from valija.core.actor import Actor
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import CODE_LASTS, Activation, ActivationCode, License, LicenseRule, Plan
from valija.licensing.operations.assigning import code_digest
from valija.mail import letters
from valija.mail import operations as mail
from valija.mail.letters import Kind


def held_users(account: Account, keys: Iterable[Any]) -> dict[Any, User]:
    """Active users of the account by their keys, held until the transaction ends, always in one order."""
    rows = account.users.active().filter(pk__in=list(keys)).order_by("id").select_for_update(of=("self",))
    return {user.pk: user for user in rows}


def take_available(account: Account, plan: Plan, number: int) -> list[License]:
    """Up to so many licenses of a plan that nobody holds, held for this transaction; what others hold is left to them."""
    found = account.licenses.available(plan).select_related("subscription")
    return list(found.select_for_update(skip_locked=True, of=("self",))[:number])


def give_each(licenses: Sequence[License], users: Sequence[User], *, rule: LicenseRule) -> None:
    """To each user one of the licenses. The caller holds both."""
    now = clock.now()
    for license, user in zip(licenses, users, strict=True):
        license.holder, license.assigned_at, license.given_by, license.plan = user, now, rule, rule.plan
    License.objects.bulk_update(licenses, ["holder", "assigned_at", "given_by"], batch_size=200)


def tell_given(
    account: Account,
    licenses: Sequence[License],
    *,
    by: Actor,
    rule: LicenseRule,
    instead_of: Mapping[Any, License],
) -> None:
    """The journal's lines and the letters, each with its code; `instead_of` are the licenses that some held before."""
    new = [license for license in licenses if license.holder_id not in instead_of]
    changed = [license for license in licenses if license.holder_id in instead_of]
    told = [(license, license.holder_id, {**_facts(license), "rule": rule.in_words}) for license in new]
    journal.record_all(Event.LICENSE_ASSIGNED, told, by=by, account_id=account.pk)
    send_codes(
        letters.LICENSE_ASSIGNED, [(license, {}) for license in new], giver=account.name, account=account.name
    )
    olds = [instead_of[license.holder_id] for license in changed]
    told = [
        (license, license.holder_id, {**_facts(license), "rule": rule.in_words,
                                      "old_plan": old.plan.name, "old_license": old.pk})
        for license, old in zip(changed, olds, strict=True)
    ]  # fmt: skip
    journal.record_all(Event.LICENSE_MODIFIED, told, by=by, account_id=account.pk)
    about = [(license, {"old_plan": old.plan.name}) for license, old in zip(changed, olds, strict=True)]
    send_codes(letters.LICENSE_MODIFIED, about, giver=account.name)


def _facts(license: License) -> dict[str, Any]:
    assert license.holder is not None
    return {"plan": license.plan.name, "user": license.holder.email, "license": license.pk}


def send_codes(kind: Kind, licenses: Sequence[tuple[License, dict[str, Any]]], **data: Any) -> None:
    """To the holder of each license a code with which he activates it; beside the license what his letter alone says."""
    expires = clock.now() + CODE_LASTS
    codes, written = [], []
    for license, own in licenses:
        assert license.holder is not None
        code = tokens.new_code()
        codes.append(
            ActivationCode(license=license, user=license.holder, digest=code_digest(code), expires_at=expires)
        )
        secrets = {"link": f"{settings.URL}/activate#{code}", "code": code}
        about = {"plan": license.plan.name, "expires": license.expires_at, "code_expires": expires}
        written.append((license.holder, secrets, {**about, **data, **own}))
    ActivationCode.objects.bulk_create(codes, batch_size=500)
    mail.write_letters(kind, written)


def take_each_back(account: Account, licenses: Sequence[License], *, by: Actor) -> None:
    """Licenses back into the pool: their activations and codes end, the holders are told. The caller holds them."""
    told = [
        (license, license.holder.pk, {"user": license.holder.email, "plan": license.plan.name, "license": license.pk})
        for license in licenses if license.holder
    ]  # fmt: skip
    readers = [(license.holder, license.plan.name) for license in licenses if license.holder]
    release_each(licenses)
    journal.record_all(Event.LICENSE_WITHDRAWN, told, by=by, account_id=account.pk)
    mail.write_letters(
        letters.LICENSE_WITHDRAWN,
        [(user, None, {"taker": account.name, "plan": plan}) for user, plan in readers if user.is_active],
    )


def release_each(licenses: Sequence[License]) -> None:
    """Nobody holds these any longer."""
    now, keys = clock.now(), [license.pk for license in licenses]
    Activation.objects.filter(license__in=keys, ended_at=None).update(ended_at=now)
    ActivationCode.objects.filter(license__in=keys, used_at=None, withdrawn_at=None).update(withdrawn_at=now)
    License.objects.filter(pk__in=keys).update(holder=None, assigned_at=None, given_by=None)
