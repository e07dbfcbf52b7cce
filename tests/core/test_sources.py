"""What a folder of source is taken for, and how it is built and started."""

import json
from collections.abc import Mapping, Sequence

import pytest

from cloudrun_cli.core.errors import BuildFailed
from cloudrun_cli.core.sources import SourcePlan, plan, procfile_web, requirement_names, shell

PIP = ("/layers/venv/bin/pip", "install", "--disable-pip-version-check", "--no-input")
VENV = ("python3", "-m", "venv", "/layers/venv")
FLASK = "from flask import Flask\napp = Flask(__name__)\n"
FASTAPI = "from fastapi import FastAPI\napp: FastAPI = FastAPI()\n"
PASSED_ON = ' "$@"'  # the arguments of the container, to the program that takes the shell's place
SCRIPT = "import http.server\nhttp.server.test()\n"
FUNCTION = "import functions_framework\n\n@functions_framework.http\ndef hello(request):\n    return 'hi'\n"


def the_plan(files: Mapping[str, str], **env: str) -> SourcePlan:
    """The plan for a folder with these texts."""
    return plan(list(files), files.get, env=env, layers="/layers")


def started(files: Mapping[str, str], **env: str) -> str:
    """The line of shell that starts such a folder, without what hands on the arguments."""
    return line_of(the_plan(files, **env).start)


def line_of(start: Sequence[str]) -> str:
    shell, c, line, *name = start
    assert (shell, c, name) == ("/bin/sh", "-c", ["sh"] if line.endswith(PASSED_ON) else [])
    return line.removesuffix(PASSED_ON)


def a_package(**package: object) -> dict[str, str]:
    return {"package.json": json.dumps(package)}


@pytest.mark.parametrize(
    ("files", "language"),
    [
        ({"Dockerfile": "", "package.json": "{}", "main.py": ""}, "dockerfile"),
        ({"go.mod": "module x"}, "Go"),
        ({"server.go": "", "main.py": ""}, "Go"),
        ({"package.json": '{"main": "a.js"}', "requirements.txt": "", "main.py": ""}, "Node.js"),
        ({"requirements.txt": "", "Procfile": "web: x"}, "Python"),
        ({"pyproject.toml": "", "Procfile": "web: x"}, "Python"),
        ({"main.py": ""}, "Python"),
        ({"app.py": ""}, "Python"),
        ({"server.py": "", "Procfile": "web: python server.py"}, "Python"),
        ({"Procfile": "web: ./server"}, "Procfile"),
        ({"sub/main.py": "", "Procfile": "web: python sub/main.py"}, "Procfile"),  # only the top decides
    ],
)
def test_the_language_is_the_first_whose_marker_is_there(files: dict[str, str], language: str) -> None:
    """Documented: behaviour reference 12, in its order."""
    assert the_plan(files).language == language


def test_when_several_languages_match_a_note_names_the_chosen_one() -> None:
    (note,) = the_plan({"go.mod": "", "package.json": "{}", "main.py": ""}).notes
    assert "Built as Go because of go.mod" in note
    assert "Node.js (package.json), Python (main.py)" in note


@pytest.mark.parametrize(
    ("marker", "language"),
    [("pom.xml", "Java"), ("build.gradle.kts", "Java"), ("a.jar", "Java"), ("x.csproj", ".NET"), ("index.php", "PHP")],
)
def test_a_language_that_is_not_built_here_is_refused_by_its_name(marker: str, language: str) -> None:
    with pytest.raises(BuildFailed, match=rf"is {language} \(found {marker}\)") as refusal:
        the_plan({marker: "", "Procfile": "web: x", "requirements.txt": ""})
    assert "Dockerfile" in (refusal.value.hint or "")


