"""A simulated GitHub: it answers `POST /graphql` from a graph of stars, and charges like GitHub.

It shares no code with the planner or with the GitHub client, so that what it
charges and refuses is reckoned independently of what they expect.
"""

from stargazer.sandbox.behaviour import (
    Behaviour,
    Change,
    Churn,
    ResourceAnswer,
    Secondary,
    Stargazers,
    StarLists,
    TimeoutAnswer,
    Token,
)
from stargazer.sandbox.clock import Clock
from stargazer.sandbox.faults import Answer, Fault, Faults, Redirect
from stargazer.sandbox.graph import Graph
from stargazer.sandbox.real import real_graph
from stargazer.sandbox.record import CallRecord, Totals, Violation
from stargazer.sandbox.sandbox import NOW_HEADER, SECONDS_HEADER, Sandbox, serve
from stargazer.sandbox.schema import schema
from stargazer.sandbox.separate import Recipe, SeparateSandbox
from stargazer.sandbox.server import SERVERS, ResourceLimit, Server
from stargazer.sandbox.simulation import RESET_SECONDS
from stargazer.sandbox.synthetic import SUBJECTS, synthetic_graph

__all__ = [
    "NOW_HEADER",
    "RESET_SECONDS",
    "SECONDS_HEADER",
    "SERVERS",
    "SUBJECTS",
    "Answer",
    "Behaviour",
    "CallRecord",
    "Change",
    "Churn",
    "Clock",
    "Fault",
    "Faults",
    "Graph",
    "Recipe",
    "Redirect",
    "ResourceAnswer",
    "ResourceLimit",
    "Sandbox",
    "Secondary",
    "SeparateSandbox",
    "Server",
    "StarLists",
    "Stargazers",
    "TimeoutAnswer",
    "Token",
    "Totals",
    "Violation",
    "real_graph",
    "schema",
    "serve",
    "synthetic_graph",
]
