"""Everything that can happen. One line each: a stable code and the sentence that tells it.

The sentence names data with %(name)s; `journal.record` refuses an entry that lacks it. Who, when and from where are
told beside the sentence, not in it.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from re import findall, sub

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override


@dataclass(frozen=True)
class Happening:
    code: str
    sentence: str | Promise


class Event(Enum):
    # Accounts and people
    ACCOUNT_CREATED = Happening("account.created", _("The account %(account)s was created."))
    USER_ADDED = Happening("user.added", _("%(user)s was added with the role %(role)s."))
    USER_CHANGED = Happening("user.changed", _("The details of %(user)s were changed: %(fields)s."))
    USER_ROLE_CHANGED = Happening(
        "user.role_changed", _("The role of %(user)s was changed from %(old_role)s to %(role)s.")
    )
    USER_DEACTIVATED = Happening("user.deactivated", _("%(user)s was deactivated."))
    USER_RESTORED = Happening("user.restored", _("%(user)s was restored."))
    USER_DELETED = Happening("user.deleted", _("A user was deleted and the personal data erased."))
    ADDRESS_CHANGE_REQUESTED = Happening(
        "address_change.requested", _("The address of %(user)s is to become %(email)s once it is confirmed.")
    )
    ADDRESS_CHANGE_CANCELED = Happening(
        "address_change.canceled", _("The change of the address of %(user)s to %(email)s was canceled.")
    )
    ADDRESS_CHANGED = Happening("address.changed", _("The address of %(user)s is now %(email)s."))
    # Groups of users
    GROUP_ADDED = Happening("group.added", _("The group %(group)s was added."))
    GROUP_RENAMED = Happening("group.renamed", _("The group %(old_name)s was renamed: %(group)s."))
    GROUP_REMOVED = Happening("group.removed", _("The group %(group)s was removed."))
    GROUP_JOINED = Happening("group.joined", _("%(user)s was added to the group %(group)s."))
    GROUP_LEFT = Happening("group.left", _("%(user)s was taken out of the group %(group)s."))
    GROUP_NESTED = Happening("group.nested", _("The group %(inner)s was put into the group %(group)s."))
    GROUP_UNNESTED = Happening(
        "group.unnested", _("The group %(inner)s was taken out of the group %(group)s.")
    )
    BULK_ACT_APPLIED = Happening(
        "bulk_act.applied", _("An act for many people was started: %(act)s, %(number)s people.")
    )
    BULK_ACT_UNDONE = Happening(
        "bulk_act.undone", _("An act for many people is undone: %(act)s, %(number)s people.")
    )
    USERS_IMPORTED = Happening("users.imported", _("The import of %(file)s was started: %(number)s lines."))
    # Signing in
    SIGN_IN_REQUESTED = Happening("sign_in.requested", _("A sign-in link was sent to %(user)s."))
    SIGN_IN_REFUSED = Happening("sign_in.refused", _("A wrong sign-in code was entered for %(user)s."))
    SIGNED_IN = Happening("sign_in.done", _("%(user)s signed in."))
    SIGNED_OUT = Happening("sign_in.ended", _("%(user)s signed out."))
    SESSION_ENDED = Happening("session.ended", _("%(user)s ended the session in %(browser)s."))
    # Programs
    TOKEN_CREATED = Happening("token.created", _("The access “%(name)s” for programs was created."))
    TOKEN_REVOKED = Happening("token.revoked", _("The access “%(name)s” for programs was revoked."))
    # Webhooks
    WEBHOOK_ADDED = Happening("webhook.added", _("The webhook %(webhook)s was added."))
    WEBHOOK_CHANGED = Happening("webhook.changed", _("The webhook %(webhook)s was changed."))
    WEBHOOK_REMOVED = Happening("webhook.removed", _("The webhook %(webhook)s was removed."))
    WEBHOOK_SECRET_ROTATED = Happening(
        "webhook.secret_rotated", _("The secret of the webhook %(webhook)s was replaced.")
    )
    WEBHOOK_TESTED = Happening("webhook.tested", _("A test was sent to the webhook %(webhook)s."))
    WEBHOOK_DISABLED = Happening(
        "webhook.disabled", _("The webhook %(webhook)s was switched off: %(reason)s.")
    )
    WEBHOOK_ENABLED = Happening("webhook.enabled", _("The webhook %(webhook)s was switched on."))
    WEBHOOK_REPLAYED = Happening(
        "webhook.replayed", _("The event %(what)s was sent to the webhook %(webhook)s again.")
    )
    # Domains
    DOMAIN_CLAIMED = Happening("domain.claimed", _("The domain %(domain)s was entered for approval."))
    DOMAIN_PROVED = Happening("domain.proved", _("The domain %(domain)s was proved by its DNS record."))
    DOMAIN_APPROVED = Happening("domain.approved", _("The provider approved the domain %(domain)s."))
    DOMAIN_REFUSED = Happening("domain.refused", _("The provider refused the domain %(domain)s: %(reason)s"))
    DOMAIN_TAKEN = Happening("domain.taken", _("Another account has %(domain)s: the entry was closed."))
    DOMAIN_LOST = Happening("domain.lost", _("The DNS record of %(domain)s is no longer found."))
    DOMAIN_REMOVED = Happening("domain.removed", _("The domain %(domain)s was removed."))
    # Licenses
    LICENSE_ADDED = Happening("license.added", _("A %(plan)s license was added by purchase %(order)s."))
    LICENSE_ASSIGNED = Happening("license.assigned", _("%(user)s was given a %(plan)s license."))
    LICENSE_MODIFIED = Happening("license.modified", _("%(user)s changed from %(old_plan)s to %(plan)s."))
    LICENSE_WITHDRAWN = Happening("license.withdrawn", _("The %(plan)s license of %(user)s was withdrawn."))
    LICENSE_RETURNED = Happening(
        "license.returned", _("The %(plan)s license of %(user)s is available again.")
    )
    LICENSE_TRANSFERRED = Happening(
        "license.transferred", _("The %(plan)s license of %(user)s was transferred to %(receiver)s.")
    )
    LICENSE_RECEIVED = Happening(
        "license.received", _("%(receiver)s received the %(plan)s license of %(user)s.")
    )
    LICENSE_TO_END = Happening(
        "license.to_end", _("A %(plan)s license that nobody holds is to end on %(day)s instead of renewing.")
    )
    LICENSE_KEPT = Happening(
        "license.kept", _("A %(plan)s license that was to end renews on %(day)s after all.")
    )
    LICENSE_REMOVED = Happening(
        "license.removed", _("A %(plan)s license that was paid until %(day)s was removed, without a refund.")
    )
    ACTIVATION_SENT = Happening(
        "activation.sent", _("The activation of a %(plan)s license was sent to %(user)s.")
    )
    LICENSE_ACTIVATED = Happening(
        "license.activated", _("%(user)s activated a %(plan)s license on %(device)s.")
    )
    LICENSE_DEACTIVATED = Happening(
        "license.deactivated", _("The activation on %(device)s of %(user)s was ended.")
    )
    KEY_ROTATED = Happening(
        "key.rotated",
        _("License files are signed with the new key %(key)s; older ones verify until %(until)s."),
    )
    # Licenses by themselves
    RULE_SWITCHED_ON = Happening(
        "rule.switched_on", _("The rule was switched on: %(carrier)s, %(plan)s licenses.")
    )
    RULE_SWITCHED_OFF = Happening(
        "rule.switched_off", _("The rule was switched off: %(carrier)s, %(plan)s licenses.")
    )
    RULE_EXCEPTION_ENDED = Happening("rule.exception_ended", _("Rules may give a license to %(user)s again."))
    RULE_SHORT = Happening(
        "rule.short",
        _("There are not enough licenses for the rule: %(carrier)s, %(plan)s, %(waiting)s waiting."),
    )
    LICENSE_REQUESTED = Happening("license.requested", _("%(user)s asked for a %(plan)s license: %(reason)s"))
    REQUEST_GRANTED = Happening(
        "request.granted", _("The request of %(user)s for a %(plan)s license was granted.")
    )
    REQUEST_REFUSED = Happening(
        "request.refused", _("The request of %(user)s for a %(plan)s license was refused: %(reason)s")
    )
    REQUEST_WITHDRAWN = Happening(
        "request.withdrawn", _("The request of %(user)s for a %(plan)s license was withdrawn.")
    )
    LICENSE_CLAIMED = Happening("license.claimed", _("%(user)s claimed a %(plan)s license."))
    CLAIMS_CHANGED = Happening("claims.changed", _("The plans that users may claim were changed: %(plans)s."))
    POOL_NOTICE_CHANGED = Happening(
        "pool_notice.changed", _("The notice of few %(plan)s licenses was changed: below %(threshold)s.")
    )
    POOL_LOW = Happening("pool.low", _("The available %(plan)s licenses fell to %(available)s."))
    LICENSES_IDLE = Happening(
        "license.idle", _("Licenses without use renew on %(day)s: %(what)s, %(cost)s before taxes.")
    )
    CHANGE_PLANNED = Happening("change.planned", _("Planned for %(day)s: %(what)s."))
    CHANGE_TAKEN_BACK = Happening("change.taken_back", _("The plan for %(day)s was taken back: %(what)s."))
    CHANGE_FAILED = Happening(
        "change.failed", _("What was planned for %(day)s could not be done: %(what)s. %(reason)s")
    )
    # Money
    CART_CHANGED = Happening("cart.changed", _("The cart was changed: %(quantity)s %(plan)s."))
    ORDER_PLACED = Happening("order.placed", _("Purchase %(order)s was confirmed: %(total)s."))
    ORDER_PAID = Happening("order.paid", _("Purchase %(order)s was paid: %(total)s."))
    LICENSE_UPGRADED = Happening(
        "license.upgraded", _("A license was upgraded from %(old_plan)s to %(plan)s by purchase %(order)s.")
    )
    LICENSE_DOWNGRADED = Happening(
        "license.downgraded", _("A license was lowered from %(old_plan)s to %(plan)s.")
    )
    LICENSE_TO_BECOME = Happening(
        "license.to_become", _("A license will be %(plan)s instead of %(old_plan)s from %(day)s.")
    )
    LICENSE_PLAN_KEPT = Happening("license.plan_kept", _("A license stays %(plan)s at the renewal."))
    LICENSE_ENDED = Happening("license.ended", _("A %(plan)s license ended: %(reason)s."))
    ACTIVATIONS_RAISED = Happening(
        "activations.raised",
        _("A %(plan)s license may work on %(number)s devices more, by purchase %(order)s."),
    )
    # Subscriptions
    SUBSCRIPTION_RENEWED = Happening(
        "subscription.renewed",
        _("The subscription was renewed by purchase %(order)s until %(day)s: %(total)s."),
    )
    SUBSCRIPTION_PAST_DUE = Happening(
        "subscription.past_due",
        _("The renewal of the subscription, purchase %(order)s of %(total)s, is not paid: %(reason)s."),
    )
    SUBSCRIPTION_SUSPENDED = Happening(
        "subscription.suspended",
        _("The subscription was suspended: its renewal, purchase %(order)s, is not paid."),
    )
    SUBSCRIPTION_CANCELED = Happening(
        "subscription.canceled", _("The subscription was canceled; it runs until %(day)s.")
    )
    SUBSCRIPTION_KEPT = Happening(
        "subscription.kept", _("The cancellation of the subscription was taken back.")
    )
    SUBSCRIPTION_ENDED = Happening(
        "subscription.ended", _("The subscription ended; %(number)s licenses ended with it.")
    )
    SUBSCRIPTION_REMINDED = Happening(
        "subscription.reminded", _("A reminder was sent: the subscription renews on %(day)s for %(total)s.")
    )
    TRIAL_STARTED = Happening("trial.started", _("A trial was started; it ends on %(day)s."))
    TRIAL_REMINDED = Happening("trial.reminded", _("A reminder was sent: the trial ends on %(day)s."))
    TRIAL_ENDED = Happening("trial.ended", _("The trial ended; %(number)s licenses ended with it."))
    ORDER_CANCELED = Happening("order.canceled", _("Purchase %(order)s was canceled; nothing was charged."))
    PAYMENT_REFUSED = Happening(
        "payment.refused", _("The payment of purchase %(order)s was refused: %(reason)s.")
    )
    METHOD_STORED = Happening("method.stored", _("The card %(method)s was stored for renewals."))
    METHOD_FORGOTTEN = Happening("method.forgotten", _("The stored card %(method)s was forgotten."))
    REFUND_ASKED = Happening(
        "refund.asked", _("A refund of %(amount)s for purchase %(order)s was ordered: %(reason)s")
    )
    REFUND_REFUSED = Happening(
        "refund.refused", _("The refund of %(amount)s for purchase %(order)s was refused: %(reason)s")
    )
    ORDER_REFUNDED = Happening("order.refunded", _("%(amount)s of purchase %(order)s were refunded."))

    @cached_property
    def code(self) -> str:
        return self.value.code

    @cached_property
    def names(self) -> frozenset[str]:
        """The data that the sentence names, as in the source language."""
        return frozenset(findall(r"%\((\w+)\)s", _source(self.value.sentence)))

    @property
    def words(self) -> str:
        """The sentence in the reader's language without the places of its data: what can be searched for."""
        return sub(r"%\(\w+\)s", " ", str(self.value.sentence))

    @classmethod
    def of(cls, code: str) -> "Event":
        return _BY_CODE[code]


def _source(sentence: str | Promise) -> str:
    with override(None):
        return str(sentence)


_BY_CODE = {event.value.code: event for event in Event}
