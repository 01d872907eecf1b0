"""Everything that can be sent: one letter each, in the words of the person who reads it.

A letter's sentences name data with %(name)s. What is secret (a link, a code) is given apart, is encrypted while the
letter waits and is forgotten once it has left; no subject may name it.
"""

from django.utils.translation import gettext_lazy as _

from valija.mail.kind import Kind
from valija.mail.letters_of_subscriptions import (
    ACTIVATIONS_PAID,
    LICENSE_DOWNGRADED,
    LICENSE_ENDED,
    LICENSE_UPGRADED,
    RENEWAL_COMING,
    SUBSCRIPTION_CANCELED,
    SUBSCRIPTION_ENDED,
    SUBSCRIPTION_PAST_DUE,
    SUBSCRIPTION_RENEWED,
    SUBSCRIPTION_RESTORED,
    SUBSCRIPTION_SUSPENDED,
    TRIAL_ENDED,
    TRIAL_ENDING,
    TRIAL_STARTED,
    UPGRADE_PAID,
)

SIGN_IN = Kind(
    "sign_in",
    subject=_("Sign in to %(provider)s"),
    lines=(
        _("Press the button to sign in. It works once, for %(minutes)s minutes."),
        _("Are you signing in on another device? Enter this code there instead:"),
    ),
    button=_("Sign in"),
    closing=(
        _("If you did not ask for this, you need not do anything: nobody can sign in without this e-mail."),
    ),
    secrets=frozenset({"link", "code"}),
)
WELCOME = Kind(
    "welcome",
    subject=_("%(inviter)s has added you to %(account)s"),
    lines=(
        _(
            "%(inviter)s has added you to the account of %(account)s in %(provider)s, the service for confidential messages and signatures."
        ),
        _("To sign in you need no password: enter your e-mail address %(email)s and we send you a link."),
    ),
    button=_("Go to the portal"),
)
ADDRESS_TO_CONFIRM = Kind(
    "address_to_confirm",
    subject=_("Confirm your new address for %(account)s"),
    lines=(
        _(
            "%(asker)s wants you to use this address in the account of %(account)s from now on, instead of %(old_email)s."
        ),
        _("Press the button to confirm it. License, journal and messages stay yours."),
    ),
    button=_("Confirm the address"),
    closing=(
        _("The link works once, until %(expires)s. Until you confirm, nothing changes."),
        _("If you do not know what this is about, you need not do anything."),
    ),
    secrets=frozenset({"link"}),
)
ADDRESS_CHANGE_REQUESTED = Kind(
    "address_change_requested",
    subject=_("Your address is to be changed"),
    lines=(
        _("%(asker)s wants to change your address in the account of %(account)s to %(email)s."),
        _("Nothing changes until it is confirmed from the new mailbox: we have sent a link there."),
    ),
    closing=(_("If you did not expect this, please tell an administrator of your account now."),),
)
ADDRESS_CHANGED = Kind(
    "address_changed",
    subject=_("Your address was changed"),
    lines=(
        _("Your address in the account of %(account)s is now %(email)s; before it was %(old_email)s."),
        _("Sign in with the new one. License, journal and messages are the same as before."),
    ),
    closing=(_("If you did not expect this, please tell an administrator of your account now."),),
)
USER_DEACTIVATED = Kind(
    "user_deactivated",
    subject=_("Your access to %(account)s has ended"),
    lines=(
        _("%(doer)s has deactivated your access to the account of %(account)s. You can no longer sign in."),
        _("Your journal and your messages are kept. An administrator can restore your access at any time."),
    ),
)
USER_RESTORED = Kind(
    "user_restored",
    subject=_("Your access to %(account)s is restored"),
    lines=(
        _("%(doer)s has restored your access to the account of %(account)s. Your journal is as you left it."),
        _("To sign in you need no password: enter your e-mail address %(email)s and we send you a link."),
    ),
    button=_("Go to the portal"),
)
LICENSE_ASSIGNED = Kind(
    "license_assigned",
    subject=_("You have a %(plan)s license from %(account)s"),
    lines=(
        _("%(giver)s has given you a %(plan)s license. It is valid until %(expires)s and renews then."),
        _(
            "To use it, install the client and activate it. The button does it in your browser; on the command line enter:"
        ),
        _("valija activate --server %(server)s, followed by this code:"),
    ),
    button=_("Activate my license"),
    closing=(
        _(
            "The link and the code work once, until %(code_expires)s. Your administrator can send you another one at any time."
        ),
    ),
    secrets=frozenset({"link", "code"}),
)
LICENSE_MODIFIED = Kind(
    "license_modified",
    subject=_("Your license is now %(plan)s"),
    lines=(
        _(
            "%(giver)s has changed your license from %(old_plan)s to %(plan)s. Your journal and your messages stay as they are."
        ),
        _("To use it, activate it again. The button does it in your browser; on the command line enter:"),
        _("valija activate --server %(server)s, followed by this code:"),
    ),
    button=_("Activate my license"),
    closing=(
        _(
            "The link and the code work once, until %(code_expires)s. Your administrator can send you another one at any time."
        ),
    ),
    secrets=frozenset({"link", "code"}),
)
LICENSE_WITHDRAWN = Kind(
    "license_withdrawn",
    subject=_("Your %(plan)s license has ended"),
    lines=(
        _("%(taker)s has withdrawn your %(plan)s license. Its activations have ended."),
        _("Your journal and your messages stay as they are, and you can still sign in."),
    ),
)
LICENSE_TRANSFERRED = Kind(
    "license_transferred",
    subject=_("Your %(plan)s license now belongs to %(receiver)s"),
    lines=(
        _(
            "%(giver)s has transferred your %(plan)s license to %(receiver)s. Its activations on your devices have ended."
        ),
        _("Your journal and your messages stay as they are, and you can still sign in."),
    ),
    button=_("Go to the portal"),
)
LICENSES_REMOVED = Kind(
    "licenses_removed",
    subject=_("Licenses removed: %(number)s %(plan)s"),
    lines=(
        _(
            "As you asked, licenses that nobody held were removed from your account just now: %(number)s %(plan)s."
        ),
        _("This cannot be undone and nothing is refunded. Their history stays in the account's journal."),
    ),
    button=_("See the licenses"),
)
LICENSES_TO_END = Kind(
    "licenses_to_end",
    subject=_("Licenses to end on %(day)s: %(number)s %(plan)s"),
    lines=(
        _(
            "As you asked, licenses that nobody holds end on %(day)s and are not charged at the renewal: %(number)s %(plan)s."
        ),
        _("Until that day you can take this back under “License management and purchases”."),
    ),
    button=_("See the licenses"),
)
ORDER_PAID = Kind(
    "order_paid",
    subject=_("Purchase %(order)s: %(total)s paid"),
    lines=(
        _("Thank you. %(total)s were paid for purchase %(order)s: %(what)s."),
        _("The licenses are in your account and can be assigned now. They renew on %(renews)s."),
    ),
    button=_("Assign licenses"),
)
ORDER_REFUNDED = Kind(
    "order_refunded",
    subject=_("%(amount)s of purchase %(order)s refunded"),
    lines=(
        _(
            "We have given back %(amount)s of purchase %(order)s. It arrives on the card or account that paid, within a few days."
        ),
        _("The reason: %(reason)s"),
    ),
)
DOMAIN_PROVED = Kind(
    "domain_proved",
    subject=_("The domain %(domain)s is approved"),
    lines=(_("The domain %(domain)s is approved. People with an address of %(domain)s can be added now."),),
    button=_("Add a user"),
)
DOMAIN_REFUSED = Kind(
    "domain_refused",
    subject=_("The domain %(domain)s was not approved"),
    lines=(_("Your provider did not approve the domain %(domain)s."), _("The reason: %(reason)s")),
    button=_("See the domains"),
)
DOMAIN_TAKEN = Kind(
    "domain_taken",
    subject=_("The domain %(domain)s belongs to another account"),
    lines=(
        _("Another account has proved that %(domain)s is its own, so it cannot be approved for yours."),
        _("If that is an error, please write to your provider."),
    ),
    button=_("See the domains"),
)
DOMAIN_LOST = Kind(
    "domain_lost",
    subject=_("The DNS record of %(domain)s is missing"),
    lines=(
        _(
            "We no longer find the record that proves that %(domain)s is yours. Nothing changes for its people."
        ),
        _("Please publish the TXT record again: %(record)s"),
    ),
    button=_("See the domains"),
)
RULE_SHORT = Kind(
    "rule_short",
    subject=_("Not enough %(plan)s licenses for %(carrier)s"),
    lines=(
        _(
            "The %(plan)s licenses for %(carrier)s have run out: %(waiting)s more are needed. Whoever has one keeps it."
        ),
        _(
            "The others wait in the order that the page shows, and get theirs by themselves as soon as licenses are available: bought, withdrawn or given back. We write again only when it happens anew."
        ),
    ),
    button=_("See who waits"),
)
LICENSE_REQUESTED = Kind(
    "license_requested",
    subject=_("%(user)s asks for a %(plan)s license"),
    lines=(
        _("%(user)s (%(email)s) has no license and asks for one: %(plan)s."),
        _("The reason given: %(reason)s"),
    ),
    button=_("Answer the request"),
)
REQUEST_REFUSED = Kind(
    "request_refused",
    subject=_("Your request for a %(plan)s license was refused"),
    lines=(
        _("%(refuser)s has refused your request for a %(plan)s license."),
        _("The reason: %(reason)s"),
    ),
)
CHANGE_FAILED = Kind(
    "change_failed",
    subject=_("A planned change could not be made"),
    lines=(
        _("%(planner)s had planned for %(day)s: %(what)s."),
        _("It could not be done: %(reason)s"),
        _("Nothing was changed. It stays in the list of planned changes until somebody removes it."),
    ),
    button=_("See the planned changes"),
)
POOL_LOW = Kind(
    "pool_low",
    subject=_("%(plan)s licenses available: %(available)s"),
    lines=(
        _(
            "Of the %(plan)s licenses of %(account)s, %(available)s are available: fewer than the %(threshold)s below which you want to be told."
        ),
        _("We write again only after the number has risen and fallen once more."),
    ),
    button=_("Buy licenses"),
)
LICENSES_IDLE = Kind(
    "licenses_idle",
    subject=_("Licenses without use: %(cost)s on %(day)s"),
    lines=(
        _("On %(day)s licenses renew that nobody holds, or that their holder never activated: %(what)s."),
        _(
            "They will cost %(cost)s, before taxes. Those that are not needed end at the renewal by one click."
        ),
    ),
    button=_("See the licenses without use"),
)
WEBHOOK_DISABLED = Kind(
    "webhook_disabled",
    subject=_("The webhook %(webhook)s was switched off"),
    lines=(
        _("We no longer send events to %(webhook)s, because %(reason)s."),
        _("Nothing is lost: switch it on again, and everything since then is sent in its order."),
    ),
    button=_("See the webhook"),
)

