"""What clients ask: to activate with a code, to renew their license file, to let go. No account and no sign-in."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from valija.api.auth import ActivationToken, DeviceRequest, anyone
from valija.api.documents import refuses
from valija.api.values import In, Line, Out
from valija.core.errors import TooManyAttempts
from valija.licensing import operations as licensing

router = Router(tags=["activations"], auth=None)
device = ActivationToken()


class CodeIn(In):
    code: Annotated[Line, Field(min_length=1, max_length=100, examples=["7Q2M-K8TR-4NXW-P3HD"])]
    device: Annotated[
        Line, Field(max_length=200, description="the name by which its user knows this device")
    ] = ""
    instead_of: Annotated[
        Line,
        Field(
            max_length=100,
            description="where there are too many devices: the `id` of the one to let go, from the refusal `too_many_devices`",
        ),
    ] = ""


class SignatureOut(Out):
    keyid: str
    sig: str


class EnvelopeOut(Out):
    """A license file: a DSSE envelope around JSON, signed with Ed25519."""

    payload: str
    payloadType: str  # noqa: N815 (DSSE's spelling)
    signatures: list[SignatureOut]


class KeyOut(Out):
    """A public key (RFC 8037)."""

    kty: str
    crv: str
    kid: str
    use: str
    x: str


class KeysOut(Out):
    keys: list[KeyOut]


class LicenseFileOut(Out):
    license_file: EnvelopeOut
    keys: KeysOut


class ActivatedOut(LicenseFileOut):
    """An activation: its token is shown once and renews the license file."""

    activation: UUID
    token: str


CODE_REFUSALS = (
    licensing.ActivationCodeWrong, licensing.ActivationCodeUsed, licensing.ActivationCodeExpired,
    licensing.ActivationCodeReplaced, licensing.LicenseWithdrawn, licensing.LicenseExpired, licensing.LicenseSuspended,
    licensing.TooManyDevices, TooManyAttempts,
)  # fmt: skip


@router.post(
    "/activations",
    response={201: ActivatedOut},
    operation_id="activate_license",
    summary="Activate a license",
)
@refuses(*CODE_REFUSALS)
def activate_license(request: HttpRequest, activation: CodeIn) -> Status[ActivatedOut]:
    """Put a license to work on a device with the code of the letter, which works once.

    Where it works on as many devices as it may, the refusal lists them; ask again with the same code and `instead_of`.
    """
    done = licensing.activate_license(
        activation.code, activation.device, by=anyone(request), instead_of=activation.instead_of
    )
    answer = ActivatedOut(
        activation=done.activation.pk, token=done.token, **_file(done.license_file, done.keys).model_dump()
    )
    return Status(201, answer)


@router.get(
    "/activations/current",
    response=LicenseFileOut,
    operation_id="show_activation",
    summary="The license file",
    auth=device,
)
@refuses(licensing.LicenseExpired, licensing.LicenseSuspended)
def show_activation(request: DeviceRequest) -> LicenseFileOut:
    """The license file of this activation, signed now."""
    return _file(*licensing.renew_license_file(request.auth))


@router.post(
    "/activations/current/renew",
    response=LicenseFileOut,
    operation_id="renew_license_file",
    summary="Renew the license file",
    auth=device,
)
@refuses(licensing.LicenseExpired, licensing.LicenseSuspended)
def renew_license_file(request: DeviceRequest) -> LicenseFileOut:
    """A fresh license file for a device that is online."""
    return _file(*licensing.renew_license_file(request.auth))


@router.delete(
    "/activations/current",
    response={204: None},
    operation_id="deactivate_license",
    summary="End the activation",
    auth=device,
)
@refuses(licensing.ActivationEnded)
def deactivate_license(request: DeviceRequest) -> Status[None]:
    """End the license's work on this device; its holder keeps it and can activate another."""
    licensing.deactivate_license(request.auth, by=request.actor)
    return Status(204, None)


@router.get(
    "/license-keys", response=KeysOut, operation_id="list_license_keys", summary="Keys of license files"
)
def list_license_keys(request: HttpRequest) -> KeysOut:
    """Every public key that a license file may be verified with, as a JSON Web Key Set."""
    return KeysOut.model_validate(licensing.keys())


def _file(envelope: dict[str, Any], keys: dict[str, Any]) -> LicenseFileOut:
    return LicenseFileOut(
        license_file=EnvelopeOut.model_validate(envelope), keys=KeysOut.model_validate(keys)
    )
