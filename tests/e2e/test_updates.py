"""Updating a service: what makes a revision and what does not, and what is told of it, on both runtimes."""

from tests.e2e.world import Home, eventually, on_processes


def test_an_update_of_the_environment_is_a_new_revision_that_serves(home: Home) -> None:
    home.deploy("upd", "--set-env-vars=COLOR=blue,KEEP=1")
    first = home.revision("upd")
    answer = home.done("run services update upd --update-env-vars=COLOR=green")
    assert answer.stdout == ""
    assert answer.stderr.startswith("Deploying...\nCreating Revision...done\nRouting traffic...done\nDone.\n")
    assert home.revision("upd") != first
    env = home.get(home.url("upd")).json()["env"]
    assert (env["COLOR"], env["KEEP"]) == ("green", "1")


@on_processes
def test_what_is_set_around_a_service_makes_no_revision(home: Home) -> None:
    home.deploy("around")
    before = home.json("run services describe around")
    answer = home.done("run services update around --max=9 --description=Mine --no-invoker-iam-check")
    assert answer.stderr == "Updating...\nDone.\nService [around] has been updated.\n"
    after = home.json("run services describe around")
    assert after["status"]["latestCreatedRevisionName"] == before["status"]["latestCreatedRevisionName"]
    assert (
        after["metadata"]["generation"] == before["metadata"]["generation"] + 1 == after["status"]["observedGeneration"]
    )
    annotations = after["metadata"]["annotations"]
    assert annotations["run.googleapis.com/maxScale"] == "9"
    assert annotations["run.googleapis.com/description"] == "Mine"


@on_processes
def test_a_private_service_without_the_check_of_callers_answers_them(home: Home) -> None:
    home.done(f"run deploy open --image={home.image} --no-allow-unauthenticated")
    assert home.get(home.url("open")).status_code == 403
    home.done("run services update open --no-invoker-iam-check")
    assert home.get(home.url("open")).status_code == 200
    home.done("run services update open --invoker-iam-check")
    assert home.get(home.url("open")).status_code == 403


@on_processes
def test_after_pinned_traffic_one_line_says_so_and_what_would_send_it(home: Home) -> None:
    home.deploy("pinned")
    home.deploy("pinned", "--no-traffic")
    answer = home.deploy("pinned")
    hint = "to send it all to the latest: cloudrun run services update-traffic pinned --to-latest\n"
    assert answer.stderr.count(hint) == 1
    assert "is serving 0 percent of traffic" in answer.stderr
    assert "Service URL" not in answer.stderr
    asked_for = home.deploy("pinned", "--no-traffic")
    assert hint not in asked_for.stderr, "who asks for no traffic needs no hint"
    home.done("run services update-traffic pinned --to-latest")
    assert home.get(home.url("pinned")).json()["env"]["K_REVISION"] == home.revision("pinned")


@on_processes
def test_an_update_without_a_change_is_refused_and_names_flags(home: Home) -> None:
    home.deploy("same")
    refused = home.cloudrun("run services update same")
    assert refused.exit_code == 1
    assert "No configuration change requested. Did you mean to include the flags `--update-env-vars`" in refused.stderr


@on_processes
def test_a_dry_run_says_what_is_wrong_and_changes_nothing(home: Home) -> None:
    home.deploy("dry")
    before = home.json("run services describe dry")
    checked = home.done(
        "run services update dry --memory=2Gi --dry-run --format=value(spec.template.spec.timeoutSeconds)"
    )
    assert checked.stdout == "300\n"
    assert "nothing has been changed" in checked.stderr
    assert home.cloudrun("run services update dry --memory=9Ti --dry-run").exit_code == 1
    assert home.cloudrun(f"run deploy other --image={home.image} --dry-run").exit_code == 0
    nowhere = home.cloudrun("run deploy other --source=nowhere --dry-run")
    assert (nowhere.exit_code, "does not exist" in nowhere.stderr) == (1, True)
    assert home.cloudrun("run services describe other").exit_code == 1
    assert home.json("run services describe dry") == before


@on_processes
def test_what_has_no_effect_is_kept_shown_and_said_once(home: Home) -> None:
    key = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
    answer = home.deploy("kept-flags", f"--key={key} --execution-environment=gen2")
    assert answer.stderr.count("Recorded, without effect on this machine: --execution-environment, --key.") == 1
    template = home.json("run services describe kept-flags")["spec"]["template"]
    assert template["metadata"]["annotations"]["run.googleapis.com/encryption-key"] == key
    assert "Recorded" not in home.deploy("kept-flags").stderr, "only what is asked now"


@on_processes
def test_an_asynchronous_update_comes_true_by_itself(home: Home) -> None:
    home.deploy("later-on")
    first = home.revision("later-on")
    answer = home.done("run services update later-on --async --update-env-vars=A=1")
    assert answer.stderr == "Service [later-on] is deploying asynchronously.\n"
    url = home.url("later-on")
    eventually(lambda: home.get(url).json()["env"]["K_REVISION"] != first)


def test_a_command_becomes_the_entry_point_of_what_is_built(process_home: Home) -> None:
    home = process_home
    script = (
        "import http.server, os, sys\n"
        "class H(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers(); self.wfile.write(' '.join(sys.argv).encode())\n"
        "http.server.HTTPServer(('', int(os.environ['PORT'])), H).serve_forever()\n"
    )
    folder = home.folder("entry", {"main.py": "raise SystemExit(1)\n", "other.py": script})
    home.done(f"run deploy entry --source={folder} --command=python3,other.py,--flag --allow-unauthenticated")
    assert home.get(home.url("entry")).text == "other.py --flag"
    home.done("run services update entry --update-env-vars=A=1")
    assert home.get(home.url("entry")).text == "other.py --flag", "the image keeps its entry point"
    body = home.json("run services describe entry")
    assert body["metadata"]["annotations"]["run.googleapis.com/build-source-location"] == str(folder)
