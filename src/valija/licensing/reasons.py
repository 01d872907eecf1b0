"""Why one person of many is left out: the code of a refusal, in few words beside the name."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REASONS: dict[str, str | Promise] = {
    "already_licensed": _("Already has a license"),
    "not_licensed": _("Has no license"),
    "user_not_active": _("Is deactivated"),
    "user_is_deactivated": _("Is already deactivated"),
    "user_is_active": _("Is active"),
    "not_oneself": _("Is you yourself"),
    "last_administrator": _("Is the last active administrator"),
    "role_above_own": _("Has a role above yours"),
    "wrong_kind_of_plan": _(
        "The plan does not fit: people, shared mailboxes and programs have plans of their own"
    ),
    "no_license_available": _("No license was left"),
    "address_taken": _("Somebody already uses this address"),
    "address_not_valid": _("Is not an e-mail address"),
    "domain_not_approved": _("The domain is not approved"),
    "throw_away_domain": _("The domain hands out throw-away addresses"),
    "not_a_user_of_this_account": _("Is no longer in the account"),
    "changed_meanwhile": _("Was changed meanwhile"),
    "name_missing": _("The first name is missing"),
    "mobile_not_valid": _("The mobile number cannot be used; write it with the country's prefix"),
    "choice_not_valid": _("A value cannot be chosen: language, role, time zone, date format or country"),
    "plan_not_known": _("There is no such plan"),
    "too_many_columns": _("Has more columns than the heading"),
    "twice_in_the_file": _("The address stands in the file twice; only the first line counts"),
    "formula": _("Begins like a formula of a spreadsheet"),
    "too_long": _("A value is too long"),
}
