"""The embedded broker hands over whole messages, whenever a worker looks."""

from __future__ import annotations

import threading
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

from neuralink_site import folder_broker


@pytest.fixture
def channel(tmp_path: Path) -> Any:
    folders = {"data_folder_in": tmp_path / "m", "data_folder_out": tmp_path / "m", "control_folder": tmp_path / "c"}
    for folder in folders.values():
        folder.mkdir(exist_ok=True)
    options = {name: str(path) for name, path in folders.items()}
    connection = Connection("filesystem://", transport=folder_broker.Transport, transport_options=options)
    return connection.channel()


def test_what_is_put_is_got_once(channel: Any) -> None:
    channel._put("import", {"body": "ü"})
    with pytest.raises(Empty):
        channel._get("train")
    assert channel._get("import") == {"body": "ü"}
    with pytest.raises(Empty):
        channel._get("import")


def test_a_message_half_written_is_not_there(channel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    def look_first(source: Path, target: Path) -> None:
        with pytest.raises(Empty):
            channel._get("import")
        looked.append(source.read_bytes())

    monkeypatch.setattr(folder_broker.os, "replace", look_first)
    channel._put("import", {"body": "x"})
    assert looked == [b'{"body": "x"}']


def test_tables_bound_by_several_at_once_are_whole(channel: Any) -> None:
    bind = [
        threading.Thread(target=channel._queue_bind, args=("exchange", f"key{k}", "", f"queue{k}")) for k in range(8)
    ]
    for thread in bind:
        thread.start()
        channel.get_table("exchange")
    for thread in bind:
        thread.join()
    assert {row.queue for row in channel.get_table("exchange")} == {f"queue{k}" for k in range(8)}
