"""Which neighbours are wanted: whose they are, how well known, and what they are about."""

from __future__ import annotations

import msgspec

from stargazer.planner.page import Details


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of all neighbours; whatever is None is not asked for.

    Args:
        owner: the login of whoever they belong to, in any case.
        min_stars: at least so many stars.
        max_stars: at most so many stars.
        language: what most of them is written in, in any case.
        archived: those that are read-only, or those that are not.
        forks: those that are forks, or those that are not.
    """

    owner: str | None = None
    min_stars: int | None = None
    max_stars: int | None = None
    language: str | None = None
    archived: bool | None = None
    forks: bool | None = None

    @property
    def needs_details(self) -> bool:
        """Whether it asks for what neither an edge nor a stored answer tells."""
        return (self.language, self.archived, self.forks) != (None, None, None)

    def fits(self, repo: str, stars: int) -> bool:
        """Whether a neighbour is wanted, as far as its name and its stars tell.

        Example:
            >>> Filter(owner="Pallets", min_stars=9_000).fits("pallets/jinja", 10_500)
            True
        """
        owned = self.owner is None or repo.partition("/")[0].casefold() == self.owner.casefold()
        return owned and self.fits_stars(stars)

    def fits_stars(self, stars: int) -> bool:
        """Whether so many stars are wanted."""
        return (self.min_stars or 0) <= stars and (self.max_stars is None or stars <= self.max_stars)

    def fits_details(self, details: Details) -> bool:
        """Whether a repository is wanted that is about this.

        Example:
            >>> Filter(language="python").fits_details(Details(None, "Python", True, False))
            True
        """
        language = self.language is None or self.language.casefold() == (details.language or "").casefold()
        archived = self.archived in (None, details.is_archived)
        return language and archived and self.forks in (None, details.is_fork)


ALL = Filter()
"""Every neighbour."""
