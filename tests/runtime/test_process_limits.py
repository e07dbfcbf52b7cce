"""Control groups of both generations, on folders that look like the kernel's; the real ones serve test_process."""

from pathlib import Path

import pytest

from cloudrun_cli.runtime.process_limits import Controllers, Groups, find_controllers, isolation_notes


def a_group(folder: Path, controllers: str = "cpu memory pids") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cgroup.controllers").write_text(f"{controllers}\n")
    (folder / "cgroup.procs").write_text("")
    return folder


def own_group(folder: Path, path: str) -> Path:
    file = folder / "own"
    file.write_text(f"12:memory:/old\n0::{path}\n")
    return file


def test_the_root_of_version_2_is_used_where_it_can_be_written(tmp_path: Path) -> None:
    system = a_group(tmp_path / "fs")
    assert find_controllers(system, own_group(tmp_path, "/user.slice/x.scope")) == Controllers(
        2, system, system, system, system
    )


def test_a_delegated_group_is_used_beside_our_own(tmp_path: Path) -> None:
    """Ours has members, so it cannot hand its controllers on. Documented: cgroup-v2, no internal processes."""
    system = a_group(tmp_path / "fs")
    (system / "cgroup.procs").unlink()  # as if it were not ours to write
    app = a_group(system / "user.slice/app.slice", "memory pids")
    a_group(app / "shell.scope")
    found = find_controllers(system, own_group(tmp_path, "/user.slice/app.slice/shell.scope"))
    assert found == Controllers(2, app, None, app, app)


def test_nothing_is_bounded_where_no_group_can_be_made(tmp_path: Path) -> None:
    system = a_group(tmp_path / "fs", "pids")
    assert find_controllers(system, own_group(tmp_path, "/")) == Controllers(2, None, None)
    assert find_controllers(tmp_path / "none", own_group(tmp_path, "/")) == Controllers(1, None, None)


def test_version_1_has_a_folder_per_resource(tmp_path: Path) -> None:
    memory = a_group(tmp_path / "fs/memory")
    assert find_controllers(tmp_path / "fs", own_group(tmp_path, "/")) == Controllers(1, memory, None)


def test_limits_of_version_2_are_written_in_its_words(tmp_path: Path) -> None:
    system = a_group(tmp_path / "fs")
    groups = Groups("home", Controllers(2, system, system))
    (join,) = groups.create("i-1", cpu_millis=1500, memory_bytes=512 << 20)
    group = Path(join).parent
    assert Path(join).name == "cgroup.procs"
    assert (group / "memory.max").read_text() == str(512 << 20)
    assert (group / "cpu.max").read_text() == "150000 100000"
    assert (system / "cgroup.subtree_control").read_text() == "+memory +cpu"
    assert (group.parent / "cgroup.subtree_control").read_text() == "+memory +cpu"


def test_limits_of_version_1_are_written_in_its_words(tmp_path: Path) -> None:
    memory, cpu = a_group(tmp_path / "memory"), a_group(tmp_path / "cpu")
    memory_join, cpu_join = Groups("home", Controllers(1, memory, cpu)).create("i", cpu_millis=80, memory_bytes=1 << 20)
    assert (Path(memory_join).parent / "memory.limit_in_bytes").read_text() == str(1 << 20)
    assert (Path(cpu_join).parent / "cpu.cfs_quota_us").read_text() == "8000"


@pytest.mark.parametrize(("version", "file"), [(2, "memory.events"), (1, "memory.oom_control")])
def test_the_kernels_kills_are_counted(tmp_path: Path, version: int, file: str) -> None:
    groups = Groups("home", Controllers(version, a_group(tmp_path / "memory"), None))
    (join,) = groups.create("i", cpu_millis=1000, memory_bytes=1 << 20)
    assert groups.kills("i") == 0
    (Path(join).parent / file).write_text("oom 5\noom_kill 2\n")
    assert groups.kills("i") == 2
    assert groups.kills("another") == 0


def test_homes_do_not_share_groups_whatever_their_names(tmp_path: Path) -> None:
    memory = a_group(tmp_path / "memory")
    joins = [
        Groups(home, Controllers(1, memory, None)).create("i", cpu_millis=1000, memory_bytes=1 << 20)[0]
        for home in ("/home/one", "/home/two", "")
    ]
    assert len(set(joins)) == 3
    assert {Path(join).parent.parent.parent for join in joins} == {memory}


def test_what_is_not_bounded_is_said(tmp_path: Path) -> None:
    bounded = isolation_notes(Groups("home", Controllers(2, *[tmp_path] * 4)))
    unbounded = isolation_notes(Groups("home", Controllers(2, None, None)))
    assert {note.split()[0] for note in set(unbounded) - set(bounded)} == {"Memory", "CPU"}
    assert any("not a sandbox" in note for note in bounded)
