"""The command tree by name and help line; a module is imported when one of its commands is called.

Nothing here imports Typer: help and completion come from `cli/index/`, which is written from the real tree.
"""

import sys
from importlib import import_module

from cloudrun_cli.cli import complaints
from cloudrun_cli.cli.complaints import Misuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.cli.command import Command

TRACKS = ("alpha", "beta")  # accepted in front of any command; what there is, is in each of them

# Words of a group, the module of its commands, its help line. A group without a module only holds others.
GROUPS: dict[str, tuple[str, str]] = {
    "": ("", "Run Cloud Run on this machine."),
    "auth": ("cloudrun_cli.cli.auth.accounts", "Manage as whom commands and programs call."),
    "auth application-default": ("cloudrun_cli.cli.auth.defaults", "Manage the default credentials of programs."),
    "auth enterprise-certificate-config": ("", "Manage enterprise certificates, which are not built here."),
    "auth enterprise-certificate-config create": (
        "cloudrun_cli.cli.auth.certificates",
        "Create configurations of enterprise certificates, which are not built here.",
    ),
    "completion": ("cloudrun_cli.cli.shells", "Complete commands, flags and names in the shell."),
    "config": ("cloudrun_cli.cli.config", "View and edit properties."),
    "config configurations": ("cloudrun_cli.cli.config_configurations", "Manage the set of named configurations."),
    "emulator": ("cloudrun_cli.cli.emulator", "Start, stop and look at what runs the services."),
    "emulator zones": ("cloudrun_cli.cli.emulator_zones", "Rehearse the loss of a zone."),
    "iam": ("cloudrun_cli.cli.iam.bindings", "Manage who may do what: policies, roles and accounts."),
    "iam groups": ("cloudrun_cli.cli.iam.groups", "Say who is in the groups that policies name."),
    "iam roles": ("cloudrun_cli.cli.iam.roles", "View roles, and manage those of your own."),
    "iam service-accounts": ("cloudrun_cli.cli.iam.service_accounts", "Manage service accounts: who code runs as."),
    "iam service-accounts keys": ("cloudrun_cli.cli.iam.service_account_keys", "Manage the keys of service accounts."),
    "instances": ("cloudrun_cli.cli.instances", "See what runs: every instance and its life."),
    "organizations": ("cloudrun_cli.cli.iam.organizations", "View organizations and manage their policies."),
    "projects": ("cloudrun_cli.cli.iam.projects", "Manage projects and their policies."),
    "resource-manager": ("", "Manage what projects are kept in."),
    "resource-manager folders": ("cloudrun_cli.cli.iam.folders", "Manage folders and their policies."),
    "run": ("", "Manage your Cloud Run applications."),
    "run configurations": ("cloudrun_cli.cli.run.configurations", "View your Cloud Run configurations."),
    "run domain-mappings": ("cloudrun_cli.cli.run.domain_mappings", "Manage domains mapped to your services."),
    "run jobs": ("cloudrun_cli.cli.run.jobs.jobs", "View and manage your Cloud Run jobs."),
    "run jobs executions": ("cloudrun_cli.cli.run.jobs.executions", "View and manage the executions of your jobs."),
    "run jobs executions logs": ("cloudrun_cli.cli.run.jobs.logs", "Read the logs of executions."),
    "run jobs executions tasks": ("cloudrun_cli.cli.run.jobs.tasks", "View the tasks of an execution."),
    "run jobs executions tasks logs": ("cloudrun_cli.cli.run.jobs.logs", "Read the logs of tasks."),
    "run jobs logs": ("cloudrun_cli.cli.run.jobs.logs", "Read the logs of Cloud Run jobs."),
    "run regions": ("cloudrun_cli.cli.run.regions", "View the regions of Cloud Run."),
    "run revisions": ("cloudrun_cli.cli.run.revisions", "View and manage your Cloud Run revisions."),
    "run revisions logs": ("cloudrun_cli.cli.run.revision_logs", "Read the logs of Cloud Run revisions."),
    "run routes": ("cloudrun_cli.cli.run.routes", "View your Cloud Run routes."),
    "run services": ("cloudrun_cli.cli.run.services", "View and manage your Cloud Run services."),
    "run services logs": ("cloudrun_cli.cli.run.service_logs", "Read the logs of Cloud Run services."),
    "scheduler": ("", "Call addresses by cron: services, the :run of jobs, or any other."),
    "scheduler jobs": ("cloudrun_cli.cli.scheduler.jobs", "Manage schedules, which Cloud Scheduler calls jobs."),
    "scheduler jobs create": ("cloudrun_cli.cli.scheduler.creating", "Create schedules."),
    "scheduler jobs logs": ("cloudrun_cli.cli.scheduler.logs", "Read the logs of schedules."),
    "scheduler jobs update": ("cloudrun_cli.cli.scheduler.updating", "Change schedules."),
    "scheduler locations": ("cloudrun_cli.cli.scheduler.locations", "View the locations of schedules."),
    "secrets": ("cloudrun_cli.cli.secrets.secrets", "Manage secrets, their versions, and who may read them."),
    "secrets locations": ("cloudrun_cli.cli.secrets.locations", "View where secrets may be kept."),
    "secrets replication": ("cloudrun_cli.cli.secrets.replication", "View and change where a secret is kept."),
    "secrets versions": ("cloudrun_cli.cli.secrets.versions", "Manage the versions of secrets, and read them."),
}

