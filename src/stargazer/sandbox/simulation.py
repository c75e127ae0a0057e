"""GitHub without a network: a request goes in, an answer and the seconds it took come out."""

from __future__ import annotations

import random
import zlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from stargazer.sandbox import charge, document, moments, outcome, record, refusals
from stargazer.sandbox.account import Account, Reading
from stargazer.sandbox.answer import Answer, Caller
from stargazer.sandbox.behaviour import Behaviour, ResourceAnswer, Stargazers, TimeoutAnswer, Token
from stargazer.sandbox.churn import Churner
from stargazer.sandbox.document import Operation
from stargazer.sandbox.facts import Fragments
from stargazer.sandbox.faults import Fault
from stargazer.sandbox.graph import Graph
from stargazer.sandbox.outcome import Delivery, EndedError, Outcome

RESET_SECONDS = 0.25
"""How long a call took whose connection is reset: no header can say it, so both sides assume it."""


class Call(msgspec.Struct):
    """One call while it is being answered."""

    number: int
    at: float
    fault: Fault | None
    account: Account | None = None
    stargazers: Stargazers = Stargazers.OPEN
    scopes: tuple[str, ...] | None = None
    points: int = 0
    requests: int = 0
    possible_nodes: int = 0
    connections: int = 0
    nodes: int = 0
    in_flight: int = 1
    kinds: dict[str, int] = {}


