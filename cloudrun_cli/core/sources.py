"""What a folder of source is: its language, how it is built and how it starts, from its listing alone.

The order of the languages is fixed, so that the same folder is always the same thing; when several match, a note names
the chosen one. Sources: behaviour reference 12, Google Cloud buildpacks (cloud.google.com/docs/buildpacks).
"""

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from cloudrun_cli.core.errors import BuildFailed

# In the order of the buildpacks; `*.py` comes last because a stray script says little about a folder.
MARKERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (".NET", ("*.csproj", "*.fsproj", "*.vbproj", "*.sln")),
    ("Go", ("go.mod", "*.go")),
    ("Java", ("pom.xml", "build.gradle", "build.gradle.kts", "*.jar")),
    ("Node.js", ("package.json",)),
    ("PHP", ("composer.json", "index.php")),
    ("Python", ("requirements.txt", "pyproject.toml", "main.py", "app.py")),
    ("Ruby", ("Gemfile",)),
    ("Python", ("*.py",)),
)
BUILT_HERE = ("Go", "Node.js", "Python")

BASE_IMAGES = {"Go": "golang:{}", "Node.js": "node:{}-slim", "Python": "python:{}-slim"}
USUAL_VERSIONS = {"Go": "1.24", "Node.js": "22", "Python": "3.13"}
VERSION_SETTINGS = {"Go": "GOOGLE_GO_VERSION", "Node.js": "GOOGLE_NODEJS_VERSION", "Python": "GOOGLE_PYTHON_VERSION"}
PLAIN_BASE_IMAGE = "debian:stable-slim"  # for a Procfile that starts neither Python nor Node.js

PIP_INSTALL = ("pip", "install", "--disable-pip-version-check", "--no-input")
NPM_QUIET = ("--no-audit", "--no-fund")

# `exec` in front of these would lose what follows, or is no program at all.
_COMPOUND = re.compile(r"[;&|\n`]|\$\(|^\s*[({]")
_NOT_A_PROGRAM = re.compile(
    r"^\s*(?:[A-Za-z_]\w*=|(?:exec|cd|if|for|while|case|set|export|source|until|unset|ulimit|umask|\.)(?:\s|$))"
)


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """How a source becomes something that runs.

    `steps` are argument lists, run in order with the source folder as working directory, which is also where `start`
    runs. `start` reads PORT from its environment. `env` is set for the start; a `$PATH` in its PATH stands for the PATH
    that was there before (as in a Dockerfile's ENV). `language` is `dockerfile` when the folder brings its own recipe:
    then there are no steps.
    """

    language: str
    reason: str
    base_image: str
    steps: tuple[tuple[str, ...], ...]
    start: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Folder:
    """The source as it is asked about: top-level names, texts, build settings, and where private things may go."""

    names: frozenset[str]
    read: Callable[[str], str | None]
    env: Mapping[str, str]
    layers: str

    def text(self, name: str) -> str:
        return (self.read(name) or "") if name in self.names else ""


def plan(files: Sequence[str], read: Callable[[str], str | None], *, env: Mapping[str, str], layers: str) -> SourcePlan:
    """The plan for a folder with these relative paths. `read` gives the text of one of them, or None; `env` is the
    build environment (GOOGLE_ENTRYPOINT, GOOGLE_FUNCTION_TARGET, GOOGLE_BUILDABLE, …); `layers` is an absolute folder
    for what the build makes outside of the source. Raises BuildFailed when nothing here can be built."""
    folder = _Folder(frozenset(name for name in files if "/" not in name), read, env, layers)
    if "Dockerfile" in folder.names:
        return SourcePlan("dockerfile", "Dockerfile", "", (), ())
    found = _languages(folder.names)
    entrypoint = _entrypoint(folder)
    if not found:
        if entrypoint is None:
            raise _unknown(folder.names)
        return _plain(entrypoint)
    language, marker = found[0]
    if language not in BUILT_HERE:
        raise BuildFailed(
            f"The source is {language} (found {marker}), which is built here only with a Dockerfile.",
            hint="Add a Dockerfile that builds it; what is built without one is " + ", ".join(BUILT_HERE) + ".",
        )
    notes = _chosen(found)
    match language:
        case "Go":
            return _go(folder, marker, entrypoint, notes)
        case "Node.js":
            return _node(folder, marker, entrypoint, notes)
        case _:
            return _python(folder, marker, entrypoint, notes)


