"""Folders of secret files: replaced under their readers, and readable by whoever is in the container. Evidence:
ours."""

import os
import stat
import threading
from pathlib import Path

from cloudrun_cli.core.resources import RevisionName, RevisionRef
from cloudrun_cli.daemon.secret_folders import SecretFolders, fill

REF = RevisionRef("demo", "us-central1", RevisionName("hello-00001-abc"))


def shown(folder: Path) -> dict[str, str]:
    """Every file that is there."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_stays_itself_while_all_that_is_in_it_changes(tmp_path: Path) -> None:
    folder = tmp_path / "root" / "revision" / "volume"
    fill(folder, {"a": (b"1", 0o444), "sub/b": (b"2", 0o400)})
    before = folder.stat().st_ino
    assert shown(folder) == {"a": "1", "sub/b": "2"}
    assert stat.S_IMODE((folder / "a").stat().st_mode) == 0o444
    assert stat.S_IMODE((folder / "sub" / "b").stat().st_mode) == 0o400
    fill(folder, {"a": (b"3", 0o444), "c": (b"4", 0o444)})
    assert shown(folder) == {"a": "3", "c": "4"}
    fill(folder, {})
    assert (shown(folder), folder.stat().st_ino) == ({}, before)
    assert list(folder.iterdir()) == []


def test_only_we_reach_the_folders_and_everybody_in_the_container_reads_the_files(tmp_path: Path) -> None:
    folders = SecretFolders(str(tmp_path / "home"))
    root = folders.of(REF).parent
    assert not root.exists()  # before there is something to write
    try:
        folders.write(REF, "v", {"sub/a": (b"1", 0o444)})
        assert stat.S_IMODE(root.stat().st_mode) == 0o700
        for path in (folders.of(REF, "v"), folders.of(REF, "v") / "sub"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o755
    finally:
        folders.close()


def test_a_reader_never_meets_a_file_that_is_missing_or_half(tmp_path: Path) -> None:
    folder = tmp_path / "root" / "revision" / "volume"
    texts = [bytes([letter]) * 5000 for letter in b"abcdef"]
    fill(folder, {"a": (texts[0], 0o444)})
    over = threading.Event()
    seen: set[bytes] = set()

    def read() -> None:
        while not over.is_set():
            seen.add((folder / "a").read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(200):
        fill(folder, {"a": (texts[number % 6], 0o444)})
    over.set()
    reader.join()
    assert len(seen) > 1
    assert seen <= set(texts)


def test_what_an_earlier_daemon_left_goes_save_what_still_runs(tmp_path: Path) -> None:
    folders = SecretFolders(str(tmp_path / "home"))
    other = RevisionRef("demo", "us-central1", RevisionName("hello-00002-def"))
    try:
        for ref in (REF, other):
            fill(folders.of(ref, "v"), {"a": (b"1", 0o444)})
        folders.remove_all(but=[REF])
        assert (folders.of(REF, "v").exists(), folders.of(other).exists()) == (True, False)
    finally:
        folders.close()
    assert not os.path.exists(folders.of(REF).parent)