class Simulation:
    """Answers calls one by one, charges for them, and writes down who overspends.

    Attributes:
        calls: what was asked and charged.
        violations: rules that callers broke.
    """

    def __init__(self, graph: Graph, behaviour: Behaviour, *, tolerance_seconds: float) -> None:
        self.calls: list[record.CallRecord] = []
        self.violations: list[record.Violation] = []
        self._graph = graph
        self._behaviour = behaviour
        self._tolerance = tolerance_seconds
        self._fragments = Fragments(graph)
        self._churner = Churner(graph, behaviour)
        self._accounts: dict[str, Account] = {}
        self._seeds: set[int] = set()
        self._started: float | None = None
        self._fault_chance = random.Random(f"faults {behaviour.seed}")
        self._jitter_chance = random.Random(f"jitter {behaviour.seed}")

    def close(self) -> None:
        """Let go of the graph."""
        self._fragments.close()

    def answer(self, headers: Mapping[str, str], body: bytes, at: float) -> Outcome:
        """Answer one call.

        Args:
            headers: of the request, by lower-case name.
            body: of the request.
            at: when it arrives, in seconds since 1970.
        """
        if self._started is None:
            self._started = at
        number = len(self.calls) + 1
        self._graph.move_to(moments.from_seconds(at))
        self._churner.change(number)
        faults = self._behaviour.faults
        call = Call(number=number, at=at, fault=faults.draw(number, self._fault_chance))
        try:
            answered = self._serve(call, headers, body)
        except EndedError as ended:
            answered = ended.outcome
            answered.seconds = answered.seconds or self._behaviour.server.base_seconds
        return self._finish(call, answered)

    def _serve(self, call: Call, headers: Mapping[str, str], body: bytes) -> Outcome:
        self._follow_script(call)
        if not headers.get("user-agent"):
            page = refusals.NO_USER_AGENT.encode()
            raise EndedError(Outcome(name="forbidden", status=403, body=page, content_type="text/plain"))
        call.account = account = self._authenticate(call, headers)
        self._check_pace(call, account)
        self._fail_early(call, account)
        operation, variables = self._read(call, account, body)
        self._pay(call, account, operation, variables)
        return self._work(call, account, operation, variables)

    # Before the work.

    def _follow_script(self, call: Call) -> None:
        faults = self._behaviour.faults
        given = faults.answers.get(call.number)
        if given is not None:
            kind = given.headers.get("content-type", outcome.JSON)
            rest = {name: value for name, value in given.headers.items() if name.lower() != "content-type"}
            answered = Outcome(
                name="scripted",
                status=given.status,
                body=given.body.encode(),
                content_type=kind,
                headers=rest,
            )
            raise EndedError(answered)
        redirect = faults.redirects.get(call.number)
        if redirect is not None:
            payload = {
                "message": "Moved",
                "url": redirect.location,
                "documentation_url": refusals.DOCUMENTATION_URL,
            }
            raise EndedError(
                outcome.reply("redirected", payload, status=redirect.status, Location=redirect.location)
            )

    def _authenticate(self, call: Call, headers: Mapping[str, str]) -> Account:
        scheme, _, text = headers.get("authorization", "").partition(" ")
        text = text.strip()
        if scheme.lower() not in {"bearer", "token"} or not text:
            raise EndedError(self._refuse_credentials(refusals.NO_CREDENTIALS))
        known = self._behaviour.tokens
        token = known.get(text) if known else Token(user=f"viewer-{zlib.crc32(text.encode()):08x}")
        if token is None or token.dead or call.fault is Fault.BAD_CREDENTIALS:
            raise EndedError(self._refuse_credentials(refusals.BAD_CREDENTIALS))
        call.stargazers = self._behaviour.stargazers if token.stargazers is None else token.stargazers
        call.scopes = token.scopes
        return self._accounts.get(token.user) or self._open_account(token)

    def _open_account(self, token: Token) -> Account:
        user = self._graph.find_user(token.user)
        number = 90_000_000 + zlib.crc32(token.user.encode()) % 1_000_000
        account = Account(
            token.user,
            number if user is None else self._graph.user_database_id(user),
            self._behaviour,
            limit=token.points_per_hour or self._behaviour.points_per_hour,
            tolerance_seconds=self._tolerance,
        )
        self._accounts[token.user] = account
        return account

    def _refuse_credentials(self, payload: dict[str, Any]) -> Outcome:
        refused = outcome.reply("credentials", payload, status=401)
        if not self._behaviour.enterprise:
            refused.headers = {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "0"}
        return refused

    def _check_pace(self, call: Call, account: Account) -> None:
        """Refuse what comes too fast, and write down what the caller should have known."""
        call.in_flight = account.count_in_flight(call.at)
        if self._behaviour.one_in_flight and call.in_flight > 1:
            self._blame(call, "one-in-flight", f"{call.in_flight} calls in flight at once")
        early = account.waits_too_short(call.at)
        if early is not None:
            self._blame(call, "wait", early)
        if self._behaviour.enterprise:
            return
        if account.is_blocked(call.at) or account.exceeds_secondary(call.at):
            self._refuse_secondary(call, account, self._behaviour.secondary.retry_after_seconds)

    def _refuse_secondary(self, call: Call, account: Account, seconds: int | None) -> None:
        account.block(call.at, seconds)
        told = {} if seconds is None else {"retry_after": str(seconds)}
        status = self._behaviour.secondary.status
        refused = outcome.reply("secondary-limit", refusals.SECONDARY_LIMIT, status=status, **told)
        raise EndedError(self._with_reading(refused, call, account))

    def _fail_early(self, call: Call, account: Account) -> None:
        """End the call where the fault strikes before any work is done."""
        match call.fault:
            case Fault.SECONDARY_LIMIT:
                seconds = self._behaviour.secondary.retry_after_seconds or 60
                self._refuse_secondary(call, account, seconds)
            case Fault.SECONDARY_LIMIT_UNTIMED:
                self._refuse_secondary(call, account, None)
            case Fault.RATE_LIMIT | Fault.RATE_LIMITED:
                account.order_wait(call.at, None)
                self._refuse_primary(
                    call, account, "RATE_LIMIT" if call.fault is Fault.RATE_LIMIT else "RATE_LIMITED"
                )
            case Fault.SERVER_ERROR:
                raise EndedError(outcome.reply("server-error", {"message": "Server Error"}, status=500))
            case Fault.UNAVAILABLE:
                raise EndedError(outcome.gateway_error("unavailable", 503))
            case Fault.FORBIDDEN:
                refused = outcome.reply("forbidden", {"message": refusals.NOT_ACCESSIBLE}, status=403)
                raise EndedError(self._with_reading(refused, call, account))

    def _refuse_primary(self, call: Call, account: Account, spelling: str) -> None:
        error = refusals.describe_rate_limit(account.number, spelling=spelling)
        raise EndedError(
            self._with_reading(outcome.reply("primary-limit", {"errors": [error]}), call, account)
        )

    def _read(self, call: Call, account: Account, body: bytes) -> tuple[Operation, dict[str, Any]]:
        """Read, validate and choose what is asked."""
        try:
            asked = msgspec.json.decode(body)
        except msgspec.DecodeError:
            raise EndedError(
                outcome.reply("invalid", {"message": "Problems parsing JSON"}, status=400)
            ) from None
        try:
            if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
                raise document.MistakeError(
                    [{"message": "A query attribute must be specified and must be a string."}]
                )
            given = asked.get("variables") or {}
            operation = document.prepare(asked["query"]).choose(asked.get("operationName"), given)
            call.kinds = dict(Counter(operation.root_names))
            return operation, operation.coerce(given)
        except document.MistakeError as mistake:
            raise self._ended(call, account, "invalid", {"errors": mistake.errors}) from None

    def _ended(self, call: Call, account: Account, name: str, payload: dict[str, Any]) -> EndedError:
        return EndedError(self._with_reading(outcome.reply(name, payload), call, account))

    def _pay(self, call: Call, account: Account, operation: Operation, variables: Mapping[str, Any]) -> None:
        """Price the call by the formula, and take its points."""
        try:
            cost = charge.price(operation, variables)
            if cost.nodes > self._behaviour.node_limit:
                self._blame(call, "node-limit", f"{cost.nodes} possible nodes")
                raise refusals.too_many_nodes(cost.nodes, self._behaviour.node_limit)
            if len(operation.root.fields) > self._behaviour.alias_limit:
                self._blame(call, "alias-limit", f"{len(operation.root.fields)} fields")
                raise refusals.resource_limits(whole=True)
        except refusals.RefusedError as refused:
            raise self._ended(
                call, account, "invalid", {"data": None, "errors": [refused.describe()]}
            ) from None
        call.requests, call.possible_nodes = cost.requests, cost.nodes
        if self._behaviour.enterprise:
            return
        knew = account.knew_better(cost.points, call.at)
        if knew is not None:
            self._blame(call, "points", knew)
        if cost.points > account.read(call.at).remaining:
            self._refuse_primary(call, account, self._behaviour.rate_limit_spelling)
        call.points = cost.points
        account.charge(cost.points)

    # The work.

    def _work(
        self, call: Call, account: Account, operation: Operation, variables: Mapping[str, Any]
    ) -> Outcome:
        reading = account.read(call.at)
        if charge.is_dry_run(operation, variables):
            operation = msgspec.structs.replace(operation, root=_only_rate_limit(operation.root))
            cost = charge.quote(operation, variables)
        else:
            cost = call.points
        work = self._begin(call, account, reading, cost)
        broken = operation.root.fields[-1].key if call.fault is Fault.WENT_WRONG_AT_ALIAS else None
        text = work.write(operation, variables, broken=broken)
        call.connections, call.nodes = work.connections, work.nodes
        seconds = self._time(call, work)
        if seconds is None:
            return self._time_out(call, account)
        if work.is_exceeded and self._behaviour.resource_answer is ResourceAnswer.WHOLE:
            payload = {"data": None, "errors": [refusals.resource_limits(whole=True).describe()]}
            answered = outcome.reply("resource-limits", payload)
        else:
            name = "resource-limits" if work.is_exceeded else record.ANSWERED
            answered = Outcome(name=name, body=_join(text, work.errors))
        answered.seconds = seconds
        return self._spoil(call, self._with_reading(answered, call, account))

    def _begin(self, call: Call, account: Account, reading: Reading, cost: int) -> Answer:
        rate_limit = outcome.describe_reading(reading, cost=cost, nodes=call.possible_nodes)
        return Answer(
            self._graph,
            self._fragments,
            self._behaviour,
            caller=Caller(account.login, account.number, call.stargazers),
            limit=self._behaviour.server.limit(call.at - (self._started or 0.0)),
            rate_limit=None if self._behaviour.enterprise else rate_limit,
            seeds=self._seeds,
        )

    def _time(self, call: Call, work: Answer) -> float | None:
        """Return the seconds that the work takes; None if it ends at the wall."""
        server = self._behaviour.server
        elapsed = call.at - (self._started or 0.0)
        seconds = server.seconds(work.connections, work.nodes, elapsed, self._jitter_chance)
        if call.fault is Fault.SLOW:
            seconds += self._behaviour.faults.slow_seconds
        overworked = work.is_exceeded and self._behaviour.resource_answer is ResourceAnswer.TIMEOUT
        return None if seconds > server.wall_seconds or work.is_stuck or overworked else seconds

    def _time_out(self, call: Call, account: Account) -> Outcome:
        """End a call at the wall; it costs extra, and no header says so."""
        if not self._behaviour.enterprise:
            call.points += self._behaviour.timeout_points
            account.charge(self._behaviour.timeout_points)
        match self._behaviour.timeout_answer:
            case TimeoutAnswer.WENT_WRONG:
                payload = {"data": None, "errors": [refusals.went_wrong(whole=True).describe()]}
                answered = outcome.reply(record.TIMED_OUT, payload, status=502)
            case TimeoutAnswer.GATEWAY_TIMEOUT:
                answered = outcome.gateway_error(record.TIMED_OUT, 504)
            case _:
                answered = outcome.gateway_error(record.TIMED_OUT, 502)
        answered.seconds = self._behaviour.server.wall_seconds
        return answered

    def _spoil(self, call: Call, answered: Outcome) -> Outcome:
        """Let the fault strike after the work is done and charged."""
        match call.fault:
            case Fault.BAD_GATEWAY | Fault.GATEWAY_TIMEOUT:
                status = 502 if call.fault is Fault.BAD_GATEWAY else 504
                spoilt = outcome.gateway_error(call.fault, status)
                spoilt.seconds = answered.seconds
                return spoilt
            case Fault.WENT_WRONG:
                payload = {"data": None, "errors": [refusals.went_wrong(whole=True).describe()]}
                answered.body = refusals.encode(payload)
            case Fault.GARBLED:
                answered.body = b"\x00<" + answered.body[len(answered.body) // 3 :]
            case Fault.TRUNCATED:
                answered.delivery = Delivery.TRUNCATED
            case Fault.RESET:
                answered.delivery, answered.status, answered.seconds = Delivery.RESET, 0, RESET_SECONDS
            case _:
                return answered
        answered.name = call.fault
        return answered

    # After the work.

    def _with_reading(self, answered: Outcome, call: Call, account: Account) -> Outcome:
        """Add the headers that tell the rate limit; a 5xx has none."""
        if not self._behaviour.enterprise:
            answered.headers = {**answered.headers, **outcome.write_reading(account.read(call.at))}
        if call.scopes is not None:
            answered.headers = {**answered.headers, "x-oauth-scopes": ", ".join(call.scopes)}
        return answered

    def _finish(self, call: Call, answered: Outcome) -> Outcome:
        account = call.account
        if account is not None:
            heard = answered.delivery is Delivery.WHOLE
            account.work(call.at, answered.seconds if heard else 0.0)
            if heard and "x-ratelimit-remaining" in answered.headers:
                account.tell(account.read(call.at))
        self.calls.append(self._describe(call, answered))
        return answered

    def _describe(self, call: Call, answered: Outcome) -> record.CallRecord:
        return record.CallRecord(
            number=call.number,
            at=moments.from_seconds(call.at),
            user=None if call.account is None else call.account.login,
            points=call.points,
            requests=call.requests,
            possible_nodes=call.possible_nodes,
            connections=call.connections,
            nodes=call.nodes,
            seconds=answered.seconds,
            status=answered.status,
            aliases=sum(call.kinds.values()) - call.kinds.get("rateLimit", 0),
            in_flight=call.in_flight,
            kinds=call.kinds,
            sent_bytes=len(answered.body),
            outcome=answered.name,
        )

    def _blame(self, call: Call, rule: str, detail: str) -> None:
        self.violations.append(record.Violation(call.number, moments.from_seconds(call.at), rule, detail))


def _only_rate_limit(root: document.Selection) -> document.Selection:
    fields = tuple(field for field in root.fields if field.name == "rateLimit")
    return msgspec.structs.replace(root, fields=fields)


def _join(data: str, errors: list[dict[str, Any]]) -> bytes:
    if not errors:
        return f'{{"data":{data}}}'.encode()
    return f'{{"data":{data},"errors":{msgspec.json.encode(errors).decode()}}}'.encode()
