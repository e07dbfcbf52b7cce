"""CPU and memory: how they are written, and which go together. Evidence: documented (Configure CPU / memory limits)."""

import pytest

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.limits import check_concurrency, check_pair, cpu_millis, memory_bytes

FIELD = "spec.template.spec.containers[0].resources.limits"
CONCURRENCY = "spec.template.spec.containerConcurrency"


@pytest.mark.parametrize(
    ("text", "millis"),
    [("1", 1000), ("0.5", 500), (".08", 80), ("500m", 500), ("1000m", 1000), ("2", 2000), ("8", 8000), ("0.083", 83)],
)
def test_cpu_is_read_in_every_form(text: str, millis: int) -> None:
    assert cpu_millis(text) == millis


@pytest.mark.parametrize("text", ["", "one", "-1", "1.", "1 ", "1k", "m", "1e3", "0x1"])
def test_cpu_that_is_no_quantity_is_refused_with_field_and_value(text: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        cpu_millis(text, f"{FIELD}.cpu")
    assert refused.value.message.startswith(f"{FIELD}.cpu: ")
    assert refused.value.message.endswith(f"Got '{text}'.")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512Mi", 512 * 2**20),
        ("1Gi", 2**30),
        ("1G", 10**9),
        ("1.5Gi", 3 * 2**29),
        ("134217728", 2**27),
        ("131072Ki", 2**27),
        ("500M", 500_000_000),
        ("1k", 1000),
        ("1T", 10**12),
    ],
)
def test_memory_is_read_in_every_unit(text: str, size: int) -> None:
    assert memory_bytes(text) == size


@pytest.mark.parametrize("text", ["", "12Zi", "512mi", "512 Mi", "-1Gi", "Gi", "1K", "1GiB"])
def test_memory_that_is_no_quantity_is_refused_in_the_services_words(text: str) -> None:
    # recorded for 12Zi: `gcloud run deploy --memory=12Zi`
    with pytest.raises(InvalidArgument) as refused:
        memory_bytes(text, f"{FIELD}.memory")
    assert refused.value.message == (
        f"{FIELD}.memory: Invalid value specified for memory. Must be a valid quantity, for example 512Mi. "
        f"Got '{text}'."
    )
    assert refused.value.field == f"{FIELD}.memory"


@pytest.mark.parametrize(
    ("cpu", "memory"),
    [
        ("0.08", "128Mi"),
        ("0.08", "512Mi"),
        ("499m", "512Mi"),
        ("0.5", "1Gi"),
        ("0.999", "1Gi"),
        ("1", "128Mi"),
        ("1", "4Gi"),
        ("2", "128Mi"),
        ("2", "8Gi"),
        ("4", "2Gi"),
        ("4", "16Gi"),
        ("6", "4Gi"),
        ("6", "24Gi"),
        ("8", "4Gi"),
        ("8", "32Gi"),
    ],
)
def test_cpu_and_memory_go_together_up_to_both_ends_of_each_range(cpu: str, memory: str) -> None:
    check_pair(cpu, memory, FIELD)


@pytest.mark.parametrize(
    ("cpu", "memory", "field", "rule", "value"),
    [
        ("0.079", "512Mi", "cpu", "from 0.08 to 8 CPU", "0.079"),
        ("0", "512Mi", "cpu", "from 0.08 to 8 CPU", "0"),
        ("8001m", "4Gi", "cpu", "from 0.08 to 8 CPU", "8001m"),
        ("16", "32Gi", "cpu", "from 0.08 to 8 CPU", "16"),
        ("1.5", "1Gi", "cpu", "must be 2, 4, 6 or 8", "1.5"),
        ("3", "1Gi", "cpu", "must be 2, 4, 6 or 8", "3"),
        ("5", "4Gi", "cpu", "must be 2, 4, 6 or 8", "5"),
        ("1", "127Mi", "memory", "at least 128Mi", "127Mi"),
        ("0.4", "513Mi", "memory", "With 0.4 CPU it must be from 128Mi to 512Mi", "513Mi"),
        ("0.5", "1025Mi", "memory", "With 0.5 CPU it must be from 128Mi to 1Gi", "1025Mi"),
        ("1", "5Gi", "memory", "With 1 CPU it must be from 128Mi to 4Gi", "5Gi"),
        ("2", "9Gi", "memory", "from 128Mi to 8Gi", "9Gi"),
        ("4", "1Gi", "memory", "from 2Gi to 16Gi", "1Gi"),
        ("4", "17Gi", "memory", "from 2Gi to 16Gi", "17Gi"),
        ("6", "3Gi", "memory", "from 4Gi to 24Gi", "3Gi"),
        ("8", "33Gi", "memory", "from 4Gi to 32Gi", "33Gi"),
    ],
)
def test_a_pair_that_does_not_go_together_is_refused_with_field_rule_and_value(
    cpu: str, memory: str, field: str, rule: str, value: str
) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check_pair(cpu, memory, FIELD)
    assert refused.value.field == f"{FIELD}.{field}"
    assert refused.value.message.startswith(f"{FIELD}.{field}: ")
    assert rule in refused.value.message
    assert f"'{value}'" in refused.value.message


@pytest.mark.parametrize(("cpus", "concurrency"), [(["0.5"], 1), (["1"], 80), (["1", "0.5"], 80), (["0.5", "0.5"], 2)])
def test_below_one_cpu_in_all_there_is_one_request_at_a_time(cpus: list[str], concurrency: int) -> None:
    check_concurrency(cpus, concurrency, CONCURRENCY)


@pytest.mark.parametrize(("cpus", "concurrency"), [(["999m"], 2), (["0.08"], 80), (["0.4", "0.5"], 2)])
def test_more_requests_than_one_are_refused_below_one_cpu(cpus: list[str], concurrency: int) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check_concurrency(cpus, concurrency, CONCURRENCY)
    assert refused.value.field == CONCURRENCY
    assert f"Invalid value {concurrency}. Below 1 CPU, here {' + '.join(cpus)}" in refused.value.message
