"""Who gets which license by rule, in which order: computed in memory, so that what is shown before is what is done.

The order, as the page states it: the highest plan first; of equal plans the oldest rule; within a rule whoever was added
to the account first. Whoever fits several rules has the first of them, and waits for it where its plan has run out. A
license that a person gave is never touched, and nobody loses one that his rule has given to make room for another.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID


@dataclass(frozen=True)
class Rule:
    """A rule as its place in the order knows it."""

    id: UUID
    plan: UUID
    kind: str  # of the people or mailboxes that the plan fits


class Person(NamedTuple):
    id: UUID
    kind: str


class Held(NamedTuple):
    """A license that somebody holds, and the rule that gave it, if one did."""

    license: UUID
    plan: UUID
    rule: UUID | None


class Give(NamedTuple):
    """A license of the rule's plan for a person; where he has one of another rule's already, that one goes back."""

    person: UUID
    rule: UUID
    instead_of: UUID | None = None


@dataclass
class Decision:
    """What is to be done, in this order."""

    free: list[UUID] = field(default_factory=list)  # licenses whose holder no longer fits
    keep: list[tuple[UUID, UUID]] = field(
        default_factory=list
    )  # licenses that another rule of the same plan carries now
    give: list[Give] = field(default_factory=list)
    waits: dict[UUID, list[UUID]] = field(
        default_factory=dict
    )  # of each rule: who finds no license, in order
    fits: dict[UUID, int] = field(
        default_factory=dict
    )  # of each rule: how many people have it as their first
    has: dict[UUID, int] = field(default_factory=dict)  # of these: how many hold any license already

    fitting: set[UUID] = field(default_factory=set)  # everybody whom some rule fits


def decide(
    rules: Sequence[Rule],
    people: Sequence[Person],
    members: Mapping[UUID, AbstractSet[UUID]],
    held: Mapping[UUID, Held],
    left: Mapping[UUID, int],
    excepted: AbstractSet[UUID] = frozenset(),
) -> Decision:
    """Who gets what.

    `rules` and `people` stand in their order, `members` are each rule's people at any depth, `left` is the number of
    licenses of each plan that nobody holds.
    """
    made = Decision(waits={rule.id: [] for rule in rules}, fits=dict.fromkeys((rule.id for rule in rules), 0))
    made.has = dict(made.fits)
    pool = dict(left)
    first = _first_rules(rules, people, members)
    made.fitting = set(first)
    by_id = {rule.id: rule for rule in rules}
    _free(made, first, by_id, members, held, pool)
    freed = set(made.free)
    for rule in rules:
        for person in people:
            if first.get(person.id) == rule.id:
                has = held.get(person.id)
                _serve(made, rule, person.id, None if has and has.license in freed else has, pool, excepted)
    return made


def _first_rules(
    rules: Sequence[Rule], people: Sequence[Person], members: Mapping[UUID, AbstractSet[UUID]]
) -> dict[UUID, UUID]:
    """Of each person the first rule that he fits."""
    first: dict[UUID, UUID] = {}
    for rule in rules:
        inside = members.get(rule.id, frozenset())
        for person in people:
            if person.id in inside and person.kind == rule.kind:
                first.setdefault(person.id, rule.id)
    return first


def _free(
    made: Decision,
    first: Mapping[UUID, UUID],
    rules: Mapping[UUID, Rule],
    members: Mapping[UUID, AbstractSet[UUID]],
    held: Mapping[UUID, Held],
    pool: dict[UUID, int],
) -> None:
    """What rules gave and no rule upholds goes back to the pool."""
    for person, has in held.items():
        if has.rule is None:
            continue
        now = rules.get(first[person]) if person in first else None
        if now is not None and now.plan == has.plan:
            if now.id != has.rule:
                made.keep.append((has.license, now.id))
        elif now is None or has.rule not in rules or person not in members.get(has.rule, frozenset()):
            made.free.append(has.license)
            pool[has.plan] = pool.get(has.plan, 0) + 1


def _serve(
    made: Decision,
    rule: Rule,
    person: UUID,
    has: Held | None,
    pool: dict[UUID, int],
    excepted: AbstractSet[UUID],
) -> None:
    made.fits[rule.id] += 1
    if has is not None:
        made.has[rule.id] += 1
        if has.rule is None or has.plan == rule.plan:
            return
    elif person in excepted:
        return
    if pool.get(rule.plan, 0) > 0:
        pool[rule.plan] -= 1
        if has is not None:
            pool[has.plan] = pool.get(has.plan, 0) + 1
        made.give.append(Give(person, rule.id, has.license if has else None))
    else:
        made.waits[rule.id].append(person)
