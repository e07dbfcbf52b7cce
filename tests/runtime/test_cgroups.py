"""Control groups of both generations as folders that look like the kernel's; the real ones serve the contract."""

import asyncio
from pathlib import Path

import pytest

from cloudrun_cli.core.errors import Unavailable
from cloudrun_cli.runtime import cgroups
from cloudrun_cli.runtime.base import Usage
from cloudrun_cli.runtime.cgroups import Group

NAME = "0123abcd"


def a_system(folder: Path, version: int) -> tuple[Path, Path]:
    """A machine of this generation with one process, 7, in a group of the name; where groups and processes are."""
    system, proc = folder / "cgroup", folder / "proc"
    (proc / "7").mkdir(parents=True)
    place = f"docker/{NAME}"
    if version == 2:
        files = {"cgroup.freeze": "0\n", "cgroup.events": "populated 1\nfrozen 0\n", "memory.current": "5000\n"}
        files |= {"cpu.stat": "usage_usec 1500000\nuser_usec 1\n", "memory.stat": "anon 1\ninactive_file 1000\n"}
        made = {system / place / name: text for name, text in files.items()}
        made[system / "cgroup.controllers"] = "cpu memory\n"
        lines = f"0::/{place}\n"
    else:
        made = {
            system / "freezer" / place / "freezer.state": "THAWED\n",
            system / "cpuacct" / place / "cpuacct.usage": "1500000000\n",
            system / "memory" / place / "memory.usage_in_bytes": "5000\n",
            system / "memory" / place / "memory.stat": "inactive_file 9\ntotal_inactive_file 1000\n",
        }
        lines = f"9:name=systemd:/{place}\n6:freezer:/{place}\n4:memory:/{place}\n2:cpu,cpuacct:/{place}\n0::/\n"
    for file, text in made.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (proc / "7" / "cgroup").write_text(lines)
    return system, proc


def the_group(folder: Path, version: int) -> Group:
    system, proc = a_system(folder, version)
    group = cgroups.of_process(7, NAME, system=system, proc=proc)
    assert group is not None
    return group


@pytest.mark.parametrize("version", [1, 2])
def test_usage_leaves_out_file_pages_that_can_be_dropped(tmp_path: Path, version: int) -> None:
    assert the_group(tmp_path, version).usage() == Usage(1.5, 4000)


@pytest.mark.parametrize("version", [1, 2])
def test_a_group_of_another_name_or_out_of_sight_is_none(tmp_path: Path, version: int) -> None:
    """Another name: the process number is that of another machine's, as with an engine that is far away."""
    system, proc = a_system(tmp_path, version)
    assert cgroups.of_process(7, "another", system=system, proc=proc) is None
    assert cgroups.of_process(8, NAME, system=system, proc=proc) is None
    assert cgroups.of_process(7, NAME, system=tmp_path / "none", proc=proc) is None


@pytest.mark.parametrize(("version", "words"), [(1, ("FROZEN", "THAWED")), (2, ("1", "0"))])
async def test_freezing_waits_until_all_stands_still(tmp_path: Path, version: int, words: tuple[str, str]) -> None:
    group = the_group(tmp_path, version)
    assert group.freezer is not None
    assert group.freezable
    told = group.freezer / ("cgroup.freeze" if version == 2 else "freezer.state")
    freezing = asyncio.create_task(group.freeze())
    await asyncio.sleep(0.01)
    if version == 2:
        assert not freezing.done()
        (group.freezer / "cgroup.events").write_text("populated 1\nfrozen 1\n")
    await asyncio.wait_for(freezing, 2)
    assert group.frozen
    assert told.read_text() == words[0]
    group.thaw()
    assert told.read_text() == words[1]


async def test_what_does_not_come_to_a_stand_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "FREEZE_SECONDS", 0.02)
    group = the_group(tmp_path, 2)
    with pytest.raises(Unavailable, match="does not come to a stand"):
        await group.freeze()
    assert group.freezer is not None
    assert (group.freezer / "cgroup.freeze").read_text() == "0"


@pytest.mark.parametrize("version", [1, 2])
async def test_a_group_that_is_gone_is_neither_frozen_nor_measured(tmp_path: Path, version: int) -> None:
    missing = tmp_path / "gone"
    group = Group(version, missing, missing, missing)
    await group.freeze()
    group.thaw()
    assert not group.frozen
    assert group.usage() is None
