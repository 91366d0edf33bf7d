"""Every type, cause and priority of recommendation is wired everywhere; one that is added somewhere alone is missed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

import pytest
from pydantic import ValidationError

from gateway.endpoints.advice import RecommendationView
from pulsepoint.brand.facts import RecommendationFacts
from pulsepoint.brand.sentences import recommendations
from pulsepoint.brand.vocabulary import Cause, Priority, RecommendationType
from tests.builders.advice_cases import ADVICE
from tests.builders.insights import text_of


class AddedType(StrEnum):
    """A type that nobody wired."""

    LOWER_PRICE = "lower_price"


def given_by_a_rule(kind: StrEnum) -> bool:
    return any(advice.type == kind for advice in ADVICE.values())


def in_sentences(kind: StrEnum) -> bool:
    return kind in recommendations.COMPOSERS and given_by_a_rule(kind)


def in_facts(kind: StrEnum) -> bool:
    facts = {"recommendation_id": "r", "type": kind.value, "priority": "high", "subject": "s"}
    try:
        RecommendationFacts.model_validate(facts)
    except ValidationError:
        return False
    return True


def in_the_api(kind: StrEnum) -> bool:
    return kind.value in RecommendationView.model_json_schema()["$defs"]["RecommendationType"]["enum"]


PLACES: Mapping[str, Callable[[StrEnum], bool]] = {
    "rule": given_by_a_rule,
    "sentences": in_sentences,
    "facts": in_facts,
    "API": in_the_api,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", RecommendationType)
def test_every_recommendation_type_is_wired(kind: RecommendationType, place: str) -> None:
    assert PLACES[place](kind), f"{place}: {kind} is given"


@pytest.mark.parametrize("place", PLACES)
def test_an_added_recommendation_type_is_missed(place: str) -> None:
    assert not PLACES[place](AddedType.LOWER_PRICE)


@pytest.mark.parametrize(("kind", "cause"), [(kind, cause) for kind in RecommendationType for cause in kind.causes])
def test_every_cause_is_given_by_some_rule_and_has_sentences(kind: RecommendationType, cause: Cause) -> None:
    given = [advice for advice in ADVICE.values() if (advice.type, advice.cause) == (kind, cause)]
    assert given, f"no rule gives {kind} for {cause}"
    for advice in given:
        text = text_of(advice)
        assert all((text.action, text.reason, text.expected_impact))


def test_no_rule_gives_a_cause_that_its_type_does_not_name() -> None:
    assert all(advice.cause in advice.type.causes for advice in ADVICE.values())


def test_every_priority_has_its_own_rank() -> None:
    assert sorted(priority.rank for priority in Priority) == list(range(len(Priority)))
