"""The catalogue finds every document, parses it once, and says what is wrong with a broken one."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode

from stargazer import catalogue, errors

INSTALLED = catalogue.installed()


def test_every_file_is_found() -> None:
    """The names are those of the files, sorted."""
    assert {"repository", "stargazers", "star_list", "user", "viewer", "rate_limit"} <= set(INSTALLED.names)
    assert list(INSTALLED.names) == sorted(INSTALLED.names)


@pytest.mark.parametrize("name", INSTALLED.names)
def test_a_definition_is_named_as_its_file(name: str) -> None:
    """`star_list.graphql` defines `StarList`, so that one finds the other."""
    definition = INSTALLED.load(name).definition

    assert definition.name is not None
    assert definition.name.value == name.title().replace("_", "")


@pytest.mark.parametrize("name", INSTALLED.names)
def test_every_document_describes_itself(name: str) -> None:
    """The leading comment says what is asked in a sentence, then what it costs."""
    first, _, rest = INSTALLED.load(name).description.partition("\n")

    assert first.endswith((".", "?"))
    assert rest.strip()


def test_a_document_brings_its_fragments() -> None:
    """What can be sent holds the operation first, then each fragment once."""
    operation, fragment = INSTALLED.document("stargazers").definitions

    assert isinstance(operation, OperationDefinitionNode)
    assert isinstance(fragment, FragmentDefinitionNode)
    assert fragment.name.value == "StargazersPage"


def test_a_document_is_parsed_once() -> None:
    """Asking again gives the same object."""
    assert INSTALLED.load("star_list") is INSTALLED.load("star_list")
    assert catalogue.installed() is INSTALLED


def test_a_missing_document_is_named() -> None:
    """The error says which file is missing and what to do."""
    with pytest.raises(errors.InternalError, match=r"no_such\.graphql is missing: install stargazer again"):
        INSTALLED.load("no_such")


def test_fragments_of_fragments_come_along_once(tmp_path: Path) -> None:
    """A fragment that two others spread is there once; other files are left alone."""
    (tmp_path / "q.graphql").write_text("query Q { viewer { ...A ...B } }")
    (tmp_path / "a.graphql").write_text("fragment A on User { ...C }")
    (tmp_path / "b.graphql").write_text("fragment B on User { ... on User { ...C } }")
    (tmp_path / "c.graphql").write_text("fragment C on User { id }")
    (tmp_path / "notes.txt").write_text("no document")
    own = catalogue.Catalogue(tmp_path)

    assert own.names == ("a", "b", "c", "q")
    assert [part.name for part in own.fragments_of(own.load("q"))] == ["a", "b", "c"]


def test_an_undefined_fragment_is_named(tmp_path: Path) -> None:
    """A spread that no document defines is an error of ours, told by name."""
    (tmp_path / "q.graphql").write_text("query Q { viewer { ...Gone } }")

    with pytest.raises(errors.InternalError, match="defines the fragment Gone"):
        catalogue.Catalogue(tmp_path).document("q")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("query Q { viewer { id } } query R { viewer { id } }", "must hold one operation or one fragment"),
        ("type T { id: ID }", "must hold one operation or one fragment"),
        ("query Q {", "cannot be read: Syntax Error"),
        ("# Nothing.", "cannot be read: Syntax Error"),
    ],
)
def test_a_broken_document_is_named(text: str, told: str) -> None:
    """One operation or fragment a file, and that must be GraphQL."""
    with pytest.raises(errors.InternalError, match=rf"queries/q\.graphql {told}"):
        catalogue.Query("q", text)


def test_the_first_folder_that_exists_is_taken(tmp_path: Path) -> None:
    """A wheel holds `queries/` inside the package; an editable install leaves it in the checkout."""
    packaged, checkout = tmp_path / "packaged", tmp_path / "checkout"
    checkout.mkdir()
    assert catalogue.find_folder(packaged, checkout) == checkout

    packaged.mkdir()
    assert catalogue.find_folder(packaged, checkout) == packaged


def test_a_broken_installation_says_so(tmp_path: Path) -> None:
    """No folder is there: the error names all that were looked at."""
    with pytest.raises(errors.InternalError, match=r"here nor .*there: install stargazer again"):
        catalogue.find_folder(tmp_path / "here", tmp_path / "there")
