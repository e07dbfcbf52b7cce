"""`cloudrun completion …`: the scripts for bash, zsh and fish, and where each shell wants them."""

import os
from pathlib import Path
from typing import Annotated

from cloudrun_cli.cli.command import Group, positional
from cloudrun_cli.cli.complaints import command_line
from cloudrun_cli.cli.context import context
from cloudrun_cli.core.errors import FailedPrecondition

SHELLS = ("bash", "zsh", "fish")

completion = Group("completion")

Shell = Annotated[str | None, positional("SHELL", "The shell it is for; by default the one in use.", choices=SHELLS)]


@completion.command("install", examples=["cloudrun completion install", "cloudrun completion install zsh"])
def install(shell: Shell = None) -> None:
    """Let Tab complete commands, flags and names in your shell.

    Writes the script where the shell looks for it and, for bash and zsh, one line into its start-up file. It can be
    run again at any time.
    """
    chosen = shell or present_shell()
    target = script_path(chosen)
    _write(target, script(chosen))
    told = [f"Wrote [{target}]."]
    if startup := startup_path(chosen):
        line = f"[ -r '{target}' ] && . '{target}'  # cloudrun completion"
        told.append(_add_line(startup, line))
    told.append(f"Open a new {chosen}, and Tab completes `cloudrun`.")
    for message in told:
        context().tell(message)


@completion.command("show", format="value(.)", examples=["cloudrun completion show bash"])
def show(shell: Shell = None) -> None:
    """Print the completion script of a shell."""
    context().out.write(script(shell or present_shell()))


def script(shell: str) -> str:
    """The completion script of a shell. It asks the program itself, so that it never has to change."""
    return {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}[shell]


def script_path(shell: str) -> Path:
    """Where the script goes for this user."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return {
        "bash": data / "bash-completion" / "completions" / "cloudrun",
        "zsh": data / "zsh" / "site-functions" / "_cloudrun",
        "fish": config / "fish" / "completions" / "cloudrun.fish",
    }[shell]


def startup_path(shell: str) -> Path | None:
    """The file a shell reads when it starts; None for fish, which finds the script by its name."""
    if shell == "fish":
        return None
    if shell == "bash":
        return Path.home() / ".bashrc"
    return Path(os.environ.get("ZDOTDIR") or Path.home()) / ".zshrc"


def present_shell() -> str:
    """The shell that called us, or else the user's own. Raises FailedPrecondition when it is neither of ours."""
    try:
        caller = Path(f"/proc/{os.getppid()}/comm").read_text().strip()
    except OSError:
        caller = ""
    for name in (caller, os.path.basename(os.environ.get("SHELL", ""))):
        if name.lstrip("-") in SHELLS:
            return name.lstrip("-")
    raise FailedPrecondition(
        "It cannot be told which shell you use.", hint=f"Name it: {command_line(context().path)} {'|'.join(SHELLS)}"
    )


def _add_line(startup: Path, line: str) -> str:
    """Add a line to a start-up file unless it is there, and tell what was done."""
    text = startup.read_text(encoding="utf-8") if startup.exists() else ""
    if line in text.splitlines():
        return f"[{startup}] reads it already."
    separator = "" if not text or text.endswith("\n") else "\n"
    with startup.open("a", encoding="utf-8") as file:
        file.write(f"{separator}{line}\n")
    return f"Added a line to [{startup}] that reads it."


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


_BASH = r"""# Completion of cloudrun for bash. Written by `cloudrun completion install`.
_cloudrun() {
    local word=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]} line
    local -a lines
    COMPREPLY=()
    [[ -n ${BASH_ALIASES[$program]-} ]] && program=cloudrun
    mapfile -t lines < <("$program" __complete bash "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    [[ $word == "=" ]] && word=""
    case ${lines[0]-} in
        :files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
        :folders) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
    esac
    for line in "${lines[@]}"; do
        COMPREPLY+=("${line%%$'\t'*}")
    done
    if [[ ${COMPREPLY[0]-} == *= ]]; then compopt -o nospace; fi
}
complete -F _cloudrun cloudrun
if [[ ${BASH_ALIASES[gcloud]-} == *cloudrun* ]]; then complete -F _cloudrun gcloud; fi
"""

_ZSH = r"""#compdef cloudrun
# Completion of cloudrun for zsh. Written by `cloudrun completion install`.
_cloudrun() {
    local program=${(Q)words[1]} line name
    local -a lines described ending
    lines=("${(@f)$(${~program} __complete zsh "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    [[ ${lines[1]} == :f* && $PREFIX == --*=* ]] && compset -P '*='
    case ${lines[1]} in
        :files) _files; return ;;
        :folders) _files -/; return ;;
        '') return 1 ;;
    esac
    for line in $lines; do
        name=${line%%$'\t'*}
        described+=("${name//:/\\:}:${line#*$'\t'}")
    done
    [[ $name == *= ]] && ending=(-S '')
    _describe cloudrun described "${ending[@]}"
}
if [[ ${funcstack[1]} == _cloudrun ]]; then
    _cloudrun "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
    compdef _cloudrun cloudrun
fi
"""

_FISH = r"""# Completion of cloudrun for fish. Written by `cloudrun completion install`.
function __cloudrun_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines (command $words[1] __complete fish $words[2..-1] $current 2>/dev/null)
    switch "$lines[1]"
        case :files
            __fish_complete_path $current
        case :folders
            __fish_complete_directories $current ''
        case '*'
            printf '%s\n' $lines
    end
end
complete -c cloudrun -f -a '(__cloudrun_complete)'
"""
