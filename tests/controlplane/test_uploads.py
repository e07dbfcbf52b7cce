"""What of a source folder is copied."""

import os
from pathlib import Path

import pytest

from cloudrun_cli.controlplane.uploads import Upload, check, upload
from cloudrun_cli.core.errors import BuildFailed, CloudRunError, InvalidArgument


def a_folder(root: Path, *names: str, **texts: str) -> Path:
    """A folder with these files; `gitignore` and `gcloudignore` are texts of those files."""
    root.mkdir()
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x" * 10)
    for name, text in texts.items():
        (root / f".{name}").write_text(text)
    return root


def copied(source: Path, into: Path) -> list[str]:
    """The relative paths that an upload of the folder copies."""
    upload(source, into)
    return sorted(path.relative_to(into).as_posix() for path in into.rglob("*") if not path.is_dir())


@pytest.mark.parametrize(
    ("ignored", "kept"),
    [
        ("*.log", ["a.py", "deep/a.py", "deep/node_modules/x.js", "node_modules/x.js"]),
        ("/a.py", ["a.log", "deep/a.log", "deep/a.py", "deep/node_modules/x.js", "node_modules/x.js"]),
        ("node_modules/", ["a.log", "a.py", "deep/a.log", "deep/a.py"]),
        ("/node_modules", ["a.log", "a.py", "deep/a.log", "deep/a.py", "deep/node_modules/x.js"]),
        ("*.log\n!a.log", ["a.log", "a.py", "deep/a.log", "deep/a.py", "deep/node_modules/x.js", "node_modules/x.js"]),
        ("# only a comment\n\ndeep/**", ["a.log", "a.py", "node_modules/x.js"]),
        ("*\n!a.py", ["a.py"]),  # documented: what is below an ignored folder cannot be taken back
    ],
)
def test_gcloudignore_follows_the_patterns_of_git(tmp_path: Path, ignored: str, kept: list[str]) -> None:
    names = ["a.py", "a.log", "deep/a.py", "deep/a.log", "deep/node_modules/x.js", "node_modules/x.js"]
    source = a_folder(tmp_path / "src", *names, gcloudignore=f"{ignored}\n.gcloudignore\n")
    assert copied(source, tmp_path / "copy") == kept


def test_without_gcloudignore_what_git_hides_and_git_itself_stay_behind(tmp_path: Path) -> None:
    source = a_folder(tmp_path / "src", "a.py", "secret.key", ".git/config", gitignore="*.key\n")
    assert copied(source, tmp_path / "copy") == ["a.py"]


def test_gitignore_counts_only_where_gcloudignore_includes_it(tmp_path: Path) -> None:
    source = a_folder(tmp_path / "src", "a.py", "a.key", gitignore="*.key\n", gcloudignore=".g*\n")
    assert copied(source, tmp_path / "first") == ["a.key", "a.py"]
    (source / ".gcloudignore").write_text(".g*\n#!include:.gitignore\n")
    assert copied(source, tmp_path / "second") == ["a.py"]


def test_an_included_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    source = a_folder(tmp_path / "src", "a.py", gcloudignore="#!include:.hgignore\n")
    with pytest.raises(InvalidArgument, match=r"\.hgignore"):
        upload(source, tmp_path / "copy")


def test_programs_stay_executable_and_links_within_the_folder_stay_links(tmp_path: Path) -> None:
    source = a_folder(tmp_path / "src", "run.sh", "lib/a.so.1")
    (source / "run.sh").chmod(0o700)
    (source / "lib/a.so").symlink_to("a.so.1")
    (source / "current").symlink_to("lib")
    assert upload(source, tmp_path / "copy") == Upload(files=4, bytes=20, ignored=0)
    assert os.access(tmp_path / "copy/run.sh", os.X_OK)
    assert not (tmp_path / "copy/lib/a.so.1").stat().st_mode & 0o111
    assert (tmp_path / "copy/lib/a.so").readlink() == Path("a.so.1")
    assert (tmp_path / "copy/current").readlink() == Path("lib")


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "../src/a.py", "/", ".."])
def test_a_link_that_leads_out_of_the_folder_is_left_out_and_named(tmp_path: Path, target: str) -> None:
    (tmp_path / "outside").write_text("not yours")
    source = a_folder(tmp_path / "src", "a.py")
    (source / "link").symlink_to(target)
    told = upload(source, tmp_path / "copy")
    assert (told.files, told.outside) == (1, ("link",))
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["a.py"]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    source = a_folder(tmp_path / "src", "a.py")
    os.mkfifo(source / "pipe")
    assert upload(source, tmp_path / "copy") == Upload(files=1, bytes=10, ignored=1)


def test_a_copy_inside_its_own_source_does_not_copy_itself(tmp_path: Path) -> None:
    source = a_folder(tmp_path / "src", "a.py")
    assert upload(source, source / "state/copy").files == 1
    assert upload(source, source / "state/copy").files == 1


def test_what_cannot_be_deployed_is_said_before_anything_is_built(tmp_path: Path) -> None:
    empty = a_folder(tmp_path / "empty")
    hidden = a_folder(tmp_path / "hidden", "a.py", gcloudignore="*\n")
    (tmp_path / "file.py").write_text("")
    for source, words in (
        (empty, "empty"),
        (hidden, "everything"),
        (tmp_path / "file.py", "file"),
        (tmp_path / "no", "exist"),
    ):
        with pytest.raises(InvalidArgument, match=words) as refusal:
            upload(source, tmp_path / "copy")
        assert refusal.value.field == "source"
        assert not (tmp_path / "copy").exists()


def test_a_file_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    """Documented: container runtime contract, file names."""
    source = a_folder(tmp_path / "src", "a.py")
    with open(os.fsencode(source) + b"/\xff.txt", "w"):
        pass
    with pytest.raises(InvalidArgument, match=r"xff\.txt"):
        upload(source, tmp_path / "copy")


@pytest.mark.parametrize(
    ("files", "error"),
    [(["main.py"], None), (["Dockerfile"], None), (["notes.txt"], BuildFailed), ([], InvalidArgument)],
)
def test_whether_a_folder_could_be_built_is_seen_from_its_files(
    tmp_path: Path, files: list[str], error: type[CloudRunError] | None
) -> None:
    source = a_folder(tmp_path / "source", *files)
    if error is None:
        check(source, {}, skip=tmp_path / "home")
        return
    with pytest.raises(error):
        check(source, {}, skip=tmp_path / "home")
