"""Images for tests, made here: no registry is asked. A Debian with Python, and one with nothing but busybox."""

import hashlib
import io
import json
import os
import shutil
import struct
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import docker
import pytest

from cloudrun_cli.runtime.docker_engine import connect

PYTHON_BASE = "cloudrun-test/python:bookworm"
NODE_BASE = "cloudrun-test/node:bookworm"
NODE_LIBRARIES = ("libstdc++.so.6", "libgcc_s.so.1")  # what node needs beyond the C library
BUSYBOX_BASE = "cloudrun-test/busybox:static"
DEBIAN = ("bookworm", "http://deb.debian.org/debian")
MAKING_TIMEOUT = 900  # seconds to fetch and unpack the base; about a minute with a usual connection


def python_base(api: docker.APIClient) -> str:
    """The name of an image with Debian and python3, without pip. Made once, then kept in the user's cache."""
    if not has_image(api, PYTHON_BASE):
        archive = _python_archive()
        repository, _, tag = PYTHON_BASE.rpartition(":")
        with archive.open("rb") as content:
            api.import_image_from_data(content, repository=repository, tag=tag, changes=['CMD ["python3"]'])
    return PYTHON_BASE


def busybox_base(api: docker.APIClient) -> str:
    """The name of an image with a shell and the usual commands, of one megabyte. Skips where busybox is not static."""
    if not has_image(api, BUSYBOX_BASE):
        program = Path("/bin/busybox")
        if not program.exists() or _needs_a_loader(program.read_bytes()):
            pytest.skip("needs a static /bin/busybox: install the package busybox-static")
        content = program.read_bytes()
        names = subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            add_file(tar, "bin/busybox", content, mode=0o755)
            add_file(tar, "etc/passwd", b"root:x:0:0::/:/bin/sh\n")
            for name in names:
                if name != "busybox":
                    link = tarfile.TarInfo(f"bin/{name}")
                    link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                    tar.addfile(link)
        repository, _, tag = BUSYBOX_BASE.rpartition(":")
        changes = ["ENV PATH=/bin", 'CMD ["/bin/sh"]']
        api.import_image_from_data(archive.getvalue(), repository=repository, tag=tag, changes=changes)
    return BUSYBOX_BASE


def node_base(api: docker.APIClient) -> str:
    """The Python base with this machine's own Node.js and npm put in. Skips where they are not in the usual places."""
    if not has_image(api, NODE_BASE):
        node, npm = Path("/usr/bin/node"), Path("/usr/lib/node_modules/npm")
        if not node.is_file() or not npm.is_dir():
            pytest.skip("needs /usr/bin/node and /usr/lib/node_modules/npm to make its Node.js base image")
        python_base(api)
        with tempfile.TemporaryFile() as context:
            with tempfile.TemporaryFile() as root, tarfile.open(fileobj=context, mode="w") as outer:
                with tarfile.open(fileobj=root, mode="w") as tar:
                    tar.add(node.resolve(), "usr/bin/node")
                    tar.add(npm, "usr/lib/node_modules/npm")
                    for library in NODE_LIBRARIES:
                        for path in Path("/usr/lib").glob(f"*-linux-gnu/{library}*"):
                            tar.add(path, str(path).lstrip("/"))
                    for name in ("npm", "npx"):
                        link = tarfile.TarInfo(f"usr/bin/{name}")
                        link.type, link.linkname = tarfile.SYMTYPE, f"../lib/node_modules/npm/bin/{name}-cli.js"
                        tar.addfile(link)
                member = tarfile.TarInfo("root.tar")
                member.size = root.tell()
                root.seek(0)
                outer.addfile(member, root)
                add_file(outer, "Dockerfile", f'FROM {PYTHON_BASE}\nADD root.tar /\nCMD ["node"]\n'.encode())
            context.seek(0)
            for message in api.build(fileobj=context, custom_context=True, decode=True, rm=True, tag=NODE_BASE):
                if "error" in message:
                    raise AssertionError(message["error"])
    return NODE_BASE


def an_image(
    api: docker.APIClient, base: str, files: Mapping[str, str | bytes], *, tag: str, instructions: Iterable[str]
) -> str:
    """Build `FROM base` with these files copied to / and further Dockerfile instructions; its id."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        recipe = "\n".join((f"FROM {base}", *(["COPY root/ /"] if files else []), *instructions))
        add_file(tar, "Dockerfile", recipe.encode())
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            add_file(tar, f"root/{name.lstrip('/')}", data, mode=0o755)
    context.seek(0)
    for message in api.build(fileobj=context, custom_context=True, decode=True, rm=True, forcerm=True, tag=tag):
        if "error" in message:
            raise AssertionError(message["error"])
    return str(api.inspect_image(tag)["Id"])  # type: ignore[no-untyped-call]  # published without types


def add_file(tar: tarfile.TarFile, name: str, content: bytes, *, mode: int = 0o644) -> None:
    """One file into a tar."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    tar.addfile(member, io.BytesIO(content))


def an_archived_image(tag: str, *, architecture: str) -> bytes:
    """What `docker save` would write of an image with one empty layer, made for an architecture."""
    layer = bytes(10240)  # a tar of nothing
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [tag], "Layers": ["layer.tar"]}]
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        add_file(tar, "layer.tar", layer)
        add_file(tar, "config.json", json.dumps(config).encode())
        add_file(tar, "manifest.json", json.dumps(manifest).encode())
    return archive.getvalue()


def _needs_a_loader(elf: bytes) -> bool:
    """Whether a 64-bit program has a PT_INTERP segment: then it is not static."""
    start, size, count = struct.unpack_from("<Q", elf, 32)[0], *struct.unpack_from("<HH", elf, 54)
    return any(struct.unpack_from("<I", elf, start + size * index)[0] == 3 for index in range(count))


def has_image(api: docker.APIClient, name: str) -> bool:
    """Whether the engine has it already."""
    try:
        api.inspect_image(name)  # type: ignore[no-untyped-call]  # published without types
    except docker.errors.ImageNotFound:
        return False
    return True


def _python_archive() -> Path:
    """A root folder made by debootstrap, as a tar."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cloudrun-tests"
    archive = cache / f"python-{DEBIAN[0]}.tar"
    if archive.exists():
        return archive
    if shutil.which("debootstrap") is None or os.geteuid() != 0:
        pytest.skip("needs debootstrap and root to make its Python base image: apt-get install debootstrap")
    root, part = cache / "root", archive.with_suffix(".part")
    shutil.rmtree(root, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    command = ["debootstrap", "--variant=minbase", "--include=python3", DEBIAN[0], str(root), DEBIAN[1]]
    subprocess.run(command, check=True, timeout=MAKING_TIMEOUT, stdout=subprocess.DEVNULL)
    for useless in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale"):
        shutil.rmtree(root / useless, ignore_errors=True)
    with tarfile.open(part, "w") as tar:
        for entry in sorted(root.iterdir()):
            if entry.name not in ("proc", "sys", "dev"):
                tar.add(entry, entry.name)
    shutil.rmtree(root)
    part.rename(archive)
    return archive


if __name__ == "__main__":
    print(python_base(connect()))
