"""Measure the HTTP service: `python -m tests.bench.api [--quick]`.

The whole benchmark writes `docs/reference/benchmarks-api.md`; `--quick` takes
some seconds and prints its page. The service is the real one, `stargazer serve
--no-worker`, with its log written to a file; beside it, in turn, an empty
Litestar handler returns the same bytes on the same server.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

import msgspec
from tests.bench.api_ground import KEY, NAMES, PAGE, TOKEN, prepared
from tests.bench.api_load import Found, Order
from tests.bench.store_world import server

REPORT = Path(__file__).parents[2] / "docs" / "reference" / "benchmarks-api.md"
ENDPOINT_URL = "https://api.github.com/graphql"
HALF = 0.5
CONNECTIONS = 2_000
STREAMS = 500

Samples: TypeAlias = dict[str, list[float]]

HEAD = f"""\
# Benchmarks of the HTTP service

Made by `make bench-api`. The service is `stargazer serve --no-worker` with its log written to a file; each
request has its key checked, its quota kept, its usage counted and its line logged. Beside it an empty
Litestar handler returns the same bytes on the same server (uvicorn with uvloop and httptools), one process
each, loaded in turn by another process. {platform.machine()}, {os.cpu_count()} cores, shared with others:
look at the ratios, which compare one round's runs; the second one compares the time a core was had, which
the load of others hardly moves.

Bounds: a page at least 0.60 of the empty handler, an unchanged one (304) at least 0.80; p99 under 20 ms at
half of saturation.

One page of {PAGE} neighbours, with so many names each:

| names | bytes | what | requests | ratio | core time | ratio |
|---|---|---|---|---|---|---|""".splitlines()


class Extent(msgspec.Struct, frozen=True):
    """How long to measure."""

    seconds: float = 5.0
    rounds: int = 5


def say(text: str) -> None:
    """Tell the person who waits what is going on."""
    print(text, file=sys.stderr, flush=True)


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def load(order: Order) -> Found:
    """Load a server from a process of its own."""
    command = [sys.executable, "-m", "tests.bench.api_load"]
    done = subprocess.run(command, input=msgspec.json.encode(order), check=True, capture_output=True)  # noqa: S603
    found: Found = json.loads(done.stdout)
    return found


def fetch(url: str, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """Ask once; returns the body and the fields, lower-cased."""
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - this machine
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return answer.read(), {name.lower(): value for name, value in answer.headers.items()}


def wait_for(url: str) -> None:
    """Wait until a server answers."""
    for _ in range(200):
        try:
            fetch(url, {})
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(url)


@contextmanager
def running(command: list[str], log: Path, *, body: bytes = b"", **environ: str) -> Iterator[int]:
    """Run a server until the end of the block; yields its process id."""
    environment = {**os.environ, **environ}
    with log.open("wb") as out, tempfile.TemporaryFile() as given:
        given.write(body)
        given.seek(0)
        process = subprocess.Popen(command, stdin=given, stdout=out, stderr=out, env=environment)  # noqa: S603
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait()


def cpu_seconds(pid: int) -> float:
    """How long a process has had a core."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """What a process holds in memory now."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)


def measure(names: int, folder: Path, extent: Extent) -> dict[str, Any]:
    """Measure one answer beside the empty handler."""
    port, empty_port = free_port(), free_port()
    with server() as dsn:
        repository = prepared(dsn, ENDPOINT_URL, names)
        path = f"/repos/{repository}/starneighbours?per_page={PAGE}"
        serve = [
            str(Path(sys.executable).with_name("stargazer")),
            "serve",
            "--no-worker",
            "--port",
            str(port),
        ]
        with running(
            serve,
            folder / "serve.log",
            STARGAZER_DATABASE_URL=dsn,
            GITHUB_TOKEN=TOKEN,
            STARGAZER_GITHUB_URL="",
        ) as pid:
            wait_for(f"http://127.0.0.1:{port}/health/ready")
            key = {"x-api-key": KEY}
            body, fields = fetch(f"http://127.0.0.1:{port}{path}", key)
            assert len(json.loads(body)) == PAGE
            empty = [sys.executable, "-m", "tests.bench.api_empty", str(empty_port)]
            with running(empty, folder / "empty.log", body=body) as empty_pid:
                wait_for(f"http://127.0.0.1:{empty_port}/")
                orders = {
                    "empty": Order("127.0.0.1", empty_port, "/", {}),
                    "page": Order("127.0.0.1", port, path, key),
                    "unchanged": Order("127.0.0.1", port, path, {**key, "if-none-match": fields["etag"]}),
                }
                return {
                    "names": names,
                    "bytes": len(body),
                    **in_turn(
                        orders, {name: empty_pid if name == "empty" else pid for name in orders}, extent
                    ),
                    "waits": at_half(orders["page"], extent),
                    "memory_mb": memory_mb(pid),
                    "crowd": crowd(orders["page"], pid) if names == NAMES[0] else None,
                }


