"""`cloudrun emulator`: the daemon in the background."""

import os
from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, switch
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.parsing import Integer
from cloudrun_cli.daemon import doorbell

emulator = Group("emulator")


@emulator.command("start", format="none", examples=["cloudrun emulator start"])
def start() -> dict[str, Any]:
    """Start the emulator, if it does not run yet. Every command that needs it does so by itself."""
    present = context()
    if doorbell.status(present.home) is not None:
        present.tell("The emulator runs already.")
    else:
        present.wake()
    return _status(present)


@emulator.command("stop", examples=["cloudrun emulator stop"])
def stop() -> None:
    """Stop the emulator with everything that runs in it. What was deployed stays, for the next start."""
    present = context()
    if doorbell.stop(present.home):
        present.tell("Stopped the emulator.")
    else:
        present.tell("The emulator does not run.")


@emulator.command("restart", format="none", examples=["cloudrun emulator restart"])
def restart() -> dict[str, Any]:
    """Stop the emulator and start it again, with the settings of now."""
    present = context()
    doorbell.stop(present.home)
    present.wake()
    return _status(present)


@emulator.command(
    "status",
    format="value(state)",
    examples=["cloudrun emulator status", "cloudrun emulator status --format='value(pid)'"],
)
def status() -> dict[str, Any] | None:
    """Show whether the emulator runs, where, and since when. Never starts it."""
    present = context()
    said = _status(present)
    if present.values["wide_format"] is not None:
        return said
    if said["state"] != "running":
        print("The emulator does not run.", file=present.out)
        return None
    for label, key in (("State", "state"), ("PID", "pid"), ("Runtime", "runtime"), ("Uptime", "uptime")):
        print(f"{label + ':':9} {said[key]}", file=present.out)
    print(f"{'HTTP:':9} http://run.localhost:{said['http_port']}", file=present.out)
    print(f"{'HTTPS:':9} https://run.localhost:{said['https_port']}", file=present.out)
    if balancer := said.get("load_balancer_port"):
        print(f"{'Balancer:':9} 127.0.0.1:{balancer}", file=present.out)
    print(f"{'Home:':9} {said['home']}", file=present.out)
    for whose, where in said["metadata"].items():
        print(f"Metadata server for {whose}: {where}", file=present.out)
    return None


@emulator.command("logs", examples=["cloudrun emulator logs --limit=50"])
def logs(
    limit: Annotated[int, flag("--limit", "How many of the last lines.", Integer(1))] = 100,
) -> None:
    """Print the last lines that the emulator itself has logged."""
    present = context()
    for name in ("daemon.log", "envoy.log"):
        try:
            with open(os.path.join(doorbell.run_folder(present.home), name), encoding="utf-8", errors="replace") as f:
                lines = f.readlines()[-limit:]
        except FileNotFoundError:
            continue
        present.out.writelines(lines)


@emulator.command("env", examples=['eval "$(cloudrun emulator env)"'])
def env() -> None:
    """Print the exports that point client libraries and gcloud at the emulator."""
    import shlex

    present = context()
    for name, value in environment(present).items():
        print(f"export {name}={shlex.quote(value)}", file=present.out)


@emulator.command("reset", examples=["cloudrun emulator reset --quiet"])
def reset(
    keep_images: Annotated[bool, switch("--keep-images", "Keep the images that were built or kept.")] = False,
) -> None:
    """Stop the emulator and forget everything that was deployed. Settings stay."""
    import shutil

    from cloudrun_cli.core.errors import Aborted

    present = context()
    if not present.confirm(f"Everything deployed in [{present.home}] will be deleted."):
        raise Aborted("Aborted by user.")
    if not keep_images:
        _let_go_of_images(present)
    doorbell.stop(present.home)
    gone = ["state.db", "state.db-wal", "state.db-shm", "logs", "builds", "sources", "run", "keys", "credentials"]
    gone.append("application_default_credentials.json")  # of accounts and tokens that are gone too
    for name in [*gone, *([] if keep_images else ["process"])]:
        path = os.path.join(present.home, name)
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.unlink(path)
    present.tell("Reset the emulator.")


def _let_go_of_images(present: Context) -> None:
    """Have the emulator remove what it has kept on a Docker engine, as the last thing it does."""
    from cloudrun_cli.controlplane import revisions

    if present.reader is None or not revisions.use_engine(present.reader):
        return
    if doorbell.status(present.home) is None:
        present.wake()
    doorbell.forget_images(present.home)


def environment(present: Context) -> dict[str, str]:
    """The variables that make other programs speak to this emulator."""
    from cloudrun_cli.core.names import project_number

    edge, project = present.edge, present.project
    return {
        "CLOUDRUN_HOME": present.home,
        "CLOUDSDK_CORE_PROJECT": project,
        "CLOUDSDK_RUN_REGION": present.region,
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN": f"http://run.localhost:{edge.http_port}/",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": f"http://secretmanager.localhost:{edge.http_port}/",
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        "GOOGLE_CLOUD_PROJECT": project,
        "GOOGLE_CLOUD_PROJECT_NUMBER": project_number(project),
        "GOOGLE_CLOUD_REGION": present.region,
        "CLOUDRUN_CA_FILE": os.path.join(present.home, "tls", "ca.pem"),
    }


def _status(present: Context) -> dict[str, Any]:
    from datetime import datetime

    said = doorbell.status(present.home)
    if said is None:
        return {"state": "stopped", "home": present.home}
    seconds = int((present.now() - datetime.fromisoformat(said["since"])).total_seconds())
    return {"state": "running", **said, "uptime": _in_words(seconds)}


def _in_words(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02d}m{seconds:02d}s"
    return f"{minutes}m{seconds:02d}s" if minutes else f"{seconds}s"
