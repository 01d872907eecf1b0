"""What goes in and out of the API: strict on the way in, complete on the way out."""

from typing import Annotated, Literal

from ninja import Query
from pydantic import BaseModel, ConfigDict, Field

from valija.licensing.models import Plan

Language = Literal["es", "en", "fr"]
Interval = Literal["year", "month"]
# What is stored is text; what it can be is told.
LanguageShown = Annotated[str, Field(json_schema_extra={"enum": ["es", "en", "fr"]})]
IntervalShown = Annotated[str, Field(json_schema_extra={"enum": ["year", "month", "trial"]})]
RoleShown = Annotated[
    str, Field(json_schema_extra={"enum": ["administrator", "billing", "user", "provider"]})
]
KindShown = Annotated[str, Field(json_schema_extra={"enum": ["person", "shared", "api"]})]
# One line of text; control characters mean nothing in a name and some databases refuse them.
Line = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$")]
Code = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$", description="a plan's code", examples=["pro"])]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217", examples=["EUR"])]
Amount = Annotated[int, Field(description="in minor units: 13200 is 132.00")]
Cursor = Annotated[
    str,
    Query(
        pattern=r"^[A-Za-z0-9_-]*$",
        max_length=600,
        description="`next` of the page before; empty for the first",
    ),
]
Limit = Annotated[int, Query(ge=1, le=200, description="most items on a page")]


class In(BaseModel):
    """What a program sends: exact types, and nothing unknown."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Out(BaseModel):
    """What a program receives."""


class PlanName(Out):
    """A plan, as other things name it."""

    code: str
    name: str

    @classmethod
    def of(cls, plan: Plan) -> "PlanName":
        return cls(code=plan.code, name=plan.name)
