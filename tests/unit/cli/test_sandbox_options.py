"""What `stargazer sandbox` takes and refuses."""

from __future__ import annotations

import socket

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