def shell(command: str) -> tuple[str, ...]:
    """The argument list that runs a line of shell, with the shell replaced by the program wherever that is the same:
    so the program itself gets the signals, and the arguments that are added to the list."""
    text = command.strip()
    if _COMPOUND.search(text) or _NOT_A_PROGRAM.search(text):
        return ("/bin/sh", "-c", text)
    return ("/bin/sh", "-c", f'exec {text} "$@"', "sh")


def procfile_web(text: str) -> str | None:
    """The command of the `web` process of a Procfile, or None."""
    found = re.search(r"(?m)^web\s*:[ \t]*(\S.*?)\s*$", text)
    return found.group(1) if found else None


def requirement_names(text: str) -> frozenset[str]:
    """The normalised names of the packages that a requirements file lists, without versions, extras and options."""
    matches = (re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", line) for line in text.splitlines())
    return frozenset(re.sub(r"[-_.]+", "-", found.group(1)).lower() for found in matches if found)


# ── which language ──────────────────────────────────────────────────────────────────────────────────────────────────


def _languages(names: frozenset[str]) -> list[tuple[str, str]]:
    """Every language with a marker in the folder, once each, with that marker, in the fixed order."""
    found: dict[str, str] = {}
    for language, patterns in MARKERS:
        for pattern in patterns:
            hits = sorted(name for name in names if fnmatchcase(name, pattern))
            if hits:
                found.setdefault(language, hits[0])
    return list(found.items())


def _chosen(found: list[tuple[str, str]]) -> tuple[str, ...]:
    if len(found) == 1:
        return ()
    (language, marker), *others = found
    also = ", ".join(f"{name} ({hit})" for name, hit in others)
    return (f"Built as {language} because of {marker}; the source also looks like {also}.",)


def _entrypoint(folder: _Folder) -> str | None:
    """What GOOGLE_ENTRYPOINT or else the Procfile says to start."""
    if folder.env.get("GOOGLE_ENTRYPOINT"):
        return folder.env["GOOGLE_ENTRYPOINT"]
    if "Procfile" not in folder.names:
        return None
    command = procfile_web(folder.text("Procfile"))
    if command is None:
        raise BuildFailed("The Procfile has no web process.", hint="Add a line such as: web: ./server --port $PORT")
    return command


def _unknown(names: frozenset[str]) -> BuildFailed:
    looked = "; ".join(f"{language}: {', '.join(patterns)}" for language, patterns in MARKERS[:-1])
    seen = ", ".join(sorted(names)[:8]) or "no files"
    return BuildFailed(
        f"The source is of no known kind. Looked for Dockerfile; Procfile; {looked}. Found {seen}.",
        hint="Add a Dockerfile, or a Procfile with a line such as: web: ./server --port $PORT",
    )


def _base_image(folder: _Folder, language: str) -> str:
    wanted = folder.env.get(VERSION_SETTINGS[language]) or folder.env.get("GOOGLE_RUNTIME_VERSION")
    version = re.match(r"\d+(?:\.\d+)*", wanted or "")
    return BASE_IMAGES[language].format(version.group(0) if version else USUAL_VERSIONS[language])


def _plain(entrypoint: str) -> SourcePlan:
    """A Procfile or an entry point and nothing to build."""
    program = entrypoint.split()[0].rpartition("/")[2]
    language = "Python" if program.startswith("python") else "Node.js" if program in ("node", "npm", "npx") else ""
    image = BASE_IMAGES[language].format(USUAL_VERSIONS[language]) if language else PLAIN_BASE_IMAGE
    env = {"PYTHONUNBUFFERED": "1"} if language == "Python" else {}
    return SourcePlan("Procfile", "Procfile", image, (), shell(entrypoint), env)


# ── Go ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _go(folder: _Folder, marker: str, entrypoint: str | None, notes: tuple[str, ...]) -> SourcePlan:
    if folder.env.get("GOOGLE_FUNCTION_TARGET"):
        raise BuildFailed(
            "A Go function is built here only with a Dockerfile.",
            hint="Add a main package that calls the Functions Framework, and deploy without --function.",
        )
    binary = f"{folder.layers}/bin/app"
    if "go.mod" in folder.names or folder.env.get("GOOGLE_BUILDABLE"):
        packages: tuple[str, ...] = (folder.env.get("GOOGLE_BUILDABLE") or ".",)
    else:
        packages = tuple(sorted(n for n in folder.names if n.endswith(".go") and not n.endswith("_test.go")))
    start = shell(entrypoint) if entrypoint else (binary,)
    env = {"PATH": f"{folder.layers}/bin:$PATH"}
    steps = (("go", "build", "-o", binary, *packages),)
    return SourcePlan("Go", marker, _base_image(folder, "Go"), steps, start, env, notes)


# ── Node.js ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _node(folder: _Folder, marker: str, entrypoint: str | None, notes: tuple[str, ...]) -> SourcePlan:
    package = _package_json(folder)
    scripts: dict[str, str] = package.get("scripts") or {}
    if not folder.names & {"package-lock.json", "npm-shrinkwrap.json"}:
        others = sorted(folder.names & {"yarn.lock", "pnpm-lock.yaml", "bun.lockb", "bun.lock"})
        notes += tuple(
            f"{lock} is not read here: npm chooses the versions that package.json allows." for lock in others
        )
    steps = _node_steps(folder, package, scripts)
    env = {"NODE_ENV": "production"}
    env |= {f"npm_package_{key}": str(package[key]) for key in ("name", "version") if package.get(key)}
    target = folder.env.get("GOOGLE_FUNCTION_TARGET")
    if target and not entrypoint:
        env |= _function_env(folder, target)
    command = entrypoint or _node_start(folder, package, scripts, target)
    # As npm does it, without npm staying in between: its start costs more than most servers', and it holds back signals
    _, _, program, *name = shell(command)
    start = ("/bin/sh", "-c", f'export PATH="$PWD/node_modules/.bin:$PATH"; {program}', *name)
    return SourcePlan("Node.js", marker, _base_image(folder, "Node.js"), steps, start, env, notes)


def _package_json(folder: _Folder) -> dict[str, Any]:
    try:
        package = json.loads(folder.text("package.json") or "{}")
    except ValueError as error:
        raise BuildFailed(f"package.json is not JSON: {error}.") from error
    if not isinstance(package, dict):
        raise BuildFailed("package.json is not a JSON object.")
    return package


def _node_steps(folder: _Folder, package: dict[str, Any], scripts: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Install, run the build scripts, and drop what only they needed. Source: Node.js buildpack, in its precedence:
    GOOGLE_NODE_RUN_SCRIPTS, gcp-build, build."""
    locked = bool(folder.names & {"package-lock.json", "npm-shrinkwrap.json"})
    install = ("npm", "ci" if locked else "install", *NPM_QUIET)
    if "GOOGLE_NODE_RUN_SCRIPTS" in folder.env:
        chosen = [name for name in re.split(r"[,\s]+", folder.env["GOOGLE_NODE_RUN_SCRIPTS"]) if name]
    else:
        chosen = [name for name in ("gcp-build", "build") if scripts.get(name)][:1]
    if chosen:
        runs = tuple(("npm", "run", name) for name in chosen)
        steps = ((*install, "--include=dev"), *runs, ("npm", "prune", "--omit=dev", *NPM_QUIET))
    else:
        steps = ((*install, "--omit=dev"),)
    framework = "@google-cloud/functions-framework"
    if folder.env.get("GOOGLE_FUNCTION_TARGET") and framework not in (package.get("dependencies") or {}):
        steps += (("npm", "install", "--no-save", "--omit=dev", *NPM_QUIET, framework),)
    return steps


def _node_start(folder: _Folder, package: dict[str, Any], scripts: Mapping[str, str], target: str | None) -> str:
    if target:
        return f"functions-framework --target={target}"
    if scripts.get("start"):
        return "npm start" if {"prestart", "poststart"} & scripts.keys() else scripts["start"]
    main = package.get("main")
    for name in ("server.js", main, "index.js"):
        if isinstance(name, str) and (name in folder.names or name == main):
            return f"node {name}"
    raise BuildFailed(
        "Nothing says how to start this Node.js source. Looked for a start script and main in package.json, "
        "server.js, index.js, and a web process in a Procfile.",
        hint='Add to package.json: "scripts": {"start": "node your-server.js"}',
    )


def _function_env(folder: _Folder, target: str) -> dict[str, str]:
    signature = folder.env.get("GOOGLE_FUNCTION_SIGNATURE_TYPE") or "http"
    return {"FUNCTION_TARGET": target, "FUNCTION_SIGNATURE_TYPE": signature}


# ── Python ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _python(folder: _Folder, marker: str, entrypoint: str | None, notes: tuple[str, ...]) -> SourcePlan:
    venv = f"{folder.layers}/venv"
    pip = (f"{venv}/bin/{PIP_INSTALL[0]}", *PIP_INSTALL[1:])
    steps: tuple[tuple[str, ...], ...] = ()
    project = _pyproject(folder)
    listed = requirement_names(folder.text("requirements.txt"))
    if "requirements.txt" in folder.names:
        if folder.text("requirements.txt").strip():
            steps += ((*pip, "-r", "requirements.txt"),)
    elif project is not None:
        wanted: list[str] = project.get("project", {}).get("dependencies", [])
        listed = requirement_names("\n".join(wanted))
        if "build-system" in project:
            steps += ((*pip, "."),)
        elif wanted:  # an application that is no package, as `uv init` makes them
            steps += ((*pip, *wanted),)
    env = {"PATH": f"{venv}/bin:$PATH", "VIRTUAL_ENV": venv, "PYTHONUNBUFFERED": "1"}
    command, needs = entrypoint, ""
    if command is None:
        command, needs, more, note = _python_start(folder, listed, project)
        env |= more
        notes += (note,) if note else ()
    if needs and needs not in listed:
        steps += ((*pip, needs),)
    bare = (
        () if steps else ("--without-pip",)
    )  # to put pip there takes most of the time, and there is nothing to install
    steps = (("python3", "-m", "venv", *bare, venv), *steps)
    return SourcePlan("Python", marker, _base_image(folder, "Python"), steps, shell(command), env, notes)


def _pyproject(folder: _Folder) -> dict[str, Any] | None:
    if "pyproject.toml" not in folder.names:
        return None
    try:
        return tomllib.loads(folder.text("pyproject.toml"))
    except tomllib.TOMLDecodeError as error:
        raise BuildFailed(f"pyproject.toml cannot be read: {error}.") from error


def _python_start(
    folder: _Folder, listed: frozenset[str], project: dict[str, Any] | None
) -> tuple[str, str, dict[str, str], str]:
    """The command, the package it needs, its environment and a note. Source: Python buildpack, entry points."""
    file = next((name for name in ("main.py", "app.py") if name in folder.names), None)
    text = folder.text(file) if file else ""
    has_app = bool(re.search(r"(?m)^(?:app\s*(?::[^=\n]+)?=(?!=)|from\s.*\bimport\b.*\bapp\b)", text))
    target = folder.env.get("GOOGLE_FUNCTION_TARGET")
    if target or ("functions-framework" in listed and file and not has_app):
        target = target or _only_function(text)
        return f"functions-framework --target={target}", "functions-framework", _function_env(folder, target), ""
    if file and "streamlit" in listed:
        return f"streamlit run {file} --server.address=0.0.0.0 --server.port=$PORT", "", {}, ""
    if file and "gradio" in listed:
        return f"env GRADIO_SERVER_PORT=$PORT python {file}", "", {"GRADIO_SERVER_NAME": "0.0.0.0"}, ""
    if file and has_app:
        module = file.removesuffix(".py")
        if "gunicorn" not in listed and listed & {"fastapi", "uvicorn", "starlette"}:
            return f"uvicorn {module}:app --host 0.0.0.0 --port $PORT", "uvicorn", {}, ""
        return f"gunicorn -b :$PORT {module}:app", "gunicorn", {}, ""
    scripts: dict[str, str] = (project or {}).get("project", {}).get("scripts", {})
    if "start" in scripts or (len(scripts) == 1 and not file):
        return ("start" if "start" in scripts else next(iter(scripts))), "", {}, ""
    if file:
        note = f"{file} has no app, so it is run as a program; that of a service listens on PORT itself."
        return f"python {file}", "", {}, note
    raise BuildFailed(
        "Nothing says how to start this Python source. Looked for a web process in a Procfile, app in main.py or "
        "app.py, and a start script in pyproject.toml.",
        hint="Add a Procfile with a line such as: web: gunicorn -b :$PORT package.module:app",
    )


def _only_function(text: str) -> str:
    """The one function that main.py hands to the Functions Framework."""
    found = re.findall(r"(?m)^@functions_framework\.\w+.*\n(?:@.*\n)*(?:async\s+)?def\s+(\w+)", text)
    if len(found) != 1:
        raise BuildFailed(
            f"main.py has {len(found)} functions of the Functions Framework, so one has to be chosen.",
            hint="Name it: --function=NAME",
        )
    return str(found[0])