ALL = (
    SIGN_IN, WELCOME, ADDRESS_TO_CONFIRM, ADDRESS_CHANGE_REQUESTED, ADDRESS_CHANGED, USER_DEACTIVATED, USER_RESTORED,
    LICENSE_ASSIGNED, LICENSE_MODIFIED, LICENSE_WITHDRAWN, LICENSE_TRANSFERRED,
    LICENSES_REMOVED, LICENSES_TO_END, ORDER_PAID, ORDER_REFUNDED,
    DOMAIN_PROVED, DOMAIN_REFUSED, DOMAIN_TAKEN, DOMAIN_LOST,
    UPGRADE_PAID, ACTIVATIONS_PAID, LICENSE_UPGRADED, LICENSE_DOWNGRADED, LICENSE_ENDED, RENEWAL_COMING,
    SUBSCRIPTION_RENEWED, SUBSCRIPTION_RESTORED, SUBSCRIPTION_PAST_DUE, SUBSCRIPTION_SUSPENDED, SUBSCRIPTION_CANCELED,
    SUBSCRIPTION_ENDED, TRIAL_STARTED, TRIAL_ENDING, TRIAL_ENDED,
    RULE_SHORT, LICENSE_REQUESTED, REQUEST_REFUSED, CHANGE_FAILED, POOL_LOW, LICENSES_IDLE,
    WEBHOOK_DISABLED,
)  # fmt: skip
BY_CODE = {kind.code: kind for kind in ALL}
