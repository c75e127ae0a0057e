"""`stargazer sandbox`: a simulated GitHub to try everything with."""

from __future__ import annotations

import asyncio
import ipaddress

import msgspec
import rich_click as click

from stargazer.cli.options import SPEED, format_option
from stargazer.cli.output import print_json, print_words
from stargazer.cli.signals import stop_on_signal
from stargazer.cli.verbatim import VerbatimCommand
from stargazer.errors import InvalidRequest
from stargazer.sandbox import (
    SERVERS,
    SUBJECTS,
    Behaviour,
    Fault,
    Faults,
    Graph,
    Sandbox,
    Stargazers,
    StarLists,
    real_graph,
    synthetic_graph,
)

EXAMPLES = """
Examples:
  stargazer sandbox
  stargazer sandbox --restricted forbidden
  stargazer sandbox --faults bad-gateway=0.05,reset=0.02 --points-per-hour 200
"""

PORT = 8765
STARS_PER_USER = 50
USERS_PER_REPOSITORY = 2


class FaultShares(click.ParamType[dict[str, float]]):
    """Faults with their shares of calls, written bad-gateway=0.05,reset=0.02."""

    name = "faults"

    def convert(
        self, value: str | dict[str, float], param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, float]:
        """Read the faults."""
        if isinstance(value, dict):
            return value
        shares: dict[str, float] = {}
        for part in value.split(","):
            name, _, share = part.partition("=")
            try:
                shares[Fault(name.strip()).replace("-", "_")] = float(share)
            except ValueError:
                known = ", ".join(fault.value for fault in Fault)
                self.fail(f"{part!r} is no NAME=SHARE; the names are {known}", param, ctx)
        if not all(0 <= share <= 1 for share in shares.values()) or sum(shares.values()) > 1:
            self.fail("shares are 0 to 1, and together at most 1", param, ctx)
        return shares


@click.command("sandbox", cls=VerbatimCommand, epilog=EXAMPLES)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--public", is_flag=True, help="Listen where other machines can reach it, if --host says so.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=PORT, show_default=True, help="0: any that is free."
)
@click.option(
    "--speed",
    type=click.FloatRange(1, 1_000),
    default=SPEED,
    show_default=True,
    metavar="N",
    help="Run N times faster than GitHub.",
)
@click.option(
    "--restricted",
    type=click.Choice([Stargazers.FORBIDDEN.value, Stargazers.EMPTY.value]),
    help="Refuse lists of stargazers, in one of GitHub's two disguises.",
)
@click.option(
    "--star-lists",
    type=click.Choice([lists.value for lists in StarLists if lists is not StarLists.OPEN]),
    help="Refuse what users starred, likewise.",
)
@click.option(
    "--faults",
    type=FaultShares(),
    metavar="NAME=SHARE,…",
    help=f"What goes wrong, and in which share of calls: {', '.join(fault.value for fault in Fault)}.",
)
@click.option(
    "--points-per-hour",
    type=click.IntRange(min=1),
    default=Behaviour().points_per_hour,
    show_default=True,
    metavar="N",
    help="Of each token.",
)
@click.option(
    "--server",
    type=click.Choice(list(SERVERS)),
    default="default",
    show_default=True,
    help="How fast it works, and what is too much for it.",
)
@click.option(
    "--synthetic",
    "users",
    type=click.IntRange(min=1_000, max=200_000),
    metavar="USERS",
    help=f"A made-up graph of so many users in place of real data; try {', '.join(SUBJECTS)}.",
)
@format_option("table", "json")
def command(
    host: str,
    public: bool,
    port: int,
    speed: float,
    restricted: str | None,
    star_lists: str | None,
    faults: dict[str, float] | None,
    points_per_hour: int,
    server: str,
    users: int | None,
    form: str,
) -> int:
    """Serve a simulated GitHub with real data, to try everything without a token.

    It answers GraphQL from 9,990 real repositories and the 174,151 stars they had in 2009, charges for
    it by GitHub's formula, limits and refuses like GitHub, and ends with Ctrl-C. Any token is good.
    """
    _check_host(host, public)
    behaviour = Behaviour(
        speed=speed,
        server=SERVERS[server],
        stargazers=Stargazers(restricted or "open"),
        star_lists=StarLists(star_lists or "open"),
        faults=msgspec.convert(faults or {}, Faults),
        points_per_hour=points_per_hour,
    )
    sandbox = Sandbox(_graph(users), behaviour, host=host, port=port)
    asyncio.run(_serve(sandbox, form, "rails/rails" if users is None else next(iter(SUBJECTS))))
    return 0


def _check_host(host: str, public: bool) -> None:
    """Keep the sandbox on this machine unless that is wanted.

    Raises:
        InvalidRequest: it would be reached from elsewhere.
    """
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not (loopback or public):
        raise InvalidRequest("--host", "an address of this machine alone, or come with --public", got=host)


def _graph(users: int | None) -> Graph:
    if users is None:
        return real_graph()
    repositories = users // USERS_PER_REPOSITORY
    return synthetic_graph(users=users, stars=STARS_PER_USER * users, repositories=repositories)


async def _serve(sandbox: Sandbox, form: str, example: str) -> None:
    """Serve until a signal comes.

    Raises:
        InvalidRequest: the address is taken, or is not this machine's.
    """
    stopped = asyncio.Event()
    try:
        await sandbox.start()
    except OSError as error:
        await sandbox.stop()
        raise InvalidRequest("--port", f"free, at a --host of this machine ({error.strerror})") from error
    try:
        with stop_on_signal(stopped.set):
            _tell(sandbox.url, form, example)
            await stopped.wait()
    finally:
        await sandbox.stop()


def _tell(url: str, form: str, example: str) -> None:
    environment = {"STARGAZER_GITHUB_URL": url, "GITHUB_TOKEN": "anything"}
    if form == "json":
        print_json({"url": url, "environment": environment})
        return
    words = [f"{name}={value}" for name, value in environment.items()]
    print_words(
        [
            f"A simulated GitHub listens at {url} until Ctrl-C. To ask it, in another terminal:",
            "",
            f"  export {' '.join(words)}",
            f"  stargazer neighbours {example} --no-store",
        ]
    )
