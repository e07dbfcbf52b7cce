"""The code knows who it is, and proves it to others, with Google's libraries as they are and with no network but ours.

Evidence: documented (Service identity; Authenticating service-to-service; Restrict network ingress).
"""

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cloudrun_cli.runtime import docker_labels as labels
from tests.e2e import libraries
from tests.e2e.world import Home, engine, eventually

PROJECT = "identity-lab"
CALLER, OTHER = (f"{name}@{PROJECT}.iam.gserviceaccount.com" for name in ("caller", "someone"))
INVOKER, ACCESSOR = "--role=roles/run.invoker", "--role=roles/secretmanager.secretAccessor"
MEMBER = f"--member=serviceAccount:{CALLER}"


class World:
    """Services A and B of the runner: A runs as CALLER, and B is private and runs as somebody else."""

    def __init__(self, runtime: str) -> None:
        self.home = Home(runtime)
        try:
            self.prepare()
        except BaseException:
            self.home.close()
            raise

    def prepare(self) -> None:
        """A project in a folder, the accounts, and the services."""
        done = self.home.done
        organization = done("organizations list --format=value(name.basename())").stdout.strip()
        made = done(f"resource-manager folders create --display-name=team --organization={organization} --format=json")
        self.folder = str(json.loads(made.stdout)["name"]).rpartition("/")[2]
        done(f"projects create {PROJECT} --folder={self.folder}")
        self.home.environ["CLOUDSDK_CORE_PROJECT"] = PROJECT
        for email in (CALLER, OTHER):
            done(f"iam service-accounts create {email.partition('@')[0]}")
        self.image = libraries.runner(self.home)
        self.deploy("a", f"--allow-unauthenticated --service-account={CALLER} {self.environment()}")
        self.deploy("b", f"--no-allow-unauthenticated --service-account={OTHER}")
        self.b = self.home.url("b")
        if self.home.runtime == "docker":
            self.cut_off("a")

    def deploy(self, service: str, flags: str) -> None:
        self.home.done(f"run deploy {service} --image={self.image} {flags}")

    def environment(self) -> str:
        """A process finds libraries of Node on this machine, and a proxy that is not there: nothing may need one."""
        if self.home.runtime == "docker":
            return ""
        dead = "http://127.0.0.1:9"
        variables = {
            "NODE_PATH": str(libraries.node_libraries()),
            "HTTPS_PROXY": dead,
            "HTTP_PROXY": dead,
            "NO_PROXY": "127.0.0.1,.localhost",
        }
        return f"--set-env-vars=^|^{'|'.join(f'{name}={value}' for name, value in variables.items())}"

    def cut_off(self, service: str) -> None:
        """Take the way to everywhere else from its containers: only their own network is left."""
        (name,) = self.home.instances(service)
        (row,) = engine().containers(filters={"label": f"{labels.INSTANCE}={name}"})
        pid = engine().inspect_container(row["Id"])["State"]["Pid"]
        if os.geteuid() == 0:
            subprocess.run(["nsenter", "-t", str(pid), "-n", "ip", "route", "del", "default"], check=True)

    @property
    def authority(self) -> str:
        """Where code inside finds the authority of the edge."""
        return "/run/cloudrun/ca.pem" if self.home.runtime == "docker" else f"{self.home.home}/trust/ca.pem"

    def run(self, program: str, service: str = "a", command: str = "", **said: str) -> str:
        """What a program prints in an instance; `said` are names that it begins with."""
        begin = "".join(f"{name} = {value!r}\n" for name, value in said.items())
        headers = {"X-Command": command} if command else {}
        more: dict[str, Any] = {"headers": headers, "content": begin + program}
        answer = self.home.http.post(*self.home.reach(self.home.url(service), more), **more)
        assert answer.status_code == 200, answer.text
        return answer.text

    def status_of_b(self, audience: str = "", url: str = "") -> int:
        """What B answers A, which sends a token for an audience, that of B unless told."""
        return int(self.run(CALL, URL=url or self.b, AUDIENCE=audience or self.b, AUTHORITY=self.authority))


