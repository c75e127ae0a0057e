"""Compose turns any selections into one document whose text depends on their numbers alone."""

from __future__ import annotations

import re

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse

from stargazer.github import compose
from stargazer.planner import page

ASC, DESC = page.Direction.ASC, page.Direction.DESC


def call_of(*selections: page.Selection) -> page.Call:
    return page.Call(1, selections, 1, 1, 100, 1.0)


def star_list(user_id: str, after: str | None = None) -> page.StarListRequest:
    return page.StarListRequest(user_id, 100, after, ASC, 7)


def root_fields(document: str) -> list[FieldNode]:
    operation = parse(document).definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return [field for field in operation.selection_set.selections if isinstance(field, FieldNode)]


def test_a_call_without_selections_asks_the_rate_limit_alone() -> None:
    """The reading alone is free, so it has no alias and no variable beside it."""
    composed = compose.compose(call_of())

    assert composed.document == "query Call{rateLimit{cost limit remaining used resetAt}}"
    assert composed.variables == {}
    assert composed.operation_name == "Call"


def test_every_call_brings_the_rate_limit() -> None:
    """The ledger settles by what an answer says, so every answer must say it."""
    fields = root_fields(compose.compose(call_of(star_list("U_1"))).document)

    assert [field.name.value for field in fields] == ["node", "rateLimit"]


def test_aliases_count_by_kind_in_the_order_of_the_selections() -> None:
    """The alias of a selection tells its kind and its place among its kind."""
    selections = (
        star_list("U_1"),
        page.FactsRequest("o", "r"),
        star_list("U_2"),
        page.StargazersRequest("o", "r", 100, None, DESC),
        page.UserRequest("ada"),
    )

    assert compose.name_aliases(selections) == ["l0", "f0", "l1", "s0", "u0"]


def test_every_selection_is_one_root_field_under_its_alias() -> None:
    """A composed document asks for each selection once, and for nothing else but the rate limit."""
    selections = (star_list("U_1"), page.FactsRequest("o", "r"), page.UserRequest("ada"), star_list("U_2"))

    fields = root_fields(compose.compose(call_of(*selections)).document)

    asked = {field.alias.value: field.name.value for field in fields if field.alias is not None}
    assert asked == {"l0": "node", "f0": "repository", "u0": "user", "l1": "node"}
    assert len(fields) == len(selections) + 1


def test_values_are_variables_only() -> None:
    """Nothing that differs from call to call stands in the text."""
    request = page.StargazersRequest('o"}{', "n", 37, "Y3Vyc29y", DESC)

    composed = compose.compose(call_of(request))

    assert composed.variables == {
        "s0_owner": 'o"}{',
        "s0_name": "n",
        "s0_first": 37,
        "s0_direction": "DESC",
        "s0_after": "Y3Vyc29y",
    }
    assert not any(str(value) in composed.document for value in ('o"}{', 37, "Y3Vyc29y", "DESC"))


def test_a_first_page_sends_no_cursor() -> None:
    """A variable that is left out is an argument that is left out."""
    composed = compose.compose(call_of(star_list("U_1"), star_list("U_2", "Y3Vyc29y")))

    assert "l0_after" not in composed.variables
    assert composed.variables["l1_after"] == "Y3Vyc29y"


def test_the_text_depends_on_the_numbers_alone() -> None:
    """Other users, cursors, sizes and orders of the selections give the very same text."""
    one = compose.compose(call_of(star_list("U_1"), page.FactsRequest("o", "r")))
    other = compose.compose(call_of(page.FactsRequest("x", "y"), star_list("U_2", "Y3Vyc29y")))

    assert one.document is other.document


def test_a_fragment_stands_once_and_only_where_it_is_spread() -> None:
    """The fields of a page are written once, however many pages are asked."""
    document = compose.compose(call_of(*(star_list(f"U_{number}") for number in range(149)))).document

    assert re.findall(r"fragment (\w+)", document) == ["StarListPage"]
    assert document.count("...StarListPage") == 149


@pytest.mark.parametrize("field", ["stargazers", "starredRepositories"])
def test_the_order_is_always_given(field: str) -> None:
    """Without an order the cursors would be GitHub's to choose."""
    selections = (star_list("U_1"), page.StargazersRequest("o", "r", 100, None, ASC))

    document = compose.compose(call_of(*selections)).document

    assert re.search(rf"{field}\([^)]*orderBy:\{{field:STARRED_AT direction:\$\w+_direction\}}", document)


def test_renames_are_followed() -> None:
    """A repository that moved is read under its new name."""
    selections = (page.FactsRequest("o", "r"), page.StargazersRequest("o", "r", 100, None, ASC))

    assert compose.compose(call_of(*selections)).document.count("followRenames:true") == 2


def test_the_text_of_a_full_call_is_small() -> None:
    """A call of 149 star lists takes less than 40 kB to ask."""
    document = compose.compose(call_of(*(star_list(f"U_{number}") for number in range(149)))).document

    assert len(document) < 40_000
