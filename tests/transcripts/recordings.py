"""The recorded calls of gcloud, and what it means that ours comes out the same.

- exit code: the same number.
- stdout: the same text, once the strings that the recording itself calls volatile are taken for what they are, and,
  where the call has written something, the server's own choices too (times, uids, versions, addresses).
- stderr: empty where it was empty; otherwise the same text after `gcloud` is read as our own name, or, where the words
  are ours, the same facts: every name, number, flag, code and address of the recording, and every line of its story.
  The line that sends to a page of Google's console is taken out: there is no such page of what runs here.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.builders import RECORDINGS

HERE = RECORDINGS.is_dir()
ABSENT = f"NO RECORDINGS at {RECORDINGS}: sameness with gcloud is not tested"

_AREA = re.compile(
    r"(config get-value|iam service-accounts|projects|scheduler jobs|secrets"
    r"|run (deploy|services|servces|revisions|configurations|routes|regions|domain-mappings|jobs)) "
)
_WRITES = ("POST", "PUT", "DELETE", "PATCH")

# Etags are the server's own choice, save the one of a policy that was never set.
_ETAG = re.compile(r"(?m)^etag: (?!ACAB$)\S+$")

# The server's other choices, in what a call has written.
_CHOICES = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r'("?resourceVersion"?: )["\']?\w+["\']?'), r"\1<version>"),
    (re.compile(r'("?client.knative.dev/nonce"?: )"?[a-z]{10}"?'), r"\1<nonce>"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "<own port>"),
)
_URL = re.compile(
    r"https?://(?P<labels>[a-z0-9-]+?)-(?:123456789012\.(?P<region>[a-z0-9-]+)\.run\.(?:app|localhost(?::\d+)?)"
    r"|x7k2mqpl4a-(?P<code>[a-z]{2})\.a\.run\.app)"
)
_CODES = {"uc": "us-central1", "ew": "europe-west1"}

_QUOTED = re.compile(r"'([^'\n]+)'|`([^`\n]+)`|\"([^\"\n]+)\"|\[([^\]\n]+)\]")
_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?!\w|\.\d)")
_CODE = re.compile(r"\b[A-Z]{3,}(?:_[A-Z]+)+\b")
_STORY = re.compile(
    r"^(?:.*\.\.\.(?:done|failed)?|Done\.|done\.|failed\.?|(?:Deployment|Executing job) failed|Job failed to deploy)$",
    re.MULTILINE,
)
_CONSOLE = re.compile(r"(?m)^Or visit https://console\.cloud\.google\.com/\S+\n")  # a place of the cloud's own


@dataclass(frozen=True)
class Transcript:
    """One recorded call, with what came of it."""

    id: str
    argv: list[str]
    state: str
    exit: int
    stdout: str
    stderr: str
    calls: list[dict[str, Any]]
    env: Mapping[str, str | None] = field(default_factory=dict)
    volatile: Mapping[str, str] = field(default_factory=dict)

    @property
    def writes(self) -> bool:
        """Whether it asked the server to change something."""
        # a policy is read by a POST, too
        asked = (call for call in self.calls if not call.get("path", "").endswith(":getIamPolicy"))
        return any(call["method"] in _WRITES for call in asked)


@cache
def transcripts() -> dict[str, Transcript]:
    """Every recorded call of services, revisions, jobs and what is derived from them, of projects, secrets and service
    accounts, by its id."""
    if not HERE:
        return {}
    lines = (RECORDINGS / "gcloud-transcripts.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [case for case in map(json.loads, lines) if _AREA.match(" ".join(case["argv"]) + " ")]
    known = Transcript.__dataclass_fields__
    return {case["id"]: Transcript(**{k: v for k, v in case.items() if k in known}) for case in cases}


def differences(case: Transcript, exit: int, stdout: str, stderr: str) -> dict[str, str]:
    """What is not as recorded: `exit`, `stdout`, `stderr`, each with how; empty when all is."""
    found: dict[str, str] = {}
    if exit != case.exit:
        found["exit"] = f"{exit} instead of {case.exit}"
    expected, answered = masked(case, case.stdout), masked(case, stdout)
    if expected != answered:
        found["stdout"] = _shown(expected, answered)
    if missing := _missing(case, stderr):
        found["stderr"] = missing
    return found


def masked(case: Transcript, text: str) -> str:
    """The text with the server's choices taken out: etags always, the others where the call has written something."""
    text = _ETAG.sub("etag: <etag>", text)
    if not case.writes:
        return text
    for name, kind in case.volatile.items():
        if kind.startswith("revision"):  # hello-00004-qnd: the end is free
            text = re.sub(re.escape(name[:-3]) + "[a-z0-9]{3}" if "-0" in name else re.escape(name), "<revision>", text)
    for pattern, said in _CHOICES:
        text = pattern.sub(said, text)
    return addressed(text)


def addressed(text: str) -> str:
    """Every address of a service by its labels and region, whatever the form and the server."""

    def said(found: re.Match[str]) -> str:
        return f"<url of {found['labels']} in {found['region'] or _CODES.get(found['code'], found['code'])}>"

    return _URL.sub(said, text)


def _shown(expected: str, found: str) -> str:
    import difflib

    return "\n".join(
        difflib.unified_diff(expected.splitlines(), found.splitlines(), "gcloud", "ours", lineterm="", n=1)
    )


def _missing(case: Transcript, stderr: str) -> str:
    """What the recording says on stderr and ours does not; empty when it says the same or all the same facts."""
    said, ours = _plain(_CONSOLE.sub("", case.stderr)), _plain(stderr)
    if said == ours:
        return ""
    if not said.strip():
        return f"nothing was said, ours: {ours.strip()}"
    numbers = set(_NUMBER.findall(ours))
    lost = [fact for fact in _facts(case, said) if fact not in (numbers if fact.isdecimal() else ours)]
    return f"not said: {lost}\n--- gcloud\n{said}--- ours\n{ours}" if lost else ""


def _plain(text: str) -> str:
    """By addresses and under our own name, without the synopsis of flags that follows some errors."""
    text = addressed(re.sub(r"\bgcloud\b", "cloudrun", text))
    return re.sub(r"(?m)^(?:<usage>|Usage: .*\n(?:  .*\n)*)", "<usage>", text).replace("<usage>\n", "<usage>")


def _facts(case: Transcript, said: str) -> Iterator[str]:
    said = re.sub(r"(?s)<usage>.*", "", said)
    yield from _STORY.findall(said)
    for name in case.volatile:  # chosen freely, so its words around it must do
        said = said.replace(name, "")
    for groups in _QUOTED.findall(said):
        yield from (text for text in groups if text.strip())
    for pattern in (_FLAG, _NUMBER, _CODE, re.compile(r"<url of [^>]+>")):
        yield from pattern.findall(said)
