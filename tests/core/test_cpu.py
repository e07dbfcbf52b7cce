"""Startup CPU boost. Evidence: documented (Configure CPU limits: startup CPU boost, the table)."""

from dataclasses import replace

import pytest

from cloudrun_cli.core import cpu
from cloudrun_cli.core.annotations import STARTUP_BOOST
from cloudrun_cli.core.resources import Container
from tests.builders import a_template


@pytest.mark.parametrize(
    ("limit", "raised"),
    [(80, 2000), (500, 2000), (1000, 2000), (2000, 4000), (4000, 8000), (6000, 8000), (8000, 8000)],
)
def test_the_limit_is_raised_by_the_table(limit: int, raised: int) -> None:
    assert cpu.boosted(limit) == raised


@pytest.mark.parametrize(("annotation", "millis"), [("true", 2000), ("false", 500), (None, 500)])
def test_a_container_starts_with_more_only_where_its_template_says_so(annotation: str | None, millis: int) -> None:
    template = a_template(annotations={STARTUP_BOOST: annotation} if annotation else {})
    assert cpu.at_start(template, replace(Container("app"), cpu="500m")) == millis
