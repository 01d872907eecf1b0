"""Licenses at work on devices."""

from datetime import timedelta
from uuid import UUID

from django.db import models
from django.db.models import Q

from valija.accounts.models import Account, User
from valija.core import clock
from valija.core.ids import new_id
from valija.licensing.models.licenses import License

CODE_LASTS = timedelta(days=30)


class ActivationCodes(models.QuerySet["ActivationCode"]):
    def waiting(self) -> "ActivationCodes":
        """Those that may still be used."""
        return self.filter(used_at=None, replaced_at=None, withdrawn_at=None)


class ActivationCode(models.Model):
    """What the letter carries: usable once, to put a license to work on one device."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    license = models.ForeignKey(License, on_delete=models.PROTECT, related_name="codes")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="activation_codes")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    replaced_at = models.DateTimeField(null=True)  # a newer code was sent
    withdrawn_at = models.DateTimeField(null=True)  # the license went elsewhere

    objects = ActivationCodes.as_manager()

    @property
    def account_id(self) -> UUID:
        return self.license.account_id


class Activations(models.QuerySet["Activation"]):
    def living(self) -> "Activations":
        return self.filter(ended_at=None)


class Activation(models.Model):
    """A license at work on one device."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="activations")
    license = models.ForeignKey(License, on_delete=models.PROTECT, related_name="activations")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="activations")
    device = models.CharField(max_length=80)
    token_digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now)
    last_seen_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)

    objects = Activations.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["license", "id"], name="living_activations", condition=Q(ended_at=None))
        ]


class SigningKeys(models.QuerySet["SigningKey"]):
    def published(self) -> "SigningKeys":
        """Those that verify a file which may still be in use."""
        return self.filter(Q(retired_at=None) | Q(published_until__gt=clock.now())).order_by(
            "created_at", "id"
        )


class SigningKey(models.Model):
    """A key that signs license files. The private half is locked away; retired keys still verify what they signed."""

    id = models.CharField(
        primary_key=True, max_length=16
    )  # key id: first 16 hex digits of SHA-256 of the public key
    public = models.BinaryField()  # 32 bytes, Ed25519
    private = models.BinaryField()  # locked away
    created_at = models.DateTimeField(default=clock.now)
    retired_at = models.DateTimeField(null=True)
    published_until = models.DateTimeField(null=True)  # no file that it signed is good for longer

    objects = SigningKeys.as_manager()
