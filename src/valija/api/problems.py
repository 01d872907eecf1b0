"""What a problem's `type` leads to."""

from django.http import Http404, HttpRequest
from django.utils.translation import gettext
from ninja import Router

from valija.api.documents import every_refusal
from valija.api.errors import TITLES
from valija.api.values import Out

router = Router(tags=["problems"], auth=None)


class ProblemKind(Out):
    """A kind of problem: its code, its status and its sentence, with names of what is filled in."""

    code: str
    status: int
    title: str
    sentence: str


@router.get(
    "/problems/{code}", response=ProblemKind, operation_id="show_problem", summary="A kind of problem"
)
def show_problem(request: HttpRequest, code: str) -> ProblemKind:
    """What the `type` of a problem means."""
    refusal = every_refusal().get(code)
    if refusal is None:
        raise Http404
    title = str(TITLES.get(refusal.status, gettext("Refused")))
    return ProblemKind(code=code, status=refusal.status, title=title, sentence=str(refusal.sentence))