CALL = """
import google.auth.transport.requests, google.oauth2.id_token, requests
token = google.oauth2.id_token.fetch_id_token(google.auth.transport.requests.Request(), AUDIENCE)
print(requests.get(URL, headers={"Authorization": f"Bearer {token}"}, verify=AUTHORITY).status_code)
"""
WHO = """
import google.auth, google.auth.transport.requests, google.oauth2.id_token as id_token, json
request = google.auth.transport.requests.Request()
credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
credentials.refresh(request)
token = id_token.fetch_id_token(request, "https://b.example")
claims = id_token.verify_token(token, request, audience="https://b.example", certs_url=CERTS)
try:
    id_token.verify_token(token, request, audience="https://c.example", certs_url=CERTS)
    wrong = "verified"
except Exception as error:
    wrong = str(error)
print(json.dumps([project, credentials.service_account_email, credentials.token[:5], claims["email"], wrong]))
"""
IN_NODE = """
const {GoogleAuth} = require('google-auth-library');
(async () => {
  const auth = new GoogleAuth({scopes: 'https://www.googleapis.com/auth/cloud-platform'});
  const said = [await auth.getProjectId(), (await auth.getCredentials()).client_email];
  said.push((await auth.getAccessToken()).slice(0, 5));
  for (const audience of [TARGET, 'https://wrong.example']) {
    const client = await auth.getIdTokenClient(audience);
    const answer = await client.request({url: TARGET, validateStatus: () => true});
    said.push(answer.status);
  }
  console.log(JSON.stringify(said));
})().catch(error => { console.error(error); process.exit(1); });
"""
READ = """
from google.cloud import secretmanager
import os
os.environ["REQUESTS_CA_BUNDLE"] = AUTHORITY
options = {"api_endpoint": ENDPOINT} if ENDPOINT else {}
client = secretmanager.SecretManagerServiceClient(transport="rest", client_options=options)
try:
    print(client.access_secret_version(name=NAME).payload.data.decode())
except Exception as error:
    print(type(error).__name__, error)
"""
ASK = """
import json, os, urllib.error, urllib.request
def ask(url, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)
"""


@pytest.fixture(scope="module", params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    made = World(request.param)
    yield made
    made.home.close()


def test_googles_python_library_finds_who_the_code_is_and_believes_our_tokens(world: World) -> None:
    certificates = f"http://127.0.0.1:{world.home.http_port}/oauth2/v1/certs"
    project, email, token, claimed, wrong = json.loads(world.run(WHO, CERTS=certificates))
    assert (project, email, token, claimed) == (PROJECT, CALLER, "ya29.", CALLER)
    assert "wrong audience" in wrong


def test_a_service_calls_another_only_with_the_role_wherever_it_is_granted(world: World) -> None:
    b, project, folder = "run services", "projects", "resource-manager folders"
    grants = [f"{b} {{}} b", f"{project} {{}} {PROJECT}", f"{folder} {{}} {world.folder}"]
    assert world.status_of_b() == 403
    for grant in grants:
        world.home.done(f"{grant.format('add-iam-policy-binding')} {MEMBER} {INVOKER}")
        assert world.status_of_b() == 200, grant
        assert world.status_of_b(audience="https://wrong.example") == 401, grant
        world.home.done(f"{grant.format('remove-iam-policy-binding')} {MEMBER} {INVOKER}")
        assert world.status_of_b() == 403, grant
    assert (
        world.run(
            "import urllib.request, urllib.error\ntry: urllib.request.urlopen(URL)\n"
            "except urllib.error.HTTPError as error: print(error.code)",
            URL=world.b,
        ).strip()
        == "403"
    )


def test_a_service_reaches_another_by_each_of_its_addresses(world: World) -> None:
    world.home.done(f"run services add-iam-policy-binding b {MEMBER} {INVOKER}")
    found = json.loads(world.home.json("run services describe b")["metadata"]["annotations"]["run.googleapis.com/urls"])
    plain, secure, door = found
    assert (plain[:7], secure[:8], door[:17]) == ("http://", "https://", "http://127.0.0.1:")
    reached = [door] if world.home.runtime == "process" else []
    reached += [plain, secure] if world.home.runtime == "docker" or os.geteuid() == 0 else []
    for url in reached:
        assert world.status_of_b(url=url) == 200, url
        assert world.status_of_b(url=url, audience=url) == 200, url
    world.home.done(f"run services remove-iam-policy-binding b {MEMBER} {INVOKER}")


def test_googles_node_library_does_the_same(world: World) -> None:
    libraries.node_libraries()
    url = world.b
    if world.home.runtime == "process":
        door = json.loads(
            world.home.json("run services describe b")["metadata"]["annotations"]["run.googleapis.com/urls"]
        )
        url = door[2]
    world.home.done(f"run services add-iam-policy-binding b {MEMBER} {INVOKER}")
    said = json.loads(world.run(f"const TARGET = {json.dumps(url)};\n{IN_NODE}", command="node"))
    world.home.done(f"run services remove-iam-policy-binding b {MEMBER} {INVOKER}")
    assert said == [PROJECT, CALLER, "ya29.", 200, 401]


def test_googles_secret_library_reads_as_the_identity_of_the_code(world: World) -> None:
    file = world.home.work / "payload"
    file.write_text("the answer")
    world.home.done(f"secrets create answer --data-file={file}")
    name = f"projects/{PROJECT}/secrets/answer/versions/latest"
    endpoints = [f"127.0.0.1:{world.home.https_port}", *([""] if world.home.runtime == "docker" else [])]
    for endpoint in endpoints:  # none: that of Google itself, which leads to us
        said = {"NAME": name, "AUTHORITY": world.authority, "ENDPOINT": endpoint}
        assert "secretmanager.versions.access" in world.run(READ, **said)
        world.home.done(f"secrets add-iam-policy-binding answer {MEMBER} {ACCESSOR}")
        assert world.run(READ, **said).strip() == "the answer"
        world.home.done(f"secrets remove-iam-policy-binding answer {MEMBER} {ACCESSOR}")


def test_the_metadata_server_answers_each_instance_as_itself_and_nobody_else(world: World) -> None:
    path = "/computeMetadata/v1/instance/service-accounts/default/email"
    program = (
        f"{ASK}print(ask(f\"http://{{os.environ['GCE_METADATA_HOST']}}{path}\", **{{'Metadata-Flavor': 'Google'}}))"
    )
    assert world.run(program).strip() == str((200, CALLER))
    world.home.done(f"run services add-iam-policy-binding b --member=allUsers {INVOKER}")
    assert world.run(program, service="b").strip() == str((200, OTHER))
    world.home.done(f"run services remove-iam-policy-binding b --member=allUsers {INVOKER}")
    told = world.home.status()["metadata"]
    refused = httpx.get(f"http://{told['processes']}{path}", headers={"Metadata-Flavor": "Google"}, trust_env=False)
    assert refused.status_code == 403


def test_it_goes_on_under_the_next_daemon(world: World) -> None:
    killed = world.home.status()["pid"]
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: world.home.status().get("pid") not in (None, killed))
    certificates = f"http://127.0.0.1:{world.home.http_port}/oauth2/v1/certs"
    assert json.loads(world.run(WHO, CERTS=certificates))[:2] == [PROJECT, CALLER]


