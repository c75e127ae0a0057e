"""What `stargazer sandbox` takes and refuses."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import pytest

from stargazer.cli import main


def failed(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    assert main(["sandbox", *args]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org"])  # noqa: S104
def test_other_machines_do_not_reach_it_by_mistake(capsys: pytest.CaptureFixture[str], host: str) -> None:
    """An address that is not this machine's alone needs `--public`."""
    assert "--public" in failed(capsys, "--host", host)


def test_a_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody else listens there: exit 2, and which option to change."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "--port must be free" in failed(capsys, "--port", str(taken.getsockname()[1]))


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ("rain=0.5", "the names are bad-gateway"),
        ("reset", "no NAME=SHARE"),
        ("reset=often", "no NAME=SHARE"),
        ("reset=1.5", "shares are 0 to 1"),
        ("reset=0.6,slow=0.6", "together at most 1"),
    ],
)
def test_faults_that_cannot_be_read_are_told(
    capsys: pytest.CaptureFixture[str], faults: str, said: str
) -> None:
    """A fault is a name and a share of calls."""
    assert said in failed(capsys, "--faults", faults)


def test_it_tells_people_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The words can be pasted into a shell; what was asked for is what the sandbox does."""
    options = ["--port", "0", "--synthetic", "1000", "--restricted", "empty", "--faults", "slow=0.1"]
    command = [sys.executable, "-m", "stargazer", "sandbox", "--speed", "1000", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:  # noqa: S603
        assert served.stdout is not None
        told = [served.stdout.readline() for _ in range(4)]
        export = told[2].split()
        for variable in export[1:]:
            name, _, value = variable.partition("=")
            monkeypatch.setenv(name, value)
        exit_code = main(told[3].split()[1:])
        served.send_signal(signal.SIGINT)
        assert served.wait(timeout=30) == 0
    assert export[0] == "export"
    assert told[3].split() == ["stargazer", "neighbours", "synthetic/stars-250", "--no-store"]
    assert exit_code == 4
    assert "250 stargazers of synthetic/stars-250" in capsys.readouterr().err
