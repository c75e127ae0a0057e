"""Everything that is kept of one GitHub endpoint, side by side."""

from __future__ import annotations

from stargazer.runner import Clock
from stargazer.store.among import AmongLists
from stargazer.store.answers import Answers
from stargazer.store.answers_pages import AnswerPages
from stargazer.store.credentials import Credentials
from stargazer.store.database import Database
from stargazer.store.details import RepositoryDetails
from stargazer.store.forgotten import Forgotten
from stargazer.store.imported_lists import ImportedLists
from stargazer.store.refusals import Refusals
from stargazer.store.repositories import Repositories
from stargazer.store.star_lists import StarLists
from stargazer.store.stargazer_lists import StargazerLists
from stargazer.store.users import Users


class Stores:
    """The rooms of one store.

    Args:
        database: the store, open for one GitHub endpoint.
        clock: the time it goes by.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self.repositories = Repositories(database)
        self.users = Users(database)
        self.forgotten = Forgotten(database)
        self.star_lists = StarLists(database, self.repositories, self.forgotten)
        self.stargazer_lists = StargazerLists(database)
        self.among = AmongLists(database, clock)
        self.answers = Answers(database, forgotten=self.forgotten)
        self.pages = AnswerPages(database)
        self.details = RepositoryDetails(database)
        self.credentials = Credentials(database, self.forgotten)
        self.refusals = Refusals(database)
        self.imported_lists = ImportedLists(database, self.forgotten)
