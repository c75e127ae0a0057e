"""Made-up logins and names: plausible to read, and nobody's.

Every login ends in `-sim` and a number, so that it is clear at a glance that
no person stands behind it.
"""

from __future__ import annotations

_TEMPERS_TEXT = (
    "amber brisk calm dapper eager fabled gentle hazy idle jolly keen lucid merry nimble opal placid "
    "quiet rustic sunny tidy umber vivid wry young zesty"
)
_TEMPERS = tuple(_TEMPERS_TEXT.split())
_CREATURES_TEXT = (
    "otter heron lynx marten plover quail raven stoat tapir urchin vole wren yak badger coot "
    "dormouse egret finch gecko hare ibis jackdaw koala"
)
_CREATURES = tuple(_CREATURES_TEXT.split())
_TRADES_TEXT = (
    "parse cache queue router index ledger render stream vector widget shader linter codec proxy graph"
)
_TRADES = tuple(_TRADES_TEXT.split())
_KINDS_TEXT = "kit lib core box lab port base hub mill forge"
_KINDS = tuple(_KINDS_TEXT.split())

_TOPICS_TEXT = (
    "web games graphics compilers databases networks security science maps music editors mobile "
    "robots finance testing build queues search images text audio video chat mail shells fonts "
    "charts crypto kernels drivers clouds metrics logging schemas parsers sensors markets travel "
    "health learning"
)
TOPICS = tuple(_TOPICS_TEXT.split())

_LANGUAGES = ("Python", "JavaScript", "Go", "Rust", "Ruby", "C", "C++", "Java", "TypeScript", "Shell", None)


def write_login(number: int) -> str:
    """Return the made-up login of a user.

    Example:
        >>> write_login(4711)
        'lucid-plover-sim4711'
    """
    temper = _TEMPERS[number % len(_TEMPERS)]
    creature = _CREATURES[number // len(_TEMPERS) % len(_CREATURES)]
    return f"{temper}-{creature}-sim{number}"


def write_repository(number: int, topic: int) -> str:
    """Return the made-up name of a repository about a topic.

    Example:
        >>> write_repository(1234, 1)
        'sim-games-5/index-core-1234'
    """
    trade, kind = _TRADES[number % len(_TRADES)], _KINDS[number // len(_TRADES) % len(_KINDS)]
    return f"sim-{TOPICS[topic]}-{number % 97 % 13}/{trade}-{kind}-{number}"


def choose_language(number: int, topic: int) -> str | None:
    """Return the main language of a made-up repository: its topic's, mostly."""
    return _LANGUAGES[(topic if number % 3 else number) % len(_LANGUAGES)]


def choose_archived(repositories: int) -> frozenset[int]:
    """Return which of so many repositories are archived: every 23rd."""
    return frozenset(range(5, repositories, 23))


def choose_forks(repositories: int) -> frozenset[int]:
    """Return which of so many repositories are forks: every 31st."""
    return frozenset(range(7, repositories, 31))
