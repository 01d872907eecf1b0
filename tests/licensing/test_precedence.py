"""What is assigned equals what the stated order says, whatever groups, licenses and rules there are."""

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from valija.licensing.precedence import Held, Person, Rule, decide

PEOPLE = [Person(UUID(int=n), "person") for n in range(1, 7)]
PLANS = [UUID(int=n) for n in (101, 102)]
RULES = [Rule(UUID(int=200 + n), plan, "person") for n, plan in enumerate((PLANS[0], PLANS[0], PLANS[1]))]

groups = st.fixed_dictionaries(
    {rule.id: st.frozensets(st.sampled_from([p.id for p in PEOPLE])) for rule in RULES}
)
holding = st.one_of(
    st.none(), st.tuples(st.sampled_from(PLANS), st.sampled_from([None, *[r.id for r in RULES]]))
)
pools = st.fixed_dictionaries({plan: st.integers(0, 4) for plan in PLANS})


@settings(max_examples=300, deadline=None, derandomize=True)
@given(groups, st.lists(holding, min_size=len(PEOPLE), max_size=len(PEOPLE)), pools)
def test_the_stated_order_decides(
    members: dict[UUID, frozenset[UUID]],
    holds: list[tuple[UUID, UUID | None] | None],
    left: dict[UUID, int],
) -> None:
    plan_of = {rule.id: rule.plan for rule in RULES}
    held = {
        person.id: Held(UUID(int=300 + n), has[0] if has[1] is None else plan_of[has[1]], has[1])
        for n, (person, has) in enumerate(zip(PEOPLE, holds, strict=True))
        if has is not None
    }
    made = decide(RULES, PEOPLE, members, held, left)
    by_license = {has.license: has for has in held.values()}
    first = {
        person.id: next((rule for rule in RULES if person.id in members[rule.id]), None) for person in PEOPLE
    }

    # What a person gave is untouched.
    touched = {
        *made.free,
        *(license for license, _rule in made.keep),
        *(give.instead_of for give in made.give),
    }
    assert all(by_license[license].rule for license in touched if license)
    # Everybody who is given one is given that of his first rule, once.
    assert len({give.person for give in made.give}) == len(made.give)
    assert all(first[give.person] and first[give.person].id == give.rule for give in made.give)  # type: ignore[union-attr]
    # Of each rule those who get one stand before those who wait.
    order = [person.id for person in PEOPLE]
    for rule in RULES:
        gets = [order.index(give.person) for give in made.give if give.rule == rule.id]
        waits = [order.index(person) for person in made.waits[rule.id]]
        assert gets == sorted(gets)
        assert waits == sorted(waits)
        assert not gets or not waits or max(gets) < min(waits)
    # None too many, and nobody waits while one is left.
    for plan in PLANS:
        freed = sum(by_license[license].plan == plan for license in made.free)
        moved = sum(by_license[g.instead_of].plan == plan for g in made.give if g.instead_of)
        given_out = sum(plan_of[give.rule] == plan for give in made.give)
        rest = left[plan] + freed + moved - given_out
        assert rest >= 0
        if any(made.waits[rule.id] for rule in RULES if rule.plan == plan):
            assert left[plan] + freed - given_out <= 0
