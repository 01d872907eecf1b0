"""Where programs come in."""

from django.urls import URLPattern, path

from valija.api import program
from valija.api.webhooks_in import payment_notice

urlpatterns: list[URLPattern] = [
    path("webhooks/payments/<slug:provider>", payment_notice, name="payment_notice"),
    *program.urlpatterns,
]
