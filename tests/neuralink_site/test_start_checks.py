"""What keeps an installation from starting is told in a sentence that says what to do."""

import os
import shutil
import socket
from pathlib import Path
from typing import NamedTuple

import pytest

from neuralink_site import process_table
from neuralink_site.start_checks import StartError, check_disk, check_port, only_start


class Usage(NamedTuple):
    free: int


def test_a_free_port_passes() -> None:
    assert check_port("127.0.0.1", _free_port()).endswith("is free")


def test_a_busy_port_names_who_holds_it_and_how_to_go_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        with pytest.raises(StartError) as caught:
            check_port("127.0.0.1", port)
    assert f"Port {port} of 127.0.0.1 is in use by process {os.getpid()}" in str(caught.value)
    assert f"stop it (`kill {os.getpid()}`)" in str(caught.value)
    assert f"`PORT={port + 1} make run`" in str(caught.value)


def test_a_busy_port_of_an_unknown_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_table, "listener", lambda port: None)
    with socket.create_server(("127.0.0.1", 0)) as held, pytest.raises(StartError, match="by another program: stop"):
        check_port("127.0.0.1", held.getsockname()[1])


def test_a_foreign_address_is_refused() -> None:
    with pytest.raises(StartError, match=r"192\.0\.2\.1 cannot be served from .*NEURALINK_BIND"):
        check_port("192.0.2.1", _free_port())


def test_a_full_disk_is_told_with_the_amounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(free=500_000_000))
    with pytest.raises(StartError, match=r"500 MB free and 1,000 MB are needed: free some space"):
        check_disk(tmp_path, is_first=True)
    assert check_disk(tmp_path, is_first=False) == "0.5 GB free"


def test_a_second_start_in_the_same_home_is_refused(tmp_path: Path) -> None:
    refusal = rf"\(process {os.getpid()}\): stop it with Ctrl-C"
    with only_start(tmp_path), pytest.raises(StartError, match=refusal), only_start(tmp_path):
        pytest.fail("two starts held one data folder")
    with only_start(tmp_path):
        assert (tmp_path / "up.lock").read_text() == str(os.getpid())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
