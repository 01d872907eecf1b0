"""What somebody without a license finds on his account page."""

from typing import Any

from valija.accounts.models import User
from valija.licensing import rules
from valija.licensing.models import ClaimedPlan, LicenseRequest, Plan


def own_choices(user: User) -> dict[str, Any]:
    """What somebody without a license can do about it: take one, ask for one, take the request back."""
    claimable = ClaimedPlan.objects.filter(account=user.account_id, plan__kind=user.kind)
    left = rules.left_in_pool(user.account)
    plans = [each.plan for each in claimable.select_related("plan").order_by("plan__rank")]
    return {
        "claimable": [plan for plan in plans if left.get(plan.pk)],
        "askable": list(Plan.objects.sold().filter(kind=user.kind)),
        "own_request": LicenseRequest.objects.filter(user=user)
        .select_related("plan")
        .order_by("-id")
        .first(),
    }
