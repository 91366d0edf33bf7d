"""A backup is taken whole or not at all: cut off, changed, of another program or of a newer version it is refused."""

from __future__ import annotations

import io
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.cli.backup_file import (
    DUMP,
    ROLES,
    BackupFailed,
    BackupWriter,
    Manifest,
    drop_older,
    new_file,
    read_manifest,
    unpack,
)
from pulsepoint import __version__

ROWS = {"kernel.documents": 3}
CONTENT = {
    ROLES: b"CREATE ROLE someone;\n",
    DUMP: b"PGDMP" * 500,
    "archive/archive.json": b'{"format":1,"name":"n"}',
    "archive/live-0000000000000001.log": b"frame" * 700,
    "archive/segments/0000000000000001-0000000000000009/pulsepoint_tenant_1.orders.parquet": b"PAR1" * 200,
    "archive/segments/0000000000000001-0000000000000009/pulsepoint_tenant_1.orders.parquet.sha256": b"ab12\n",
    "secrets.key": b"k" * 32,
    "erasures.jsonl": b'{"key":"1"}\n',
}


def ignore(_bytes: int) -> None:
    """Nobody watches."""


def write(
    path: Path,
    content: dict[str, bytes] | None = None,
    version: str = __version__,
    format: int = 1,
    made_at: str = "2026-03-01T00:00:00+00:00",
) -> Path:
    manifest = Manifest(made_at, "18", ROWS, version=version, format=format)
    with new_file(path) as file, tarfile.open(fileobj=file, mode="w") as tar:
        writer = BackupWriter(tar, manifest, ignore)
        for name, each in (content or CONTENT).items():
            writer.add_bytes(name, each)
        writer.finish()
    return path


def test_what_was_written_is_read_and_unpacked(tmp_path: Path) -> None:
    path = write(tmp_path / "whole.tar")
    manifest = read_manifest(path, ignore)
    assert (manifest.rows, manifest.version, set(manifest.members)) == (ROWS, __version__, set(CONTENT))
    unpack(path, lambda name: tmp_path / "home" / name, ignore)
    assert {name: (tmp_path / "home" / name).read_bytes() for name in CONTENT} == CONTENT
    assert {path.stat().st_mode & 0o777, (tmp_path / "home" / "secrets.key").stat().st_mode & 0o777} == {0o600}


def test_any_changed_byte_of_content_and_any_cut_is_refused(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.tar").read_bytes()
    with tarfile.open(tmp_path / "whole.tar") as tar:
        data = {place for member in tar for place in range(member.offset_data, member.offset_data + member.size, 97)}
        end = tar.getmember("manifest.json").offset_data
    changed = tmp_path / "changed.tar"
    for place in sorted(data):
        changed.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(BackupFailed, match="cut off or was changed"):
            read_manifest(changed, ignore)
    for length in range(600, end, 331):
        changed.write_bytes(whole[:length])
        with pytest.raises(BackupFailed, match=r"cut off or was changed|no backup"):
            read_manifest(changed, ignore)


@pytest.mark.parametrize("content", [b"", b"id,price\n1,2\n", bytes(20_000)])
def test_another_file_is_no_backup(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sales.csv"
    path.write_bytes(content)
    with pytest.raises(BackupFailed, match="no backup of Pulsepoint"):
        read_manifest(path, ignore)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "archive/../../x", "archive/live-1.log/x", "notes.txt"])
def test_a_member_that_no_backup_has_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BackupFailed, match="changed"):
        read_manifest(write(tmp_path / "other.tar", {**CONTENT, name: b"x"}), ignore)


def test_a_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "link.tar"
    with tarfile.open(path, "w") as tar:
        link = tarfile.TarInfo("secrets.key")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(BackupFailed, match="no backup"):
        read_manifest(path, ignore)


@pytest.mark.parametrize(("version", "format"), [("99.0.0", 1), (__version__, 2)])
def test_a_newer_version_is_named(tmp_path: Path, version: str, format: int) -> None:
    path = write(tmp_path / "newer.tar", version=version, format=format)
    with pytest.raises(BackupFailed, match=f"made by Pulsepoint {version}, which is newer"):
        read_manifest(path, ignore)


def fail_half_way(path: Path) -> None:
    with new_file(path) as file:
        file.write(b"half")
        raise OSError("full")


def test_a_file_that_is_there_stays_and_an_unfinished_one_goes(tmp_path: Path) -> None:
    path = write(tmp_path / "whole.tar")
    before = path.read_bytes()
    with pytest.raises(BackupFailed, match="is there already"):
        write(path)
    assert path.read_bytes() == before
    with pytest.raises(OSError, match="full"):
        fail_half_way(tmp_path / "second.tar")
    assert [entry.name for entry in tmp_path.iterdir()] == ["whole.tar"]


def test_a_file_that_became_shorter_is_not_taken_for_whole(tmp_path: Path) -> None:
    manifest = Manifest("2026-03-01T00:00:00+00:00", "18", ROWS)
    with tarfile.open(fileobj=io.BytesIO(), mode="w") as tar:
        writer = BackupWriter(tar, manifest, ignore)
        with pytest.raises(BackupFailed, match="back up again"):
            writer.add(DUMP, 10, io.BytesIO(b"short"))


def test_backups_from_before_a_moment_go_and_nothing_else_does(tmp_path: Path) -> None:
    old = write(tmp_path / "old", made_at="2026-01-30T23:59:59+00:00")
    kept = {write(tmp_path / "new", made_at="2026-02-01T00:00:00+00:00"), tmp_path / "notes.txt", tmp_path / "cut"}
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "cut").write_bytes(old.read_bytes()[: old.stat().st_size // 3])
    (tmp_path / "folder").mkdir()
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.add(tmp_path / "notes.txt", "manifest.json")
    assert drop_older(tmp_path, datetime(2026, 1, 31, tzinfo=UTC)) == [old]
    assert set(tmp_path.iterdir()) == {*kept, tmp_path / "folder", tmp_path / "other.tar"}
