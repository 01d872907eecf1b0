"""Plans, licenses and their activations. Capacity is rows: a license is one seat."""

from valija.licensing.models.activations import (
    CODE_LASTS,
    Activation,
    ActivationCode,
    Activations,
    SigningKey,
)
from valija.licensing.models.licenses import GRACE, License, Licenses, Subscription, Subscriptions
from valija.licensing.models.planned import PlannedChange, PlannedChanges
from valija.licensing.models.plans import SOLD, Interval, Plan, Plans, Price, Prices
from valija.licensing.models.requests import ClaimedPlan, LicenseRequest, LicenseRequests, PoolNotice
from valija.licensing.models.rules import AutomaticLicenses, LicenseRule, LicenseRules, RuleException
from valija.licensing.models.work import BulkAct, BulkRow, ImportRow, RowState, UserImport, Work
