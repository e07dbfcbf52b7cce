"""Names of images, read as every engine reads them."""

import pytest

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.runtime.images import SAMPLE_JOB, SAMPLE_SERVICE, keep_tag, parse, sample

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("text", "pullable"),
    [
        ("nginx", "nginx:latest"),
        ("docker.io/library/nginx:1.27", "nginx:1.27"),
        ("someone/app", "someone/app:latest"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("localhost/app:dev", "localhost/app:dev"),
        ("us-docker.pkg.dev/cloudrun/container/hello", "us-docker.pkg.dev/cloudrun/container/hello:latest"),
        (f"gcr.io/p/app@{DIGEST}", f"gcr.io/p/app@{DIGEST}"),
        (f"gcr.io/p/app:v1@{DIGEST}", f"gcr.io/p/app@{DIGEST}"),
    ],
)
def test_a_name_is_completed_with_what_it_leaves_out(text: str, pullable: str) -> None:
    assert parse(text).pullable == pullable


@pytest.mark.parametrize("text", ["", "UPPER/case", "app:", "app@sha256:short", "a b", "/app", "app:tag:tag", "app@"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument) as refusal:
        parse(text)
    assert refusal.value.field == "image"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("us-docker.pkg.dev/cloudrun/container/hello", SAMPLE_SERVICE),
        ("us-docker.pkg.dev/cloudrun/container/hello:latest", SAMPLE_SERVICE),
        (f"us-docker.pkg.dev/cloudrun/container/hello@{DIGEST}", SAMPLE_SERVICE),
        ("us-docker.pkg.dev/cloudrun/container/job", SAMPLE_JOB),
        ("us-docker.pkg.dev/cloudrun/container/hello-again", ""),
        ("hello", ""),
    ],
)
def test_the_sample_images_are_known_by_name_whatever_their_tag(text: str, found: str) -> None:
    assert sample(text) == found


def test_each_name_and_digest_is_kept_under_a_tag_of_its_own() -> None:
    first, second = parse("one").at(DIGEST), parse("two").at(DIGEST)
    assert keep_tag(first) != keep_tag(second)
    assert keep_tag(first) == keep_tag(parse("one:v2").at(DIGEST))