# Words of a command that has a module of its own; its help line is its docstring.
COMMANDS: dict[str, str] = {
    "auth print-access-token": "cloudrun_cli.cli.auth.printing",
    "auth print-identity-token": "cloudrun_cli.cli.auth.printing",
    "emulator export": "cloudrun_cli.cli.emulator_transfer",
    "emulator import": "cloudrun_cli.cli.emulator_transfer",
    "iam effective-policy": "cloudrun_cli.cli.iam.reviews",
    "iam lint": "cloudrun_cli.cli.iam.reviews",
    "iam service-accounts add-iam-policy-binding": "cloudrun_cli.cli.iam.service_account_policies",
    "iam service-accounts get-iam-policy": "cloudrun_cli.cli.iam.service_account_policies",
    "iam service-accounts remove-iam-policy-binding": "cloudrun_cli.cli.iam.service_account_policies",
    "iam service-accounts set-iam-policy": "cloudrun_cli.cli.iam.service_account_policies",
    "iam troubleshoot": "cloudrun_cli.cli.iam.reviews",
    "organizations add-iam-policy-binding": "cloudrun_cli.cli.iam.organization_policies",
    "organizations get-iam-policy": "cloudrun_cli.cli.iam.organization_policies",
    "organizations remove-iam-policy-binding": "cloudrun_cli.cli.iam.organization_policies",
    "organizations set-iam-policy": "cloudrun_cli.cli.iam.organization_policies",
    "projects add-iam-policy-binding": "cloudrun_cli.cli.iam.project_policies",
    "projects get-iam-policy": "cloudrun_cli.cli.iam.project_policies",
    "projects remove-iam-policy-binding": "cloudrun_cli.cli.iam.project_policies",
    "projects set-iam-policy": "cloudrun_cli.cli.iam.project_policies",
    "resource-manager folders add-iam-policy-binding": "cloudrun_cli.cli.iam.folder_policies",
    "resource-manager folders get-iam-policy": "cloudrun_cli.cli.iam.folder_policies",
    "resource-manager folders remove-iam-policy-binding": "cloudrun_cli.cli.iam.folder_policies",
    "resource-manager folders set-iam-policy": "cloudrun_cli.cli.iam.folder_policies",
    "run deploy": "cloudrun_cli.cli.run.deploy",
    "run jobs add-iam-policy-binding": "cloudrun_cli.cli.run.jobs.policies",
    "run jobs create": "cloudrun_cli.cli.run.jobs.create",
    "run jobs deploy": "cloudrun_cli.cli.run.jobs.deploy",
    "run jobs execute": "cloudrun_cli.cli.run.jobs.execute",
    "run jobs get-iam-policy": "cloudrun_cli.cli.run.jobs.policies",
    "run jobs remove-iam-policy-binding": "cloudrun_cli.cli.run.jobs.policies",
    "run jobs replace": "cloudrun_cli.cli.run.jobs.replace",
    "run jobs set-iam-policy": "cloudrun_cli.cli.run.jobs.policies",
    "run jobs update": "cloudrun_cli.cli.run.jobs.update",
    "run services update-traffic": "cloudrun_cli.cli.run.traffic",
    "run services add-iam-policy-binding": "cloudrun_cli.cli.run.policies",
    "run services get-iam-policy": "cloudrun_cli.cli.run.policies",
    "run services proxy": "cloudrun_cli.cli.run.proxy",
    "run services remove-iam-policy-binding": "cloudrun_cli.cli.run.policies",
    "run services replace": "cloudrun_cli.cli.run.replace",
    "run services set-iam-policy": "cloudrun_cli.cli.run.policies",
    "run services update": "cloudrun_cli.cli.run.update",
    "secrets add-iam-policy-binding": "cloudrun_cli.cli.secrets.policies",
    "secrets get-iam-policy": "cloudrun_cli.cli.secrets.policies",
    "secrets remove-iam-policy-binding": "cloudrun_cli.cli.secrets.policies",
    "secrets set-iam-policy": "cloudrun_cli.cli.secrets.policies",
    "secrets update": "cloudrun_cli.cli.secrets.update",
    "info": "cloudrun_cli.cli.info",
    "version": "cloudrun_cli.cli.version",
}