def test_an_unknown_source_is_told_what_was_looked_for_and_what_was_found() -> None:
    with pytest.raises(BuildFailed) as refusal:
        the_plan({"README": "", "main.c": ""})
    for word in ("Dockerfile", "Procfile", "requirements.txt", "package.json", "go.mod", "README", "main.c"):
        assert word in refusal.value.message
    assert "Procfile" in (refusal.value.hint or "")


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("gunicorn -b :$PORT app:app", "exec gunicorn -b :$PORT app:app"),
        ("  ./server >log 2>err ", "exec ./server >log 2>err"),
        ("./migrate && ./server", "./migrate && ./server"),
        ("MODE=x ./server", "MODE=x ./server"),
        ("cd src; ./server", "cd src; ./server"),
        ("exec ./server", "exec ./server"),
        ("./server --at $(hostname)", "./server --at $(hostname)"),
        ("settings-server", "exec settings-server"),
        ("for-ever server.js", "exec for-ever server.js"),
        (". ./settings; ./server", ". ./settings; ./server"),
        (". ./start", ". ./start"),
    ],
)
def test_the_program_takes_the_place_of_the_shell_where_nothing_is_lost(command: str, line: str) -> None:
    assert line_of(shell(command)) == line
    assert shell(command)[2].endswith(PASSED_ON) == (line != command.strip())


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("web: ./a --port $PORT\n", "./a --port $PORT"),
        ("worker: ./w\nweb:./a\n", "./a"),
        ("# web: no\nweb : ./a  \r\n", "./a"),
        ("worker: ./w\n", None),
        ("web:\n", None),
        ("web:\nworker: ./w\n", None),
    ],
)
def test_the_web_process_of_a_procfile_is_found(text: str, command: str | None) -> None:
    assert procfile_web(text) == command


def test_a_procfile_without_web_is_refused() -> None:
    with pytest.raises(BuildFailed, match="web"):
        the_plan({"Procfile": "worker: x", "requirements.txt": ""})


def test_the_entry_point_stands_above_the_procfile_and_that_above_the_default() -> None:
    files = {"main.py": FLASK, "Procfile": "web: ./procfile"}
    assert started(files, GOOGLE_ENTRYPOINT="./entry") == "exec ./entry"
    assert started(files) == "exec ./procfile"
    assert started({"main.py": FLASK}) == "exec gunicorn -b :$PORT main:app"


def test_names_in_a_requirements_file_are_compared_without_their_spelling() -> None:
    text = "Flask>=3 # web\n-r other.txt\n\n# gunicorn\nGoogle_Cloud.Storage[x]==1; python_version>'3'\nuvicorn[a]\n"
    assert requirement_names(text) == {"flask", "google-cloud-storage", "uvicorn"}


@pytest.mark.parametrize(
    ("requirements", "text", "line", "added"),
    [
        ("flask\ngunicorn", FLASK, "exec gunicorn -b :$PORT main:app", ""),
        ("flask", FLASK, "exec gunicorn -b :$PORT main:app", "gunicorn"),
        ("fastapi", FASTAPI, "exec uvicorn main:app --host 0.0.0.0 --port $PORT", "uvicorn"),
        ("fastapi\nuvicorn", FASTAPI, "exec uvicorn main:app --host 0.0.0.0 --port $PORT", ""),
        ("fastapi\ngunicorn", FASTAPI, "exec gunicorn -b :$PORT main:app", ""),
        (
            "streamlit",
            "import streamlit",
            "exec streamlit run main.py --server.address=0.0.0.0 --server.port=$PORT",
            "",
        ),
        ("gradio", "import gradio", "exec env GRADIO_SERVER_PORT=$PORT python main.py", ""),
        ("functions-framework", FUNCTION, "exec functions-framework --target=hello", ""),
        ("functions-framework", FLASK, "exec gunicorn -b :$PORT main:app", "gunicorn"),
        ("flask", SCRIPT, "exec python main.py", ""),
    ],
)
def test_python_starts_with_the_server_that_its_requirements_name(
    requirements: str, text: str, line: str, added: str
) -> None:
    """Documented: behaviour reference 12, Python."""
    made = the_plan({"requirements.txt": requirements, "main.py": text})
    extra = ((*PIP, added),) if added else ()
    assert line_of(made.start) == line
    assert made.steps == (VENV, (*PIP, "-r", "requirements.txt"), *extra)


