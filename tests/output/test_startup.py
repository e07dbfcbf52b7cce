"""What printing the default table may load. Evidence: ours, for the sake of `services list`."""

import subprocess
import sys

import pytest

PROGRAM = """
import io, sys
import contextlib, functools, re, typing  # what the command line has loaded anyway
before = set(sys.modules)
from cloudrun_cli.output.printer import print_list
from cloudrun_cli.output.rows import Row
rows = [Row({{"metadata": {{"name": "a"}}}}, {{"at": "2026-01-10T09:00:02.000000Z", "ready": "✔"}})]
print_list(rows, format=None, default={default!r}, out=io.StringIO(), err=io.StringIO())
print(*sorted(set(sys.modules) - before))
"""
PLAIN = 'table(ready.color(green="[✔]"):label="",metadata.name:label=SERVICE)'
WITH_DATE = 'table(metadata.name:sort=1,at.date("%Y-%m-%d %H:%M:%S %Z"):label=DEPLOYED)'
CORE = {"columns", "context", "errors", "keys", "printer", "projection", "rows", "scanner", "sorting", "table"}
DATES = {"times", "transforms", "transforms.quantities"}


@pytest.mark.parametrize(("default", "parts"), [(PLAIN, CORE), (WITH_DATE, CORE | DATES)])
def test_a_default_table_loads_its_own_parts_and_nothing_else(default: str, parts: set[str]) -> None:
    program = PROGRAM.format(default=default)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split()) - {"importlib", "importlib._bootstrap", "importlib._bootstrap_external"}
    assert loaded == {"cloudrun_cli", "cloudrun_cli.output", *(f"cloudrun_cli.output.{part}" for part in parts)}
