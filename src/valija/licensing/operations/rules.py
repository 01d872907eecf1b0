"""Rules: groups and domains that carry a plan."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from valija.accounts import operations as accounts
from valija.accounts.models import Account, Group, User
from valija.accounts.permissions import Permission
from valija.core import clock, sql
from valija.core.actor import Actor
from valija.core.errors import Refusal
from valija.domains.models import Domain
from valija.journal import journal
from valija.journal.events import Event
from valija.licensing.models import License, LicenseRule, Plan, RuleException
from valija.licensing.operations.watching import look_again


class AlreadyCarried(Refusal):
    code = "already_carried"
    sentence = _("There is such a rule already: %(carrier)s, %(plan)s licenses.")


class NotForRules(Refusal):
    code = "not_for_rules"
    sentence = _("%(plan)s licenses are for programs; groups and domains consist of people and mailboxes.")


class NotOfApprovedDomain(Refusal):
    code = "rule_domain_not_approved"
    sentence = _("%(domain)s is not approved, so it can carry no plan.")


class CarrierGone(Refusal):
    code = "carrier_gone"
    status = 404
    sentence = _("There is no such group or domain in this account.")


class GroupCarriesPlan(Refusal):
    code = "group_carries_plan"
    sentence = _(
        "%(group)s carries %(plan)s licenses. Switch that rule off first: then you decide about the licenses."
    )


@transaction.atomic
def switch_on_rule(account: Account, plan: Plan, carrier: Group | Domain, *, by: Actor) -> LicenseRule:
    """From now on, who is in the group (at any depth) or the domain gets a license of the plan, and who leaves frees it."""
    by.require(Permission.RULE_CHANGE, account)
    if carrier.account_id != account.pk:
        raise CarrierGone
    if plan.kind == Plan.Kind.API:
        raise NotForRules(plan=plan.name)
    sql.locked(Account.objects.all(), pk=account.pk)
    rule = LicenseRule(account=account, plan=plan)
    if isinstance(carrier, Group):
        rule.group = accounts.held_group(carrier)
        rule.label = rule.group.name
    else:
        if carrier.approved_at is None:
            raise NotOfApprovedDomain(domain=carrier.in_words)
        rule.domain, rule.label = carrier, carrier.in_words
    try:
        with transaction.atomic():
            rule.save(force_insert=True)
    except IntegrityError as there:
        raise AlreadyCarried(carrier=rule.carrier, plan=plan.name) from there
    journal.record(Event.RULE_SWITCHED_ON, by=by, about=rule, carrier=rule.carrier, plan=plan.name)
    look_again(account)
    return rule


@transaction.atomic
def switch_off_rule(rule: LicenseRule, *, by: Actor) -> LicenseRule:
    """The rule gives and takes nothing more. Whoever has a license by it keeps it, as if a person had given it."""
    rule = _switched_off(rule, by)
    License.objects.filter(given_by=rule).update(given_by=None)
    return rule


@transaction.atomic
def switch_off_rule_and_free(rule: LicenseRule, *, by: Actor) -> LicenseRule:
    """The rule ends, and the licenses it gave go back to the pool, unless another rule gives the same people the same."""
    rule = _switched_off(rule, by)
    look_again(rule.account)
    return rule


def _switched_off(rule: LicenseRule, by: Actor) -> LicenseRule:
    by.require(Permission.RULE_CHANGE, rule.account)
    sql.locked(Account.objects.all(), pk=rule.account_id)
    rule = sql.locked(LicenseRule.objects.select_related("account", "plan", "group", "domain"), pk=rule.pk)
    if rule.ended_at is None:
        rule.ended_at = clock.now()
        rule.save(update_fields=["ended_at"])
        journal.record(Event.RULE_SWITCHED_OFF, by=by, about=rule, carrier=rule.carrier, plan=rule.plan.name)
    return rule


@transaction.atomic
def allow_rules(user: User, *, by: Actor) -> None:
    """Let rules give a license again to a person from whom one was taken by hand."""
    by.require(Permission.RULE_CHANGE, user.account)
    if RuleException.objects.filter(user=user).delete()[0]:
        journal.record(Event.RULE_EXCEPTION_ENDED, by=by, about=user, user=user.email)
        look_again(user.account)


@transaction.atomic
def remove_group(group: Group, *, by: Actor) -> None:
    """Give a group up; its members stay users. Not while it carries a plan."""
    by.require(Permission.GROUP_CHANGE, group.account)
    sql.locked(Account.objects.all(), pk=group.account_id)
    group = accounts.held_group(group)
    rule = LicenseRule.objects.on().filter(group=group).select_related("plan").first()
    if rule is not None:
        raise GroupCarriesPlan(group=group.name, plan=rule.plan.name)
    journal.record(Event.GROUP_REMOVED, by=by, about=group, group=group.name)
    group.delete()
