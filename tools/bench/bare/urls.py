"""One page: a table of people, for somebody who has signed in."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from tools.bench.bare.models import Person


@login_required
def people(request: HttpRequest, rows: int) -> HttpResponse:
    return render(request, "people.html", {"people": Person.objects.order_by("name")[:rows]})


urlpatterns = [path("people/<int:rows>", people)]
