"""The addresses of everything: pages, programs, payment notices."""

from django.urls import include, path

from valija.api.urls import urlpatterns as programs

urlpatterns = [path("", include("valija.web.urls")), *programs]

handler400 = "valija.web.errors.bad_request"
handler404 = "valija.web.errors.not_found"
handler500 = "valija.web.errors.broken"
