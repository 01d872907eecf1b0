"""Letters about subscriptions: renewed, overdue, canceled, on trial; and about licenses whose plan changes."""

from django.utils.translation import gettext_lazy as _

from valija.mail.kind import Kind

UPGRADE_PAID = Kind(
    "upgrade_paid",
    subject=_("Upgrade %(order)s: %(total)s paid"),
    lines=(
        _("Thank you. %(total)s were paid for upgrade %(order)s: %(what)s."),
        _(
            "It is in effect already: everyone keeps their license and their devices. The licenses renew on %(renews)s."
        ),
    ),
    button=_("See the licenses"),
)
ACTIVATIONS_PAID = Kind(
    "activations_paid",
    subject=_("More activations, purchase %(order)s: %(total)s paid"),
    lines=(
        _("Thank you. %(total)s were paid for more activations, purchase %(order)s: %(what)s."),
        _("They can be used at once. The licenses renew on %(renews)s."),
    ),
    button=_("See the licenses"),
)
LICENSE_UPGRADED = Kind(
    "license_upgraded",
    subject=_("Your license is now %(plan)s"),
    lines=(
        _("Your license was upgraded from %(old_plan)s to %(plan)s."),
        _("You need not do anything: it goes on working on your devices, which learn of it by themselves."),
    ),
    button=_("Go to the portal"),
)
LICENSE_DOWNGRADED = Kind(
    "license_downgraded",
    subject=_("Your license is now %(plan)s"),
    lines=(
        _("Your license was changed from %(old_plan)s to %(plan)s."),
        _(
            "It goes on working on your devices, with what %(plan)s allows. Your journal and your messages stay as they are."
        ),
    ),
    button=_("Go to the portal"),
)
LICENSE_ENDED = Kind(
    "license_ended",
    subject=_("Your %(plan)s license has ended"),
    lines=(
        _("The %(plan)s license of your account %(account)s ended on %(day)s and was not renewed."),
        _("Your journal and your messages stay as they are, and you can still sign in."),
    ),
)
RENEWAL_COMING = Kind(
    "renewal_coming",
    subject=_("Your licenses renew on %(day)s for %(total)s"),
    lines=(
        _("On %(day)s the licenses of %(account)s renew for a year: %(what)s, %(total)s with taxes."),
        _(
            "You need not do anything for it. Licenses that nobody needs can be ended at the renewal until then."
        ),
    ),
    button=_("See the subscription"),
)
SUBSCRIPTION_RENEWED = Kind(
    "subscription_renewed",
    subject=_("Your licenses are renewed until %(day)s: %(total)s paid"),
    lines=(
        _("Thank you. %(total)s were paid for renewal %(order)s: %(what)s."),
        _("The licenses are renewed until %(day)s. Nobody has to do anything."),
    ),
    button=_("See the subscription"),
)
SUBSCRIPTION_RESTORED = Kind(
    "subscription_restored",
    subject=_("Everything works again: %(total)s paid"),
    lines=(
        _("Thank you. %(total)s were paid for renewal %(order)s: %(what)s."),
        _("All licenses work as before, on the same devices, until %(day)s."),
    ),
    button=_("See the subscription"),
)
SUBSCRIPTION_PAST_DUE = Kind(
    "subscription_past_due",
    subject=_("The renewal of your licenses is not paid: %(total)s"),
    lines=(
        _("We could not charge %(total)s for renewal %(order)s: %(reason)s."),
        _("All licenses go on working until %(until)s. Please pay on the page, also with another card."),
        _("We try again by ourselves after one, three, five and seven days."),
    ),
    button=_("Pay now"),
)
SUBSCRIPTION_SUSPENDED = Kind(
    "subscription_suspended",
    subject=_("Your licenses have stopped: renewal %(order)s is not paid"),
    lines=(
        _(
            "Renewal %(order)s of %(total)s is not paid, and the time to pay it is over. The licenses have stopped."
        ),
        _("Nothing is deleted. As soon as it is paid everything works as before, on the same devices."),
    ),
    button=_("Pay now"),
)
SUBSCRIPTION_CANCELED = Kind(
    "subscription_canceled",
    subject=_("Your subscription is canceled; it runs until %(day)s"),
    lines=(
        _(
            "%(by)s has canceled the subscription of %(account)s. Its licenses work until %(day)s and end then: %(what)s."
        ),
        _("Nothing more is charged. Until that day the cancellation can be taken back."),
    ),
    button=_("See the subscription"),
)
SUBSCRIPTION_ENDED = Kind(
    "subscription_ended",
    subject=_("Your subscription has ended"),
    lines=(
        _("The subscription of %(account)s has ended, and with it its licenses: %(number)s."),
        _("Accounts, journals and messages stay. Licenses can be bought again at any time."),
    ),
    button=_("See the licenses"),
)
TRIAL_STARTED = Kind(
    "trial_started",
    subject=_("Your trial runs until %(day)s"),
    lines=(
        _("For 30 days %(account)s can use everything: %(what)s. No card is needed, and nothing is charged."),
        _(
            "The trial ends by itself on %(day)s. Whoever has a license of a plan that you buy before then keeps it, without a break."
        ),
    ),
    button=_("Assign licenses"),
)
TRIAL_ENDING = Kind(
    "trial_ending",
    subject=_("Your trial ends on %(day)s"),
    lines=(
        _(
            "The trial of %(account)s ends on %(day)s. Nothing is charged. %(held)s people have a license of it."
        ),
        _(
            "If you buy licenses of the same plans before then, they keep theirs and nobody has to do anything."
        ),
    ),
    button=_("See plans and prices"),
)
TRIAL_ENDED = Kind(
    "trial_ended",
    subject=_("Your trial has ended"),
    lines=(
        _("The trial of %(account)s has ended, and with it its licenses: %(number)s. Nothing was charged."),
        _("Accounts, journals and messages stay. You can go on as soon as you buy licenses."),
    ),
    button=_("See plans and prices"),
)
