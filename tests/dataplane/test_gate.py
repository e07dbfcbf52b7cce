"""The gate's decisions and its books, with a test in Envoy's place: every order in which messages can come."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from cloudrun_cli.core import admission
from cloudrun_cli.core.admission import QUEUE_LEAST, Refusal
from cloudrun_cli.core.resources import ServiceRef
from cloudrun_cli.dataplane.doorway import Doorway, Headers
from cloudrun_cli.dataplane.routes import RevisionRoute, RouteChange, ServiceRoute
from tests.dataplane.asking import FakeEnvoy, asking
from tests.dataplane.edge import HELLO, HELLO_HOST, NUMBER, ONE, PROJECT, REGION, eventually, revision, routes

TWO = revision("hello-00002-def")
ADDRESS = "127.0.0.1:9001"


@pytest_asyncio.fixture
async def envoy(tmp_path: Path) -> AsyncIterator[FakeEnvoy]:
    async with asking(tmp_path) as one:
        yield one


# Where a request goes


async def test_a_request_is_sent_to_the_ready_instance_with_the_services_time_limit(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(timeout=timedelta(seconds=30)))
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    answer = await (await envoy.ask("/path?query")).answer()
    assert (answer.status, answer.address) == (200, ADDRESS)
    assert answer.headers["grpc-timeout"] == "30000m"
    assert "x-crl-proto" not in answer.headers


async def test_a_fault_in_the_door_lets_nobody_in_and_is_told_of(
    envoy: FakeEnvoy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Doorway):
        def may_invoke(self, route: ServiceRoute, headers: Headers, path: bytes) -> Refusal | bytes:
            raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(envoy.gate, "_doorway", Broken())
    envoy.gate.use(routes(public=False))
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    answer = await (await envoy.ask()).answer()
    assert (answer.status, answer.address) == (400, None)
    assert "nobody foresaw this" in caplog.text


async def test_a_tag_that_is_not_there_is_no_page_of_a_private_service_either(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(public=False, tags={"new": ONE}))
    for tag, status in (("new", 403), ("old", 404)):
        assert (await (await envoy.ask(host=f"{tag}---{HELLO_HOST}")).answer()).status == status


async def test_an_h2c_service_is_marked(envoy: FakeEnvoy) -> None:
    envoy.gate.add_instance(ONE, "one", ADDRESS)  # ready before its route is known
    envoy.gate.use(routes(h2=True))
    assert (await (await envoy.ask()).answer()).headers["x-crl-proto"] == "h2"


@pytest.mark.parametrize(
    ("theirs", "sent"), [("5S", "5000m"), ("10M", "300000m"), ("nonsense", "300000m"), ("1n", "1m")]
)
async def test_the_smaller_of_the_clients_deadline_and_the_services_limit_counts(
    envoy: FakeEnvoy, theirs: str, sent: str
) -> None:
    envoy.gate.use(routes())
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    assert (await (await envoy.ask(grpc_timeout=theirs)).answer()).headers["grpc-timeout"] == sent


async def test_traffic_is_split_by_percent_and_a_tag_bypasses_the_split(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(split={ONE: 80, TWO: 20}, tags={"new": TWO}, concurrency=1000))
    envoy.gate.add_instance(ONE, "one", "10.0.0.1:1")
    envoy.gate.add_instance(TWO, "two", "10.0.0.2:1")
    answers = await asyncio.gather(*[(await envoy.ask()).answer() for _ in range(400)])
    shares = Counter(answer.address for answer in answers)
    assert 50 <= shares["10.0.0.2:1"] <= 110  # 20 % of 400, within four standard deviations
    tagged = [await (await envoy.ask(host=f"new---{HELLO_HOST}")).answer() for _ in range(5)]
    assert {answer.address for answer in tagged} == {"10.0.0.2:1"}


async def test_requests_spread_over_the_instances_and_never_pass_their_concurrency(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(concurrency=2))
    envoy.gate.add_instance(ONE, "a", "10.0.0.1:1")
    envoy.gate.add_instance(ONE, "b", "10.0.0.2:1")
    questions = await envoy.ask_all(5)
    served = Counter([(await question.answer()).address for question in questions[:4]])
    assert served == {"10.0.0.1:1": 2, "10.0.0.2:1": 2}
    assert questions[4].waits
    assert envoy.gate.load()[ONE].waiting == 1


@pytest.mark.parametrize(
    "host", ["nobody-123456789012.us-central1.run.localhost", "example.com", f"gone---{HELLO_HOST}"]
)
async def test_an_unknown_host_gets_a_page_and_no_line_in_the_request_log(envoy: FakeEnvoy, host: str) -> None:
    envoy.gate.use(routes())
    question = await envoy.ask(host=host)
    answer = await question.answer()
    assert answer.status == 404
    assert "<html>" in answer.body
    envoy.logged(question.id, st=404)
    await asyncio.sleep(0.5)
    assert envoy.records == []


async def test_a_private_service_is_refused_with_the_path_made_harmless(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(public=False))
    question = await envoy.ask("/<script>")
    answer = await question.answer()
    assert answer.status == 403
    assert "/&lt;script&gt;" in answer.body
    assert "<script>" not in answer.body
    envoy.logged(question.id, st=403)
    await eventually(lambda: len(envoy.records) == 1)
    assert (envoy.records[0].text, envoy.records[0].revision) == (admission.UNAUTHENTICATED.log, ONE)
    assert envoy.records[0].severity == "WARNING"
    assert envoy.records[0].revision == ONE  # so that it stands in the log of its service
    assert envoy.demands == []  # it starts nothing


async def test_a_service_whose_url_is_disabled_is_reached_by_its_domain_only(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(door=20001, disabled_url=True, domains={"shop.example.com": HELLO}))
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    assert (await (await envoy.ask()).answer()).status == 404
    assert (await (await envoy.ask(x_crl_door="20001")).answer()).status == 404
    assert (await (await envoy.ask(host="shop.example.com")).answer()).address == ADDRESS


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/projects/demo/secrets", {}, 200),  # whoever sits at this machine
        ("/v1/projects/demo/secrets", {"x_crl_peer": "172.18.0.2"}, 401),
        ("/v1/projects/demo/secrets", {"x_crl_peer": "172.18.0.2", "authorization": "Bearer a"}, 200),
        ("/oauth2/v3/certs", {"x_crl_peer": "172.18.0.2"}, 200),
        ("/token", {"x_crl_peer": "172.18.0.2"}, 200),
        ("/tokens/of/others", {"x_crl_peer": "172.18.0.2"}, 401),
    ],
)
async def test_an_instance_calls_the_api_with_a_token_or_not_at_all(
    envoy: FakeEnvoy, path: str, headers: dict[str, str], status: int
) -> None:
    envoy.gate.use(routes(api="127.0.0.1:7000"))
    question = await envoy.ask(path, host="secretmanager.googleapis.com", **headers)
    assert (await question.answer()).status == status


async def test_the_api_is_reached_by_name_and_says_when_it_is_away(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(api="127.0.0.1:7000"))
    answer = await (await envoy.ask("/v2/projects/demo", host="run.localhost:9080")).answer()
    assert (answer.status, answer.address) == (200, "127.0.0.1:7000")
    assert "grpc-timeout" not in answer.headers
    envoy.gate.use(routes())
    assert (await (await envoy.ask("/v2/projects/demo", host="run.localhost")).answer()).status == 460  # says 503


async def test_a_service_that_serves_nothing_yet_answers_503(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(split={}))
    assert (await (await envoy.ask()).answer()).status == 460


# Waiting


async def test_a_request_to_a_service_at_zero_rings_and_waits_for_an_instance(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(timeout=timedelta(seconds=60)))
    question = await envoy.ask()
    await eventually(lambda: envoy.demands == [ONE])
    assert question.waits
    envoy.moment += 7
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    answer = await question.answer()
    assert answer.address == ADDRESS
    assert answer.headers["grpc-timeout"] == "53000m"  # waiting counts


async def test_the_queue_is_first_come_first_served(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(concurrency=1))
    questions = await envoy.ask_all(4)
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    for turn, question in enumerate(questions):
        assert (await question.answer()).address == ADDRESS
        assert all(later.waits for later in questions[turn + 1 :])
        await envoy.ended(question.id, ADDRESS)


async def test_a_newcomer_does_not_pass_those_who_wait(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(concurrency=1))
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    first, second = await envoy.ask_all(2)
    await first.answer()
    third = await envoy.ask()
    await envoy.ended(first.id, ADDRESS)
    await second.answer()
    assert third.waits


@pytest.mark.parametrize(("most", "status"), [(1, 429), (2, 461)])
async def test_the_wait_ends_with_429_at_the_maximum_and_500_below_it(envoy: FakeEnvoy, most: int, status: int) -> None:
    envoy.gate.use(routes(concurrency=1, max_instances=most))
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    busy, waits = await envoy.ask_all(2)
    await busy.answer()
    envoy.moment += 9.5
    await asyncio.sleep(0.25)
    assert waits.waits
    envoy.moment += 1
    assert (await waits.answer()).status == status
    assert envoy.gate.load()[ONE].waiting == 0


@pytest.mark.parametrize(("most", "status"), [(1, 429), (2, 461)])
async def test_a_full_queue_answers_at_once_and_takes_the_next_when_one_has_left(
    envoy: FakeEnvoy, most: int, status: int
) -> None:
    envoy.gate.use(routes(concurrency=1, max_instances=most))
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    busy, *waiting = await envoy.ask_all(1 + QUEUE_LEAST)
    await busy.answer()
    assert all(question.waits for question in waiting)
    refused = await envoy.ask()
    assert (await refused.answer()).status == status
    envoy.logged(refused.id, st=429 if status == 429 else 500)
    await eventually(lambda: len(envoy.records) == 1)
    assert envoy.records[0].text == (admission.NO_INSTANCE_AT_MAX if most == 1 else admission.NO_INSTANCE).log
    await waiting[50].leave()
    await eventually(lambda: envoy.gate.load()[ONE].waiting == QUEUE_LEAST - 1)
    last = await envoy.ask()
    await envoy.beat()
    assert last.waits
    await envoy.ended(busy.id, ADDRESS)
    assert (await waiting[0].answer()).address == ADDRESS  # whoever has waited longest


async def test_while_instances_start_a_full_queue_counts_them(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(concurrency=1, max_instances=1))
    envoy.gate.starting(ONE, +1)
    await envoy.ask_all(QUEUE_LEAST)
    assert (await (await envoy.ask()).answer()).status == 429


async def test_slow_starts_allow_longer_waits(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes())
    for seconds in (4.0, 8.0):  # 6 s on average: 21 s
        envoy.gate.start_time(ONE, seconds)
    question = await envoy.ask()
    await envoy.beat()
    envoy.moment += 20.5
    await asyncio.sleep(0.25)
    assert question.waits
    envoy.moment += 1
    assert (await question.answer()).status == 461


async def test_while_an_instance_starts_only_the_request_timeout_ends_the_wait(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(timeout=timedelta(seconds=100)))
    envoy.gate.starting(ONE, +1)
    question = await envoy.ask()
    await envoy.beat()
    envoy.moment += 99
    await asyncio.sleep(0.25)
    assert question.waits
    envoy.moment += 1.5
    assert (await question.answer()).status == 462  # says 504


async def test_a_failed_start_is_told_to_everybody_who_waits_for_it_and_to_nobody_else(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(split={ONE: 100}, tags={"new": TWO}))
    mine = await envoy.ask_all(2)
    other = await envoy.ask(host=f"new---{HELLO_HOST}")
    await envoy.beat()
    envoy.gate.fail_waiting(ONE)
    for question in mine:
        answer = await question.answer()
        assert answer.status == 461
        assert admission.NOT_STARTED.text.split("'")[0] in answer.body
    assert other.waits
    envoy.logged(mine[0].id, st=500)
    await eventually(lambda: len(envoy.records) == 1)
    assert envoy.records[0].text == admission.NOT_STARTED.log
    assert envoy.records[0].revision == ONE


async def test_those_who_wait_for_a_revision_that_is_gone_are_placed_by_the_new_split(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(split={ONE: 100}))
    question = await envoy.ask()
    await envoy.beat()
    envoy.gate.add_instance(TWO, "two", ADDRESS)
    envoy.gate.use(routes(split={TWO: 100}))
    assert (await question.answer()).address == ADDRESS


async def test_those_who_wait_for_a_deleted_service_are_answered(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes())
    question = await envoy.ask()
    await envoy.beat()
    envoy.gate.use(type(routes())())
    assert (await question.answer()).status == 404


async def test_a_change_of_one_service_leaves_the_others_and_their_waiting_requests_alone(envoy: FakeEnvoy) -> None:
    other = ServiceRef(PROJECT, REGION, "other")
    envoy.gate.use(routes(door=20001))
    waits = await envoy.ask()
    await envoy.beat()
    added = ServiceRoute(other, NUMBER, 20002, True, ((TWO, 100),))
    envoy.gate.change(RouteChange({other: added}, {TWO: RevisionRoute(TWO, other)}, {"shop.example.com": other}))
    envoy.gate.add_instance(TWO, "two", ADDRESS)
    assert (await (await envoy.ask(host="shop.example.com")).answer()).address == ADDRESS
    assert (await (await envoy.ask(x_crl_door="20002")).answer()).address == ADDRESS
    assert waits.waits
    envoy.gate.change(RouteChange({other: None}, {TWO: None}))
    assert (await (await envoy.ask(x_crl_door="20002")).answer()).status == 404
    assert (await (await envoy.ask(host="shop.example.com")).answer()).status == 404  # mapped, and nobody there
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    assert (await waits.answer()).address == ADDRESS


async def test_a_tag_that_was_removed_is_not_found(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(split={ONE: 100}, tags={"new": TWO}))
    envoy.gate.add_instance(TWO, "two", ADDRESS)
    assert (await (await envoy.ask(host=f"new---{HELLO_HOST}")).answer()).address == ADDRESS
    envoy.gate.use(routes(split={ONE: 100}))
    assert (await (await envoy.ask(host=f"new---{HELLO_HOST}")).answer()).status == 404


# Books


async def test_a_slot_is_freed_by_the_fast_message_and_not_again_by_the_log_line(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes())
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    first, second = await envoy.ask_all(2)
    await envoy.ended(first.id, ADDRESS)
    assert envoy.gate.load()[ONE].in_flight == 1
    envoy.logged(first.id, ADDRESS)
    await eventually(lambda: len(envoy.records) == 1)
    assert envoy.gate.load()[ONE].in_flight == 1  # the second request's
    assert second.id != first.id


async def test_a_lost_fast_message_is_made_good_by_the_log_line(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(concurrency=1))
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    first, second = await envoy.ask_all(2)
    await first.answer()
    envoy.logged(first.id, ADDRESS)
    assert (await second.answer()).address == ADDRESS


@pytest.mark.parametrize("by", ["message", "line"])
async def test_an_end_that_overtakes_its_question_costs_no_slot(envoy: FakeEnvoy, by: str) -> None:
    envoy.gate.use(routes())
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    if by == "message":
        await envoy.ended("early")
    else:
        envoy.logged("early")
        await asyncio.sleep(0.5)
    answer = await (await envoy.ask(request_id="early")).answer()
    assert answer.address is None
    assert envoy.gate.load()[ONE].in_flight == 0
    assert (await (await envoy.ask()).answer()).address == ADDRESS  # others are not affected


async def test_a_client_that_leaves_while_it_waits_loses_its_place(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(concurrency=1))
    leaver, stayer = await envoy.ask_all(2)
    await leaver.leave()
    await eventually(lambda: envoy.gate.load()[ONE].waiting == 1)
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    assert (await stayer.answer()).address == ADDRESS
    assert envoy.gate.load()[ONE].in_flight == 1


async def test_an_end_message_for_a_waiting_request_takes_it_out_of_the_queue(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(concurrency=1))
    gone, stays = await envoy.ask_all(2)
    await envoy.ended(gone.id)
    assert envoy.gate.load()[ONE].waiting == 1
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    assert (await stays.answer()).address == ADDRESS


async def test_a_question_that_is_asked_again_holds_one_slot(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes())
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    for _ in range(3):
        await (await envoy.ask(request_id="same")).answer()
    assert envoy.gate.load()[ONE].in_flight == 1
    await envoy.ended("same", ADDRESS)
    assert envoy.gate.load()[ONE].in_flight == 0


async def test_a_retired_instance_gets_no_more_and_says_when_it_is_drained(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes())
    envoy.gate.add_instance(ONE, "old", "10.0.0.1:1")
    question = await envoy.ask()
    await question.answer()
    envoy.gate.retire_instance("old")
    envoy.gate.add_instance(ONE, "new", "10.0.0.2:1")
    assert (await (await envoy.ask()).answer()).address == "10.0.0.2:1"
    assert not await envoy.gate.drained("old", envoy.moment + 0.05)
    drained = asyncio.create_task(envoy.gate.drained("old", envoy.moment + 3))
    await envoy.ended(question.id, "10.0.0.1:1")
    assert await drained


async def test_a_paused_instance_gets_no_more_until_it_is_ready_again(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes())
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    before = await envoy.ask()
    assert (await before.answer()).address == ADDRESS
    envoy.gate.pause_instance("one", paused=True)
    question = await envoy.ask()
    await asyncio.sleep(0.05)
    assert question.waits
    envoy.gate.pause_instance("one", paused=False)
    assert (await question.answer()).address == ADDRESS
    envoy.gate.retire_instance("one")
    envoy.gate.pause_instance("one", paused=False)  # what is on its way out does not come back
    last = await envoy.ask()
    await asyncio.sleep(0.05)
    assert last.waits


async def test_an_instance_that_is_gone_takes_its_requests_out_of_the_load(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes())
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    question = await envoy.ask()
    await question.answer()
    envoy.gate.drop_instance("one")
    envoy.gate.drop_instance("one")
    assert envoy.gate.load()[ONE].in_flight == 0
    await envoy.ended(question.id, ADDRESS)
    assert envoy.gate.load()[ONE].in_flight == 0
    assert await envoy.gate.drained("one", envoy.moment)


async def test_it_is_told_when_an_instance_becomes_busy_and_idle_and_not_of_every_request(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(concurrency=1))
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    edges: list[tuple[str, bool]] = []
    envoy.on_busy = lambda instance, busy: edges.append((instance, busy))
    first, second = await envoy.ask_all(2)
    assert edges == [("one", True)]
    await envoy.ended(first.id, ADDRESS)  # the second takes its slot
    await second.answer()
    assert edges == [("one", True)]
    await envoy.ended(second.id, ADDRESS)
    assert edges == [("one", True), ("one", False)]


async def test_the_load_says_since_when_an_instance_is_idle(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes())
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    assert envoy.gate.load()[ONE].instances["one"].idle_since == 1000.0
    question = await envoy.ask()
    await question.answer()
    assert envoy.gate.load()[ONE].instances["one"].idle_since is None
    envoy.moment += 5
    await envoy.ended(question.id, ADDRESS)
    assert envoy.gate.load()[ONE].instances["one"].idle_since == 1005.0


async def test_after_a_restart_the_counts_start_from_what_envoy_says(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(concurrency=3))
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    envoy.gate.inherit({ADDRESS: 3, "10.9.9.9:1": 4})
    waits = await envoy.ask()
    await envoy.beat()
    assert waits.waits
    await envoy.ended("from-before")  # perhaps before Envoy counted: it is asked again
    assert waits.waits
    await envoy.recount({ADDRESS: 2})
    assert (await waits.answer()).address == ADDRESS
    await envoy.recount({ADDRESS: 2})  # ours may be in it or not yet: nothing is given away
    assert envoy.gate.load()[ONE].in_flight == 3
    envoy.moment += 1
    await envoy.recount({ADDRESS: 2})  # by now it is in it
    assert envoy.gate.load()[ONE].in_flight == 2
    await envoy.recount({ADDRESS: 1})
    assert envoy.gate.load()[ONE].in_flight == 1
    assert not envoy.gate.inherits


async def test_a_request_of_an_earlier_gate_still_gets_its_record(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes())
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    envoy.logged("from-before", ADDRESS)
    await eventually(lambda: len(envoy.records) == 1)
    assert (envoy.records[0].revision, envoy.records[0].instance) == (ONE, "one")


async def test_an_ended_request_whose_line_never_comes_is_forgotten_and_a_running_one_is_not(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes())
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    ended, runs = await envoy.ask_all(2)
    await envoy.ended(ended.id, ADDRESS)
    envoy.gate.forget(envoy.moment + 1)
    envoy.logged(ended.id)
    envoy.logged(runs.id, ADDRESS)
    await eventually(lambda: len(envoy.records) == 1)
    assert envoy.records[0].id == runs.id


async def test_a_record_says_what_the_request_log_needs(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes(tags={"new": ONE}))
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    question = await envoy.ask(host=f"new---{HELLO_HOST}")
    await question.answer()
    envoy.logged(question.id, ADDRESS, p="/a?b", ua="curl", tp=f"00-{'a' * 32}-{'b' * 16}-01")
    await eventually(lambda: len(envoy.records) == 1)
    record = envoy.records[0]
    assert (record.service, record.revision, record.tag, record.instance) == (HELLO, ONE, "new", "one")
    assert (record.url, record.status, record.user_agent) == (f"http://{HELLO_HOST}/a?b", 200, "curl")
    assert (record.latency, record.trace, record.severity) == (timedelta(milliseconds=12), "a" * 32, "INFO")
    assert record.started.isoformat() == "2026-09-21T14:13:20.250000+00:00"


async def test_what_is_no_http_is_turned_away_and_the_gate_goes_on(envoy: FakeEnvoy) -> None:
    envoy.gate.use(routes())
    envoy.gate.add_instance(ONE, "one", ADDRESS)
    reader, writer = await asyncio.open_unix_connection(str(envoy.folder / "gate.sock"))
    writer.write(b"\x00\x01 nonsense\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400")
    writer.close()
    assert (await (await envoy.ask()).answer()).address == ADDRESS
