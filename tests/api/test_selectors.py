"""Label selectors. Evidence: documented (v1, labelSelector), and the two forms that gcloud 578 was recorded to send."""

import pytest

from cloudrun_cli.api.selectors import parse
from cloudrun_cli.core.errors import InvalidArgument

LABELS = {"team": "web", "env": "prod", "serving.knative.dev/service": "hello", "empty": ""}


@pytest.mark.parametrize(
    ("selector", "meant"),
    [
        ("", True),
        ("   ", True),
        ("serving.knative.dev/service = hello", True),  # recorded
        ("serving.knative.dev/service = other", False),
        ("serving.knative.dev/service=hello", True),
        ("team == web", True),
        ("team in (web,shop)", True),  # recorded, with other labels
        ("team in ( web , shop )", True),
        ("team in (shop)", False),
        ("team=web,env in (dev,prod)", True),
        ("team=web, env=dev", False),
        ("team != web", False),
        ("team != shop", True),
        ("nobody != shop", True),
        ("team notin (web)", False),
        ("nobody notin (web)", True),
        ("team", True),
        ("nobody", False),
        ("!team", False),
        ("! nobody", True),
        ("empty=", True),
        ("team=", False),
        ("inner", False),
    ],
)
def test_a_selector_means_the_resources_with_such_labels(selector: str, meant: bool) -> None:
    assert parse(selector).allows(LABELS) is meant


@pytest.mark.parametrize(
    "selector", ["=web", "team=web env=prod", "team in web", "team in (web", "team > 3", ",", "a,,b", "team in(a) b"]
)
def test_a_text_that_is_no_selector_is_refused_and_quoted(selector: str) -> None:
    with pytest.raises(InvalidArgument, match="labelSelector"):
        parse(selector)


@pytest.mark.parametrize(
    ("selector", "value"),
    [("team = web", "web"), ("team in (web)", "web"), ("team in (a,b)", None), ("team != web", None), ("env=x", None)],
)
def test_the_only_value_a_label_may_have_is_known(selector: str, value: str | None) -> None:
    assert parse(selector).only("team") == value
