"""The plans on offer, and what they cost this account."""

from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _
from ninja import Router

from valija.accounts.permissions import Permission
from valija.api.auth import ProgramRequest, needs
from valija.api.values import Amount, Currency, IntervalShown, KindShown, Out
from valija.core.errors import Refusal
from valija.licensing.models import Plan, Price

router = Router(tags=["plans"])


class PlanNotKnown(Refusal):
    code = "plan_not_known"
    status = 404
    sentence = _("There is no plan “%(plan)s”.")


def plan_of(code: str) -> Plan:
    """The plan with this code."""
    plan = Plan.objects.filter(code=code).first()
    if plan is None:
        raise PlanNotKnown(plan=code)
    return plan


class PriceOut(Out):
    """What one license costs for a whole interval, without taxes."""

    interval: IntervalShown
    amount: Amount
    currency: Currency


class PlanOut(Out):
    code: str
    name: str
    kind: KindShown
    summary: str
    entitlements: dict[str, Any]
    on_request: bool
    prices: list[PriceOut]


class Plans(Out):
    items: list[PlanOut]


@router.get("/plans", response=Plans, operation_id="list_plans", summary="Plans and prices")
@needs(Permission.LICENSE_SEE)
def list_plans(request: ProgramRequest) -> Plans:
    """Every plan on offer, from the lowest to the highest, with its prices in the account's currency. A plan that is
    `on_request` is not sold by API."""
    priced = Price.objects.current().filter(currency=request.auth.account.currency).order_by("-interval")
    plans = Plan.objects.offered().prefetch_related(Prefetch("prices", queryset=priced))
    return Plans(
        items=[
            PlanOut(
                code=plan.code, name=plan.name, kind=plan.kind, summary=plan.for_whom,
                entitlements=plan.allows.as_dict(), on_request=plan.on_request,
                prices=[
                    PriceOut(interval=price.interval, amount=price.amount, currency=price.currency)
                    for price in plan.prices.all()
                ],
            )
            for plan in plans
        ]
    )  # fmt: skip
