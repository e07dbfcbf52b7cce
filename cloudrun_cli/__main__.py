"""The console script and `python -m cloudrun_cli`: hands the words to the command tree, or to completion."""

import gc
import sys


def main() -> None:
    """Answer one command line and leave. Never returns."""
    gc.disable()  # a start-up makes many objects and no garbage; `cli/app.py` turns it on again for the command
    arguments = sys.argv[1:]
    if arguments[:1] == ["__complete"]:
        from cloudrun_cli.cli.completion import answer

        leave(answer(arguments[1:]))
    from cloudrun_cli.cli.app import run

    leave(run(arguments))


def leave(code: int) -> None:
    """End the process. Once everything is written and no thread is left, without taking the interpreter apart."""
    import os

    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:  # it may have been closed before we began
                stream.flush()
        except BrokenPipeError:
            # Nobody is left to read the rest, and Python must not try again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    threading = sys.modules.get("threading")
    if threading is None or threading.active_count() == 1:
        import atexit

        atexit._run_exitfuncs()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
