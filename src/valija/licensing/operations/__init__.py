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
from valija.licensing.operations.devices import TooManyDevices, choice_of, deactivate_license
from valija.licensing.operations.leaving import (
    NotOneself,
    UserIsActive,
    UserIsDeactivated,
    deactivate_user,
    delete_user,
    restore_user,
)
from valija.licensing.operations.people import add_user
from valija.licensing.operations.plans import install_catalogue
from valija.licensing.operations.removing import (
    MoreThanAvailable,
    MoreThanEnd,
    MoreThanRenew,
    NumberNotValid,
    end_licenses,
    keep_licenses,
    remove_licenses,
)
from valija.licensing.operations.signing_keys import current_keys, keys, rotate_key
from valija.licensing.operations.transferring import SameUser, transfer_license
