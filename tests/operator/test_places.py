"""What test runs that were killed leave behind does not fill memory or disk."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import places
import pytest


def test_folders_of_the_dead_are_removed_from_memory_and_disk_and_those_of_the_living_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, disk = tmp_path / "memory", tmp_path / "disk"
    monkeypatch.setattr(places, "MEMORY", memory)
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    for place in (memory, disk):
        for number in (killed.pid, os.getpid()):
            for name in ("", "-test-abc", "-standby-abc"):
                (place / f"{places.PREFIX}{number}{name}").mkdir(parents=True)
        (place / f"{places.PREFIX}of-somebody").mkdir()
    places.remove_those_of_the_dead()
    for place in (memory, disk):
        left = {folder.name.removeprefix(places.PREFIX) for folder in place.iterdir()}
        mine = str(os.getpid())
        assert left == {mine, f"{mine}-test-abc", f"{mine}-standby-abc", "of-somebody"}


def test_each_folder_is_one_that_is_removed_after_its_run_was_killed(tmp_path: Path) -> None:
    made = places.make_folder("standby", tmp_path)
    assert made.parent == tmp_path
    assert made.name.startswith(f"{places.PREFIX}{os.getpid()}-standby-")
    assert made.stat().st_mode & 0o777 == 0o755
