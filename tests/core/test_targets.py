"""Targets of autoscaling as they are written. Evidence: documented (gcloud run deploy; v2 RevisionScaling)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from cloudrun_cli.core import annotations as known
from cloudrun_cli.core import targets
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import RevisionTemplate
from cloudrun_cli.core.validation import check_template
from tests.builders import a_service


def a_template(annotations: Mapping[str, str]) -> RevisionTemplate:
    return replace(a_service().template, annotations=annotations)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.1", 0.1), ("0.95", 0.95), ("0.60", 0.6), (".5", 0.5), ("default", 0.6), ("disabled", None), ("0.0", None)],
)
def test_a_target_is_a_number_or_a_word(text: str, value: float | None) -> None:
    assert targets.parse(text, "there") == value


@pytest.mark.parametrize("text", ["0.09", "0.96", "1", "0.655", "-0.5", "off", "", "nan", "inf"])
def test_any_other_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        targets.parse(text, "there")
    assert refused.value.field == "there"
    with pytest.raises(InvalidArgument):
        check_template(a_template({known.CPU_TARGET: text}))


def test_a_template_that_says_nothing_aims_at_60_percent_of_both() -> None:
    template = a_template({})
    assert (targets.cpu(template), targets.concurrency(template), targets.cpus(template)) == (0.6, 0.6, 1.0)


def test_one_of_them_may_be_off_but_not_both() -> None:
    one = a_template({known.CPU_TARGET: "disabled", known.CONCURRENCY_TARGET: "0.8"})
    check_template(one)
    assert (targets.cpu(one), targets.concurrency(one)) == (None, 0.8)
    with pytest.raises(InvalidArgument, match="cannot both be disabled"):
        check_template(a_template({known.CPU_TARGET: "disabled", known.CONCURRENCY_TARGET: "0.0"}))


def test_one_that_was_saved_before_it_was_checked_counts_as_the_default() -> None:
    assert targets.cpu(a_template({known.CPU_TARGET: "1"})) == 0.6


def test_the_cpus_of_an_instance_are_those_of_all_its_containers() -> None:
    template = a_template({})
    first = template.containers[0]
    several = replace(template, containers=(replace(first, cpu="2"), replace(first, cpu="500m")))
    assert targets.cpus(several) == 2.5


def test_idle_instances_with_a_gpu_are_kept_for_less_long() -> None:
    template = a_template({})
    gpu = replace(template, containers=(replace(template.containers[0], limits={"nvidia.com/gpu": "1"}),))
    usual, short = timedelta(minutes=15), timedelta(seconds=1)
    assert [targets.idle_limit(one, usual) for one in (template, gpu)] == [usual, timedelta(minutes=10)]
    assert targets.idle_limit(gpu, short) == short
