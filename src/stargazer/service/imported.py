"""An answer from an imported list says where it came from, of which time it is, and what share it holds."""

from __future__ import annotations

from datetime import datetime

import msgspec

from stargazer.planner.coverage import Coverage
from stargazer.service.importing import share_of
from stargazer.store.imported_lists import ImportedList


class Origin(msgspec.Struct, frozen=True):
    """Where an imported list came from.

    `source` is in the words of whoever imported it. The moments are those of its
    oldest and newest star, and None where it tells none. `share` is the people on
    it by GitHub's public count; it may be over 1, since people take stars back.
    """

    source: str
    imported_at: datetime
    entries: int
    first_starred_at: datetime | None
    last_starred_at: datetime | None
    share: float | None


class ImportedCoverage(Coverage, frozen=True):
    """The coverage of an answer from an imported list."""

    imported: Origin | None = None


def covered(coverage: Coverage, listed: ImportedList) -> ImportedCoverage:
    """Say in a coverage which list it is about."""
    origin = Origin(
        **msgspec.structs.asdict(listed), share=share_of(listed.entries, coverage.stargazers_total)
    )
    members = {name: getattr(coverage, name) for name in coverage.__struct_fields__}
    return ImportedCoverage(**members, imported=origin)
