"""Images of the process runtime: a folder each, named by the content of its source and the plan to build it.

images/HEX/     image.json (written last: a folder without it is unfinished) and app/, the built copy of the source
layers/KEY/     what builds make outside of the source, such as a virtual environment; shared by images whose
                requirements are the same, `ready` written last. Neither is ever moved: virtual environments cannot be.
"""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cloudrun_cli.runtime import images
from cloudrun_cli.runtime.base import Image, InstanceSpec
from cloudrun_cli.runtime.keeper import take, write

STANDINS = Path(__file__).with_name("standins")
STANDIN_PROGRAMS = {images.SAMPLE_SERVICE: "hello.py", images.SAMPLE_JOB: "job.py"}
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """What image.json holds."""

    name: str
    hex: str
    language: str
    entrypoint: tuple[str, ...]
    env: Mapping[str, str]
    working_dir: str
    layer: str  # its key, or empty
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat())

    def as_image(self, notes: tuple[str, ...] = ()) -> Image:
        """As the runtime tells it."""
        digest = images.parse(self.name).at(f"sha256:{self.hex}")
        return Image(self.name, digest, self.entrypoint, env=self.env, working_dir=self.working_dir, notes=notes)


class ImageFolder:
    """The images and layers of one home."""

    def __init__(self, state: Path) -> None:
        self.images = state / "images"
        self.layers = state / "layers"
        self._read: dict[str, tuple[int, BuiltImage]] = {}  # when each was written, and what it says

    def create(self) -> None:
        """Make the folders."""
        for folder in (self.images, self.layers):
            folder.mkdir(parents=True, exist_ok=True)

    def by_hex(self, content: str) -> BuiltImage | None:
        """The finished image with this content."""
        file = f"{self.images}/{content}/image.json"
        try:
            written = os.stat(file).st_mtime_ns
            known = self._read.get(content)
            if known is not None and known[0] == written:
                return known[1]
            values = json.loads(take(file))
        except FileNotFoundError:
            self._read.pop(content, None)
            return None
        values["entrypoint"] = tuple(values["entrypoint"])
        image = BuiltImage(**values)
        self._read[content] = written, image
        return image

    def by_name(self, name: str) -> BuiltImage | None:
        """The newest finished image that was built under this name."""
        wanted = images.parse(name).pullable
        found = [i for i in self._all() if images.parse(i.name).pullable == wanted]
        return max(found, key=lambda image: image.created, default=None)

    def find(self, name: str) -> Image | None:
        """The stand-in for a sample image, or one that was built here; by name or digest."""
        if (sample := standin(name)) is not None:
            return sample
        content = images.parse(name).digest.removeprefix("sha256:")
        built = self.by_hex(content) if content else self.by_name(name)
        return built.as_image() if built else None

    def save(self, image: BuiltImage) -> None:
        """Say that an image is finished."""
        write(str(self.images / image.hex / "image.json"), json.dumps(asdict(image), indent=1))

    def forget(self, content: str) -> None:
        """Remove an image, and the layers that no image needs any more."""
        folder = self.images / content
        (folder / "image.json").unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        needed = {image.layer for image in self._all()}
        for layer in self.layers.iterdir():
            if (layer / "ready").exists() and layer.name not in needed:
                (layer / "ready").unlink()
                shutil.rmtree(layer, ignore_errors=True)

    def _all(self) -> list[BuiltImage]:
        found = (self.by_hex(folder.name) for folder in self.images.iterdir())
        return [image for image in found if image is not None]


def standin(name: str) -> Image | None:
    """The built-in program for one of the two public sample images, at any tag; None for other images, and for a digest
    that is not the stand-in's: who names one wants exactly that."""
    sample = images.sample(name)
    content = hashlib.sha256(f"built-in stand-in for {sample}".encode()).hexdigest()
    if not sample or images.parse(name).digest not in ("", f"sha256:{content}"):
        return None
    return Image(
        name=name,
        digest=f"{sample}@sha256:{content}",
        entrypoint=(sys.executable, "-I", "-S", str(STANDINS / STANDIN_PROGRAMS[sample])),
        env={"PATH": SYSTEM_PATH},
        working_dir=str(STANDINS),
        notes=(f"The built-in stand-in for {sample} serves, as the image itself is not at hand.",),
    )


def content_hash(source: Path) -> str:
    """One hash over every path, kind, executable bit and content of a folder."""
    total = hashlib.sha256()
    for path in sorted(source.rglob("*")):
        name = os.fsencode(path.relative_to(source))
        if path.is_symlink():
            total.update(b"link\0%s\0%s\0" % (name, os.fsencode(os.readlink(path))))
        elif path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            executable = bool(path.stat().st_mode & 0o100)
            total.update(b"file\0%s\0%d\0%s\0" % (name, executable, digest.encode()))
        elif path.is_dir():
            total.update(b"folder\0%s\0" % name)
    return total.hexdigest()


def environment(spec: InstanceSpec, image: Image, folder: Path, port: int) -> dict[str, str]:
    """All that the program sees: nothing of the user's own environment."""
    env = {
        "PATH": SYSTEM_PATH,
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "LANG": "C.UTF-8",
        **image.env,
    }
    if images.sample(spec.digest):
        env |= {"STANDIN_PROJECT": spec.project, "STANDIN_REGION": spec.region}
    env |= spec.env
    return env | {"PORT": str(port)} if "PORT" in env else env
