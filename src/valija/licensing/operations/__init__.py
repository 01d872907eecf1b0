"""What can be done with licenses: give one, change it, take it back, put it to work."""

from valija.licensing.operations.activating import (
    Activated,
    ActivationCodeExpired,
    ActivationCodeUsed,
    ActivationCodeWrong,
    ActivationEnded,
    LicenseWithdrawn,
    TooManyDevices,
    activate_license,
    deactivate_license,
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
    send_activation,
    withdraw_license,
)
from valija.licensing.operations.people import add_user
from valija.licensing.operations.plans import install_catalogue
from valija.licensing.operations.signing_keys import current_key, keys