# As cli/wide_flags.py makes them; a test keeps them equal.
# gcloud's groups and commands that are not here; a script that calls one is told so, and not asked what it meant.
_ABSENT = """app artifacts asset bigtable billing builds code components composer compute container dataflow dns
docker domains endpoints eventarc firestore functions init kms logging monitoring pubsub redis services spanner sql
storage tasks topic workflows"""
ABSENT = {*_ABSENT.split(), "run compose", "run multi-region-services", "run worker-pools"}

WIDE_VALUES = (
    *("--access-token-file", "--account", "--authority-selector", "--authorization-token-file", "--billing-project"),
    *("--configuration", "--credential-file-override", "--document", "--flags-file", "--flatten", "--format"),
    *("--http-timeout", "--impersonate-service-account", "--project", "--trace-token", "--universe-domain"),
    "--verbosity",
)
WIDE_SWITCHES = (
    *("--log-http", "--no-log-http", "--quiet", "-q", "--user-output-enabled", "--no-user-output-enabled"),
)
HELP = ("--help", "-h")
VERSION = ("--version", "-v")


def run(arguments: list[str]) -> int:
    """Answer a command line and give its exit code: 0, 1 for a failure, 2 for a misuse."""
    try:
        return _run(arguments)
    except Misuse as misuse:
        print(complaints.error_line(misuse.path, misuse.message), file=sys.stderr)
        if misuse.advice:
            print(misuse.advice, file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0  # the reader has seen enough
    except KeyboardInterrupt:
        return _interrupted()


def _run(arguments: list[str]) -> int:
    track, path, flags, rest = split(arguments)
    if any(word in HELP for word in [*flags, *_before_dashes(rest)]):
        from cloudrun_cli.cli.help import print_help

        return print_help(path, track)
    if path == "help":
        from cloudrun_cli.cli.help import answer_help

        return answer_help([*flags, *rest])
    if not path and any(word in VERSION for word in flags):
        path, flags = "version", []
    command = find_command(path)
    if command is None:
        raise not_a_command(path, f"{track} {path}".strip())
    from cloudrun_cli.cli.command import execute

    return execute(command, [*flags, *rest], f"{track} {path}".strip())


def split(arguments: list[str]) -> tuple[str, str, list[str], list[str]]:
    """The track, the words of the command or group, the wide flags around them, and what follows. Raises Misuse."""
    left = list(arguments)
    flags: list[str] = []
    track = path = ""
    while left and path in GROUPS:
        word = left.pop(0)
        name, equals, _ = word.partition("=")
        if word in WIDE_SWITCHES or word in HELP or (word in VERSION and not path):
            flags.append(word)
        elif name in WIDE_VALUES:
            flags.append(word)
            if not equals and left:
                flags.append(left.pop(0))
        elif word.startswith("-") and len(word) > 1:
            known = [*WIDE_VALUES, *WIDE_SWITCHES, *HELP]
            raise Misuse(f"{track} {path}".strip(), complaints.unrecognized([word], known))
        elif not path and not track and word in TRACKS:
            track = word
        else:
            path = f"{path} {word}".lstrip()
    return track, path, flags, left


def find_command(path: str) -> "Command | None":
    """The command with these words, imported now; None for a group and for words that mean nothing."""
    group = path.rpartition(" ")[0]
    module = COMMANDS.get(path) or GROUPS.get(group, ("", ""))[0]
    if path in GROUPS or not module:
        return None
    import_module(module)
    from cloudrun_cli.cli.command import declared

    return declared(path)


def children(path: str) -> tuple[dict[str, str], dict[str, str]]:
    """The groups and the commands directly under a group, each with its help line. Imports the modules of both."""
    from cloudrun_cli.cli.command import declared_under

    prefix = f"{path} ".lstrip()
    groups = {
        name[len(prefix) :]: help
        for name, (_, help) in sorted(GROUPS.items())
        if name and name.startswith(prefix) and " " not in name[len(prefix) :]
    }
    for name, module in COMMANDS.items():
        if name.startswith(prefix) and " " not in name[len(prefix) :]:
            import_module(module)
    if GROUPS[path][0]:
        import_module(GROUPS[path][0])
    commands = {c.path[len(prefix) :]: c.help for c in declared_under(path) if not c.hidden}
    return groups, commands


def not_a_command(path: str, shown: str) -> Misuse:
    """What is wrong with words that are a group, or nothing at all."""
    if path in GROUPS:
        from cloudrun_cli.cli.help import group_listing

        return Misuse(shown, "Command name argument expected.", "\n" + group_listing(path))
    if path in ABSENT:
        here = complaints.command_line("--help")
        return Misuse(shown, f"gcloud's `{path}` is not built here; nothing was done.", f"What there is: {here}")
    group, _, word = path.rpartition(" ")
    shown_group = shown[: -len(word)].strip()
    groups, commands = children(group)
    from difflib import get_close_matches

    near = get_close_matches(word, [*groups, *commands, *([] if group else ["help"])])
    if not group and not near:
        usage = complaints.group_usage(shown_group, groups, [*commands, "help"])
        return Misuse(shown_group, f"Invalid choice: '{word}'.", usage)
    if group:
        near += sorted({*groups, *commands} - set(near))
    lines = ["Maybe you meant:", *(f"  {complaints.command_line(f'{group} {name}'.strip())}" for name in near)]
    return Misuse(shown_group, f"Invalid choice: '{word}'.", "\n".join([*lines, "", complaints.search_advice()]))


def _before_dashes(words: list[str]) -> list[str]:
    return words[: words.index("--")] if "--" in words else words


def _interrupted() -> int:
    """Say so, and end by the signal itself, so that a shell script which called us stops too. As gcloud does."""
    import os
    import signal

    print("\n\nCommand killed by keyboard interrupt", file=sys.stderr, flush=True)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)
    return 1
