"""Images under the names that the recordings use, made of busybox: some answer or wait, some are done, some fail."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.docker_images import an_image, busybox_base
from tests.e2e.world import engine

# A program without a handler ignores SIGTERM as process 1, and would be waited for.
SERVER = "#!/bin/sh\ntrap 'exit 0' TERM\nhttpd -f -p ${PORT:-8080} &\nwait\n"
SLEEPER = "#!/bin/sh\ntrap 'exit 0' TERM\nsleep 3600 &\nwait\n"
FAILING = "#!/bin/sh\necho no table to migrate >&2\nexit 1\n"
START, SLEEP, FAIL = 'CMD ["/app/server"]', 'CMD ["/app/sleeper"]', 'CMD ["sh", "-c", "exit 1"]'
DONE = 'ENTRYPOINT ["true"]'

IMAGES = {
    "docker.io/library/busybox:latest": START,
    "us-docker.pkg.dev/cloudrun/container/hello:latest": START,
    "us-docker.pkg.dev/demo/apps/api:1.6.0": START,
    "us-docker.pkg.dev/demo/apps/shop:2.1": START,
    "us-docker.pkg.dev/demo/apps/worker:fail2": FAIL,
    "docker.io/library/redis:7": SLEEP,
    "us-docker.pkg.dev/demo/apps/batch:1": DONE,
    "us-docker.pkg.dev/demo/apps/idle:1": DONE,
    "us-docker.pkg.dev/demo/apps/migrate:fail": FAIL,
    "us-docker.pkg.dev/demo/apps/nightly:3": DONE,
}


@contextmanager
def pretended() -> Iterator[None]:
    """While inside, the engine has these images. One that it has already is left as it is."""
    api = engine()
    base = busybox_base(api)
    there = {tag for image in api.images() for tag in image["RepoTags"] or ()}
    missing = {name: how for name, how in IMAGES.items() if name.removeprefix("docker.io/library/") not in there}
    for name, how in missing.items():
        an_image(
            api,
            base,
            {"app/server": SERVER, "app/sleeper": SLEEPER, "bin/app": SERVER, "bin/python": FAILING},
            tag=name,
            instructions=[how],
        )
    try:
        yield
    finally:
        for name in missing:
            api.remove_image(name, noprune=True)
