"""The dated table of taxes."""

from django.db import models

from valija.core.ids import new_id


class TaxRate(models.Model):
    """A tax of a country or region, from a day on."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    country = models.CharField(max_length=2)
    region = models.CharField(max_length=6, blank=True)
    name = models.CharField(max_length=20)
    rate = models.PositiveIntegerField()  # thousandths of a percent: 21 % is 21000, 9.975 % is 9975
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["country", "region", "name", "since"], name="rate_once")
        ]