def test_inside_a_container_its_addresses_are_those_of_google_cloud(world: World) -> None:
    if world.home.runtime != "docker":
        pytest.skip("a process has no network of its own")
    world.deploy("eighty", f"--allow-unauthenticated --port=80 --service-account={OTHER}")
    world.cut_off("eighty")
    program = f"""{ASK}
for host in ("metadata.google.internal", "metadata", "169.254.169.254"):
    print(*ask(f"http://{{host}}/computeMetadata/v1/project/project-id", **{{"Metadata-Flavor": "Google"}}))
print(ask("http://127.0.0.1/")[0])
for url in ("http://secretmanager.googleapis.com", "http://127.0.0.1:" + PORT):
    print(ask(f"{{url}}/v1/projects/{PROJECT}/secrets")[0])
print(ask("http://www.googleapis.com/oauth2/v1/certs")[0])
print(ask("http://169.254.169.252/")[1].split()[0])  # the whole range ends inside
"""
    said = world.run(program, service="eighty", PORT=str(world.home.http_port)).split("\n")
    assert said[:3] == [f"200 {PROJECT}"] * 3
    assert said[7] == "eighty"
    assert said[3:7] == ["200", "401", "401", "200"]


def test_ingress_is_internal_for_who_sends_everything_through_the_projects_network(world: World) -> None:
    if world.home.runtime != "docker":
        pytest.skip("a process has no network of its own")
    world.home.done(f"run services add-iam-policy-binding b {MEMBER} {INVOKER}")
    world.home.done("run services update b --ingress=internal")
    assert world.status_of_b() == 404
    world.home.done("run services update a --network=default --subnet=default --vpc-egress=all-traffic")
    assert world.status_of_b() == 200
    world.home.done("run services update a --vpc-egress=private-ranges-only")
    assert world.status_of_b() == 404
    world.home.done("run services update b --ingress=all")
    world.home.done(f"run services remove-iam-policy-binding b {MEMBER} {INVOKER}")


def test_an_account_that_is_gone_gets_no_token(world: World) -> None:
    email = f"doomed@{PROJECT}.iam.gserviceaccount.com"
    world.home.done("iam service-accounts create doomed")
    world.deploy("doomed", f"--allow-unauthenticated --service-account={email}")
    world.home.done(shlex.join(["iam", "service-accounts", "delete", email]))
    program = """
import google.auth, google.auth.transport.requests
credentials, project = google.auth.default()
try:
    credentials.refresh(google.auth.transport.requests.Request())
except google.auth.exceptions.RefreshError as error:
    print("refused", error)
"""
    assert world.run(program, service="doomed").startswith("refused")