def in_turn(orders: dict[str, Order], pids: dict[str, int], extent: Extent) -> dict[str, Samples]:
    """Load each in turn, several times: the machine is not ours alone."""
    rates: Samples = {name: [] for name in orders}
    cpu_us: Samples = {name: [] for name in orders}
    for number in range(extent.rounds + 1):
        for name, order in orders.items():
            before = cpu_seconds(pids[name])
            found = load(msgspec.structs.replace(order, seconds=extent.seconds))
            spent = cpu_seconds(pids[name]) - before
            wanted = {"304" if name == "unchanged" else "200"}
            assert set(found["statuses"]) == wanted, (name, found)
            if number:
                rates[name].append(found["per_second"])
                cpu_us[name].append(spent / found["requests"] * 1e6)
        say(f"{ {name: (round(rates[name][-1]), round(cpu_us[name][-1])) for name in orders if number} }")
    return {"rates": rates, "cpu_us": cpu_us}


def at_half(order: Order, extent: Extent) -> Found:
    """Ask at half the rate that can be had, at random moments."""
    found = load(msgspec.structs.replace(order, seconds=extent.seconds))
    rate = found["per_second"] * HALF
    return load(msgspec.structs.replace(order, rate=rate, seconds=extent.seconds * 2, connections=64))


def crowd(order: Order, pid: int) -> dict[str, Any]:
    """Ask over many connections at once; then follow one job with many streams."""
    found = load(msgspec.structs.replace(order, connections=CONNECTIONS, seconds=5.0))
    assert set(found["statuses"]) == {"200"}, found
    url = f"http://{order.host}:{order.port}"
    asked = urllib.request.Request(  # noqa: S310 - this machine
        f"{url}/jobs",
        data=b'{"repositories": ["bench/unread"]}',
        headers={**order.headers, "content-type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310
        [job] = json.loads(answer.read())
    before = memory_mb(pid)
    request = msgspec.structs.replace(order, path=f"/jobs/{job['id']}/events").request
    with ExitStack() as stack:
        streams = [
            stack.enter_context(socket.create_connection((order.host, order.port), timeout=30))
            for _ in range(STREAMS)
        ]
        for stream in streams:
            stream.sendall(request)
        for stream in streams:
            received = b""
            while b"event:" not in received and b"data:" not in received:
                more = stream.recv(65_536)
                assert more, received
                received += more
        return {**found, "before_mb": before, "streaming_mb": memory_mb(pid)}


def render(found: list[dict[str, Any]]) -> str:
    """Write the page."""
    lines = [*HEAD]
    for one in found:
        for name, title in (("empty", "empty handler"), ("page", "a page"), ("unchanged", "304")):
            rates, cpu_us = one["rates"], one["cpu_us"]
            per_second = median(rates[name])
            faster = median(rates[name][i] / each for i, each in enumerate(rates["empty"]))
            lines.append(
                f"| {one['names']:,} | {one['bytes']:,} | {title} | {per_second:,.0f}/s | {faster:.2f} "
                f"| {median(cpu_us[name]):,.0f} µs | {median(cpu_us['empty']) / median(cpu_us[name]):.2f} |"
            )
    lines += ["", "At half of saturation, with requests at random moments (open loop):", ""]
    lines += ["| names | requests | median wait | p99 | memory |", "|---|---|---|---|---|"]
    for one in found:
        waits = one["waits"]
        lines.append(
            f"| {one['names']:,} | {waits['per_second']:,.0f}/s | {waits['p50_ms']:.1f} ms "
            f"| {waits['p99_ms']:.1f} ms | {one['memory_mb']:.0f} MB |"
        )
    held = found[0]["crowd"]
    lines += [
        "",
        (
            f"{CONNECTIONS:,} connections at once: {held['requests']:,} requests answered, "
            f"{held['per_second']:,.0f}/s, none failed. "
            f"{STREAMS} open event streams of one job: {held['streaming_mb']:.0f} MB, "
            f"and {held['before_mb']:.0f} MB before they were opened."
        ),
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    is_quick = parser.parse_args().quick
    extent = Extent(seconds=1.5, rounds=2) if is_quick else Extent()
    with tempfile.TemporaryDirectory() as folder:
        page = render([measure(names, Path(folder), extent) for names in NAMES])
    if is_quick:
        print(page)
    else:
        REPORT.write_text(page)


if __name__ == "__main__":
    main()
