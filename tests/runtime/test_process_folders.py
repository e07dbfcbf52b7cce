"""Folders of instances serve again, with nothing in them of who had them before."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cloudrun_cli.runtime.keeper import write
from cloudrun_cli.runtime.process_folders import SPARES, WRITTEN, Folders


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(tmp_path / "instances", tmp_path / "spares")
    made.open()
    return made


def lived(folders: Folders, name: str) -> Path:
    """A folder as an instance leaves it that wrote a line."""
    folder = folders.make(name)
    for file in WRITTEN:
        write(str(folder / file), json.dumps({"of": name, "long": "x" * 100}))
    (folder / "stdout").write_text("a line\n")
    (folder / "stderr").touch()
    (folder / "marks").write_bytes(b"some")
    return folder


def test_the_next_instance_finds_nothing_of_the_last(folders: Folders) -> None:
    first = lived(folders, "first")
    inode = first.stat().st_ino
    assert folders.spare("first")
    assert not first.exists()
    second = folders.make("second")
    assert second.stat().st_ino == inode
    assert not any((second / file).exists() for file in WRITTEN)
    assert (second / "stdout").read_bytes() == (second / "marks").read_bytes() == b""
    assert os.listdir(second / "home") == os.listdir(second / "tmp") == []
    write(str(second / "pid"), "1:2")
    assert (second / "pid").read_text() == "1:2", "shorter than what was written there before"


def test_a_later_runtime_takes_over_the_spares(folders: Folders, tmp_path: Path) -> None:
    inode = lived(folders, "first").stat().st_ino
    assert folders.spare("first")
    later = Folders(tmp_path / "instances", tmp_path / "spares")
    later.open()
    assert later.make("second").stat().st_ino == inode
    assert not folders.make("third").samefile(later.make("second")), "one that another took is no spare any more"


@pytest.mark.parametrize(
    "touch",
    [
        lambda folder: (folder / "home" / ".cache").mkdir(),
        lambda folder: (folder / "tmp" / "left").touch(),
        lambda folder: (folder / "home").chmod(0o777),
        lambda folder: (folder / "home").rmdir(),
        lambda folder: ((folder / "tmp").rmdir(), (folder / "tmp").symlink_to("/tmp")),
        lambda folder: (folder / "core").touch(),
    ],
    ids=["in its HOME", "in its TMPDIR", "other permissions", "no HOME", "another folder as TMPDIR", "a core"],
)
def test_a_folder_with_something_of_the_instances_own_is_none_to_keep(
    folders: Folders, touch: Callable[[Path], object]
) -> None:
    touch(lived(folders, "first"))
    assert not folders.spare("first")
    folders.remove("first")
    assert sorted(os.listdir(folders.make("second"))) == ["home", "tmp"]


@pytest.mark.parametrize("link", [os.symlink, os.link])
@pytest.mark.parametrize("file", ["stdout", "pid"])
def test_a_file_that_an_instance_linked_elsewhere_is_left_alone(
    folders: Folders, tmp_path: Path, link: Callable[[Path, Path], None], file: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("not ours")
    folder = lived(folders, "first")
    (folder / file).unlink()
    link(elsewhere, folder / file)
    assert folders.spare("first")
    lived(folders, "second")
    assert elsewhere.read_text() == "not ours"


def test_only_so_many_are_kept(folders: Folders) -> None:
    names = [f"i-{number}" for number in range(SPARES + 1)]
    for name in names:
        lived(folders, name)
    assert [folders.spare(name) for name in names] == [True] * SPARES + [False]


def test_what_is_there_of_a_start_that_was_cut_off_stays(folders: Folders) -> None:
    lived(folders, "spare")
    assert folders.spare("spare")
    begun = folders.make("task")
    (begun / "instance.json").write_text("{}")
    again = folders.make("task")
    assert again == begun
    assert (again / "instance.json").exists()
