"""The erasures that a restored home makes again: those of its own log or of the one beside the backup."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.cli.backup import ERASURES, _keep_erasures
from deploy.cli.progress import Progress
from deploy.local.home import RESTORING
from pulsepoint.adapters.erasure_file import AGAIN, NAME, ErasureFile, add_entries, entries_of
from pulsepoint.errors import EngineUnavailable


def keys(path: Path) -> list[str]:
    return [entry["key"] for entry in entries_of(path)]


@pytest.mark.rule("SEC-25")
async def test_an_entry_is_kept_once_and_one_cut_off_by_a_crash_spoils_none(tmp_path: Path) -> None:
    path = tmp_path / NAME
    log = ErasureFile(path)
    await log.append({"key": "1", "writes": []})
    with path.open("ab") as file:
        file.write(b'{"key":"2","wri')
    await log.append({"key": "1", "writes": []})
    await log.append({"key": "3", "writes": []})
    assert keys(path) == ["1", "3"]
    assert path.stat().st_mode & 0o077 == 0


async def test_a_log_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"log of erasures"):
        await ErasureFile(tmp_path / "away" / NAME).append({"key": "1"})


@pytest.mark.rule("SEC-25")
def test_a_restored_home_makes_again_what_its_backup_is_too_old_for(tmp_path: Path) -> None:
    home, backup = tmp_path / "home", tmp_path / "backups" / "old.tar"
    (home / RESTORING).mkdir(parents=True)
    backup.parent.mkdir()
    add_entries(home / RESTORING / NAME, [{"key": "in-backup"}])
    add_entries(backup.parent / ERASURES, [{"key": "in-backup"}, {"key": "beside"}])
    add_entries(home / NAME, [{"key": "beside"}, {"key": "of-the-home"}])
    _keep_erasures(home, backup, Progress(quiet=True))
    assert sorted(keys(home / AGAIN)) == ["beside", "of-the-home"]
    assert sorted(keys(home / NAME)) == ["beside", "in-backup", "of-the-home"]
