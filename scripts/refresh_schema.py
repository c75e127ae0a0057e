"""Fetch GitHub's GraphQL schema from npm, slim it, and write the sandbox's package data.

Usage: refresh_schema.py [FILE.graphql]

Without a file it runs `npm pack @octokit/graphql-schema` in a temporary folder.
Descriptions, which are nine tenths of the file, are left out.
"""

from __future__ import annotations

import dataclasses
import gzip
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import graphql

PACKED = Path(__file__).resolve().parents[1] / "src" / "stargazer" / "sandbox" / "packed"
PACKAGE = "@octokit/graphql-schema"
MEMBER = "package/schema.graphql"


def main(arguments: list[str]) -> None:
    """Write `schema.graphql.gz` from a file, or from npm."""
    text = Path(arguments[0]).read_text("utf-8") if arguments else _fetch()
    slim = graphql.strip_ignored_characters(_without_descriptions(text))
    graphql.build_schema(slim, assume_valid=True)
    PACKED.mkdir(exist_ok=True)
    (PACKED / "schema.graphql.gz").write_bytes(gzip.compress(slim.encode(), 9, mtime=0))


def _fetch() -> str:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(  # noqa: S603 - a fixed command
            ["npm", "pack", PACKAGE, "--silent"],  # noqa: S607 - npm is where the machine has it
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
        with tarfile.open(Path(folder) / done.stdout.strip()) as archive:
            member = archive.extractfile(MEMBER)
            if member is None:
                raise FileNotFoundError(f"{PACKAGE} holds no {MEMBER}")
            return member.read().decode("utf-8")


class _Slim(graphql.Visitor):
    """Takes the description off every definition."""

    def enter(self, node: graphql.Node, *_: object) -> graphql.Node | None:
        """Replace one described definition; None leaves the node as it is."""
        if getattr(node, "description", None) is None:
            return None
        return dataclasses.replace(node, description=None)  # type: ignore[call-arg]


def _without_descriptions(text: str) -> str:
    document = graphql.parse(text, no_location=True)
    slim: graphql.Node = graphql.visit(document, _Slim())
    return graphql.print_ast(slim)


if __name__ == "__main__":
    main(sys.argv[1:])
