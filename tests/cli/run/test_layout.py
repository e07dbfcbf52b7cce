"""Labelled lines: one column, blocks below their label, names without a colon. Evidence: recorded (describe)."""

import pytest

from cloudrun_cli.cli.run.layout import Block, laid_out, unnamed


@pytest.mark.parametrize(
    ("block", "lines"),
    [
        ([("URL", "u"), ("Ingress", "all")], ["URL:     u", "Ingress: all"]),
        (["Container app", [("Image", "i")]], ["Container app", "  Image: i"]),
        (
            [("Env vars", {"A": "1", "EMPTY": ""}), ("Port", 8080)],
            ["Env vars:", "  A       1", "  EMPTY", "Port:     8080"],
        ),
        ([("Volumes", {"tmp": [("type", "in-memory")]})], ["Volumes:", "  tmp", "    type: in-memory"]),
        (
            [("Timeout", "1s"), ("A label that is longer than the column", "x")],
            ["Timeout:             1s", "A label that is longer than the column: x"],
        ),
        ([("Port", 0), ("Text", ""), ("Nothing", None), ("Block", [("Text", "")]), ("Names", {})], ["Port: 0"]),
    ],
)
def test_a_block_is_laid_out(block: Block, lines: list[str]) -> None:
    assert list(laid_out(block)) == lines


def test_a_setting_without_a_line_of_its_own_is_shown_by_its_name() -> None:
    annotations = {"run.googleapis.com/new-thing": "on", "run.googleapis.com/known": "x", "other.dev/key": "y"}
    assert unnamed(annotations | {"run.googleapis.com/client-name": "gcloud"}, {"known"}) == [("new-thing", "on")]
