"""`GET /repos/{owner}/{name}/starneighbours/plan`: the price before it is spent."""

from __future__ import annotations

from litestar import Controller, get
from litestar.params import FromPath

from stargazer.api.answering import Asked
from stargazer.api.backend import Given, KeyRequest
from stargazer.api.parameters import read_query
from stargazer.api.replies import Reply, json_reply
from stargazer.planner.name import parse_name


class PlanController(Controller):
    """What neighbours would cost."""

    path = "/repos/{owner:str}/{name:str}/starneighbours/plan"
    opt = {"scope": "neighbours"}  # noqa: RUF012 - Litestar's

    @get(include_in_schema=False)
    async def plan(
        self,
        request: KeyRequest,
        backend: Given,
        owner: FromPath[str],
        name: FromPath[str],
    ) -> Reply:
        """Ask GitHub one small question, unless the answer is stored."""
        read_query(request.scope["query_string"], ())
        repository = "/".join(parse_name(f"{owner}/{name}"))
        credential = await backend.credentials.of(request.user)
        asked = Asked(repository=repository, credential=credential, key=request.user)
        price = await backend.answering.price(asked)
        return json_reply(200, price.choice())