def test_python_finds_what_was_installed_for_it_and_holds_no_line_back() -> None:
    env = the_plan({"main.py": FLASK}).env
    assert env["PATH"] == "/layers/venv/bin:$PATH"
    assert env["PYTHONUNBUFFERED"]


def test_an_environment_with_nothing_to_install_is_made_without_pip() -> None:
    made = the_plan({"main.py": SCRIPT})
    assert made.steps == (("python3", "-m", "venv", "--without-pip", "/layers/venv"),)
    assert "no app" in made.notes[0]


@pytest.mark.parametrize(
    ("project", "installs"),
    [
        ('[project]\nname="x"\ndependencies=["flask", "gunicorn"]\n', [(*PIP, "flask", "gunicorn")]),
        ('[project]\nname="x"\n[build-system]\nrequires=["hatchling"]\n', [(*PIP, "."), (*PIP, "gunicorn")]),
        ("[tool.ruff]\nline-length=1\n", [(*PIP, "gunicorn")]),
    ],
)
def test_a_pyproject_is_installed_as_a_package_only_when_it_is_one(
    project: str, installs: list[tuple[str, ...]]
) -> None:
    assert the_plan({"pyproject.toml": project, "main.py": FLASK}).steps == (VENV, *installs)


def test_requirements_are_taken_before_a_pyproject() -> None:
    files = {"requirements.txt": "gunicorn", "pyproject.toml": "[build-system]\nrequires=[]", "app.py": FLASK}
    assert the_plan(files).steps == (VENV, (*PIP, "-r", "requirements.txt"))


def test_a_start_script_of_a_pyproject_is_started() -> None:
    project = '[project]\nname="x"\nscripts={{{}}}\n[build-system]\nrequires=[]\n'
    assert started({"pyproject.toml": project.format('start="x:a", other="x:b"')}) == "exec start"
    assert started({"pyproject.toml": project.format('serve="x:a"')}) == "exec serve"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"requirements.txt": "flask"}, "how to start"),
        ({"pyproject.toml": "[project"}, "cannot be read"),
        ({"main.py": "", "requirements.txt": "functions-framework"}, "0 functions"),
        ({"package.json": "{"}, "not JSON"),
        ({"package.json": "[]"}, "not a JSON object"),
        ({"package.json": "{}"}, "how to start"),
    ],
)
def test_a_source_that_cannot_be_understood_is_refused_with_its_reason(files: dict[str, str], words: str) -> None:
    with pytest.raises(BuildFailed, match=words):
        the_plan(files)


def test_a_python_function_gets_its_framework_and_its_name() -> None:
    made = the_plan({"main.py": "def greet(request): ..."}, GOOGLE_FUNCTION_TARGET="greet")
    assert line_of(made.start) == "exec functions-framework --target=greet"
    assert made.steps[-1] == (*PIP, "functions-framework")
    assert (made.env["FUNCTION_TARGET"], made.env["FUNCTION_SIGNATURE_TYPE"]) == ("greet", "http")


@pytest.mark.parametrize(
    ("files", "line"),
    [
        (a_package(scripts={"start": "node app.js"}), "exec node app.js"),
        (a_package(scripts={"start": "node app.js", "prestart": "x"}), "exec npm start"),
        (a_package(scripts={"start": "MODE=x node app.js"}), "MODE=x node app.js"),
        (a_package(main="lib/a.js") | {"server.js": ""}, "exec node server.js"),
        (a_package(main="lib/a.js"), "exec node lib/a.js"),
        (a_package() | {"index.js": ""}, "exec node index.js"),
        (a_package(scripts={"start": "node app.js"}) | {"Procfile": "web: node other.js"}, "exec node other.js"),
    ],
)
def test_node_starts_as_npm_would_start_it(files: dict[str, str], line: str) -> None:
    """Documented: behaviour reference 12, Node.js."""
    assert started(files) == f'export PATH="$PWD/node_modules/.bin:$PATH"; {line}'


