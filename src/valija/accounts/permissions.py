"""Who may do what: the permissions, and what each role holds."""

from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Permission(StrEnum):
    # Every user of an account
    ACCOUNT_PAGE = "account.page"
    # The business
    BILLING_SEE = "billing.see"
    CART_CHANGE = "cart.change"
    ORDER_PLACE = "order.place"
    SUBSCRIPTION_CANCEL = "subscription.cancel"
    TRIAL_START = "trial.start"
    METHOD_STORE = "method.store"
    METHOD_FORGET = "method.forget"
    LICENSE_SEE = "license.see"
    LICENSE_ASSIGN = "license.assign"
    LICENSE_REMOVE = "license.remove"
    LICENSE_DOWNGRADE = "license.downgrade"
    USER_SEE = "user.see"
    USER_ADD = "user.add"
    USER_CHANGE = "user.change"
    USER_DEACTIVATE = "user.deactivate"
    USER_DELETE = "user.delete"
    GROUP_SEE = "group.see"
    GROUP_CHANGE = "group.change"
    RULE_SEE = "rule.see"
    RULE_CHANGE = "rule.change"
    DOMAIN_SEE = "domain.see"
    DOMAIN_CLAIM = "domain.claim"
    JOURNAL_USERS = "journal.users"  # what people do who are no administrators
    JOURNAL_ACCOUNT = "journal.account"  # everything, what administrators do too
    WEBHOOK_CHANGE = "webhook.change"
    TOKEN_CREATE = "token.create"  # noqa: S105 (a name, not a secret)
    # The provider
    ACCOUNT_CREATE = "account.create"
    DOMAIN_APPROVE = "domain.approve"
    ORDER_REFUND = "order.refund"
    # Whoever runs the installation, at its command line
    KEY_ROTATE = "key.rotate"


class Role(TextChoices):
    ADMINISTRATOR = "administrator", _("Administrator")
    BILLING = "billing", _("Billing")
    USER = "user", _("User")
    PROVIDER = "provider", _("Provider")


_USER = {Permission.ACCOUNT_PAGE}
_BILLING = _USER | {
    Permission.BILLING_SEE,
    Permission.CART_CHANGE,
    Permission.ORDER_PLACE,
    Permission.SUBSCRIPTION_CANCEL,
    Permission.TRIAL_START,
    Permission.METHOD_STORE,
    Permission.METHOD_FORGET,
    Permission.LICENSE_SEE,
    Permission.LICENSE_REMOVE,
    Permission.LICENSE_DOWNGRADE,
}
_ADMINISTRATOR = _BILLING | {
    Permission.LICENSE_ASSIGN,
    Permission.USER_SEE,
    Permission.USER_ADD,
    Permission.USER_CHANGE,
    Permission.USER_DEACTIVATE,
    Permission.USER_DELETE,
    Permission.GROUP_SEE,
    Permission.GROUP_CHANGE,
    Permission.RULE_SEE,
    Permission.RULE_CHANGE,
    Permission.DOMAIN_SEE,
    Permission.DOMAIN_CLAIM,
    Permission.JOURNAL_USERS,
    Permission.JOURNAL_ACCOUNT,
    Permission.WEBHOOK_CHANGE,
    Permission.TOKEN_CREATE,
}
_PROVIDER = _USER | {Permission.ACCOUNT_CREATE, Permission.DOMAIN_APPROVE, Permission.ORDER_REFUND}

OF_ROLE: dict[str, frozenset[str]] = {
    Role.ADMINISTRATOR: frozenset(_ADMINISTRATOR),
    Role.BILLING: frozenset(_BILLING),
    Role.USER: frozenset(_USER),
    Role.PROVIDER: frozenset(_PROVIDER),
}
EVERYTHING = frozenset(Permission)
# What a program's token can be limited to; a token never holds more than its maker.
_WITHOUT_API = {
    Permission.GROUP_SEE,
    Permission.GROUP_CHANGE,
    Permission.RULE_SEE,
    Permission.RULE_CHANGE,
    Permission.LICENSE_DOWNGRADE,
    Permission.SUBSCRIPTION_CANCEL,
    Permission.TRIAL_START,
}
SCOPES = frozenset(_ADMINISTRATOR - _USER - _WITHOUT_API)
