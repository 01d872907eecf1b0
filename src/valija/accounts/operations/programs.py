"""The access of programs."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts.models import Account, ApiToken
from valija.accounts.permissions import SCOPES, Permission
from valija.core import clock, tokens
from valija.core.actor import Actor
from valija.core.errors import InvalidInput
from valija.journal import journal
from valija.journal.events import Event


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