@pytest.mark.parametrize(
    ("package", "more", "env", "commands"),
    [
        ({}, {}, {}, ["install --omit=dev"]),
        ({}, {"package-lock.json": ""}, {}, ["ci --omit=dev"]),
        ({"build": "tsc"}, {}, {}, ["install --include=dev", "run build", "prune --omit=dev"]),
        ({"build": "tsc", "gcp-build": "x"}, {}, {}, ["install --include=dev", "run gcp-build", "prune --omit=dev"]),
        ({"build": "tsc"}, {}, {"GOOGLE_NODE_RUN_SCRIPTS": ""}, ["install --omit=dev"]),
        (
            {"build": "tsc"},
            {},
            {"GOOGLE_NODE_RUN_SCRIPTS": "lint,pack"},
            ["install --include=dev", "run lint", "run pack", "prune --omit=dev"],
        ),
    ],
)
def test_node_is_installed_from_its_lock_and_built_by_its_scripts(
    package: dict[str, str], more: dict[str, str], env: dict[str, str], commands: list[str]
) -> None:
    steps = the_plan(a_package(main="a.js", scripts=package) | more, **env).steps
    assert [" ".join(w for w in step[1:] if w not in ("--no-audit", "--no-fund")) for step in steps] == commands


def test_a_lock_file_of_another_installer_is_said_to_be_unread() -> None:
    (note,) = the_plan(a_package(main="a.js") | {"yarn.lock": ""}).notes
    assert "yarn.lock" in note


def test_a_node_function_gets_its_framework_unless_it_has_it() -> None:
    assert the_plan(a_package(), GOOGLE_FUNCTION_TARGET="hi").steps[-1][-1] == "@google-cloud/functions-framework"
    own = a_package(dependencies={"@google-cloud/functions-framework": "3"})
    made = the_plan(own, GOOGLE_FUNCTION_TARGET="hi")
    assert len(made.steps) == 1
    assert line_of(made.start).endswith("exec functions-framework --target=hi")


@pytest.mark.parametrize(
    ("files", "env", "packages"),
    [
        ({"go.mod": "module x"}, {}, (".",)),
        ({"go.mod": "module x"}, {"GOOGLE_BUILDABLE": "./cmd/web"}, ("./cmd/web",)),
        ({"main.go": "", "more.go": "", "main_test.go": ""}, {}, ("main.go", "more.go")),
    ],
)
def test_go_is_built_into_one_program(files: dict[str, str], env: dict[str, str], packages: tuple[str, ...]) -> None:
    made = the_plan(files, **env)
    assert made.steps == (("go", "build", "-o", "/layers/bin/app", *packages),)
    assert made.start == ("/layers/bin/app",)


@pytest.mark.parametrize(
    ("files", "env", "image"),
    [
        ({"main.py": ""}, {}, "python:3.13-slim"),
        ({"main.py": ""}, {"GOOGLE_PYTHON_VERSION": "3.12.x"}, "python:3.12-slim"),
        ({"main.py": ""}, {"GOOGLE_RUNTIME_VERSION": "3.11"}, "python:3.11-slim"),
        ({"package.json": '{"main": "a.js"}'}, {"GOOGLE_NODEJS_VERSION": "20"}, "node:20-slim"),
        ({"go.mod": ""}, {}, "golang:1.24"),
        ({"Procfile": "web: python3 -m http.server $PORT"}, {}, "python:3.13-slim"),
        ({"Procfile": "web: node x.js"}, {}, "node:22-slim"),
        ({"Procfile": "web: ./server"}, {}, "debian:stable-slim"),
    ],
)
def test_the_base_image_is_the_usual_one_of_the_language_and_version(
    files: dict[str, str], env: dict[str, str], image: str
) -> None:
    assert the_plan(files, **env).base_image == image
