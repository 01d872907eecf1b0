"""What can be done with licenses: give one, change it, take it back, put it to work."""

from valija.licensing.operations.activating import (
    Activated,
    ActivationCodeExpired,
    ActivationCodeReplaced,
    ActivationCodeUsed,
    ActivationCodeWrong,
    ActivationEnded,
    LicenseExpired,
    LicenseSuspended,
    LicenseWithdrawn,
    activate_license,
    find_activation,
    renew_license_file,
)
from valija.licensing.operations.applying import apply_due, apply_rules
from valija.licensing.operations.assigning import (
    AlreadyLicensed,
    LastLicenseTaken,
    NoLicenseAvailable,
    NotAUserOfThisAccount,
    NotLicensed,
    UserNotActive,
    WrongKindOfPlan,
    assign_license,
    modify_license,
    modify_license_and_end_the_old,
    send_activation,
    withdraw_license,
)
from valija.licensing.operations.bulk import (
    CAN_BE_UNDONE,
    NEEDS,
    UNDO_FOR,
    CannotBeUndone,
    NobodyChosen,
    apply_bulk_act,
    discard_bulk_act,
    forget_bulk_acts,
    plan_bulk_act,
    plan_domain_move,
    undo_bulk_act,
    undo_until,
)
from valija.licensing.operations.bulk_batches import work_due
from valija.licensing.operations.devices import TooManyDevices, choice_of, deactivate_license
from valija.licensing.operations.idle import NoneTicked, end_idle_licenses, keep_idle_licenses
from valija.licensing.operations.importing import (
    MOST_BYTES,
    FileMissing,
    FileTooLarge,
    apply_import,
    discard_import,
    forget_imports,
    start_import,
    work_on_imports,
)
from valija.licensing.operations.leaving import (
    NotOneself,
    UserIsActive,
    UserIsDeactivated,
    deactivate_user,
    delete_user,
    restore_user,
)
from valija.licensing.operations.people import add_user
from valija.licensing.operations.planning import (
    ChangeClosed,
    DayNotValid,
    UserGone,
    begins,
    carry_out_due,
    plan_assignment,
    plan_removal,
    plan_transfer,
    plan_withdrawal,
    take_back_change,
    today_of,
    what,
)
from valija.licensing.operations.plans import install_catalogue
from valija.licensing.operations.pools import (
    ThresholdNotValid,
    notify_of_small_pool,
    notify_of_small_pools,
    warn_of_small_pools,
)
from valija.licensing.operations.removing import (
    MoreThanAvailable,
    MoreThanEnd,
    MoreThanRenew,
    NumberNotValid,
    end_licenses,
    keep_licenses,
    remove_licenses,
)
from valija.licensing.operations.requests import (
    ClaimNotAllowed,
    PlanNotOffered,
    RefusalReasonMissing,
    RequestClosed,
    allow_claims,
    claim_license,
    grant_from_pool,
    grant_when_available,
    refuse_request,
    request_license,
    withdraw_request,
)
from valija.licensing.operations.rules import (
    AlreadyCarried,
    CarrierGone,
    GroupCarriesPlan,
    NotForRules,
    NotOfApprovedDomain,
    allow_rules,
    remove_group,
    switch_off_rule,
    switch_off_rule_and_free,
    switch_on_rule,
)
from valija.licensing.operations.signing_keys import current_keys, keys, rotate_key
from valija.licensing.operations.transferring import SameUser, transfer_license
from valija.licensing.operations.working import WorkNotPlanned
