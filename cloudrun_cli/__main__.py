"""The console script and `python -m cloudrun_cli`: hands the words to the command tree, or to completion."""

import gc
import os
import sys


def main() -> None:
    """Answer one command line and leave. Never returns."""
    gc.disable()  # a start-up makes many objects and no garbage; `cli/app.py` turns it on again for the command
    _stand_in_for_closed_streams()
    _write_what_can_be_written()
    arguments = sys.argv[1:]
    if arguments[:1] == ["__complete"]:
        from cloudrun_cli.cli.completion import answer

        leave(answer(arguments[1:]))
    from cloudrun_cli.cli.app import run

    leave(_stray_bytes(arguments) or run(arguments))


def leave(code: int) -> None:
    """End the process. Once everything is written and no thread is left, without taking the interpreter apart."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            # What is left cannot be written, and Python must not try again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            if not isinstance(error, BrokenPipeError):
                print(f"ERROR: The answer cannot be written: {error.strerror}.", file=sys.stderr)
                code = 1
    threading = sys.modules.get("threading")
    if threading is None or threading.active_count() == 1:
        import atexit

        atexit._run_exitfuncs()
        os._exit(code)
    sys.exit(code)


def _stray_bytes(arguments: list[str]) -> int:
    """2, and a line that says so, where a word has bytes that are no text here: nothing could keep or show it."""
    for word in arguments:
        if not word.isascii() and any("\udc80" <= letter <= "\udcff" for letter in word):
            encoding = sys.getfilesystemencoding()
            print(f"ERROR: (cloudrun) The argument [{word}] is not text in {encoding}.", file=sys.stderr)
            if encoding != "utf-8":
                print("Set a locale that knows it, such as LC_ALL=C.UTF-8.", file=sys.stderr)
            return 2
    return 0


def _stand_in_for_closed_streams() -> None:
    """What is written to a stream that was closed before we began goes nowhere."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  # for as long as the process lives
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  # likewise


def _write_what_can_be_written() -> None:
    """A character that a stream cannot encode is written as something like it, and is no failure."""
    for stream in (sys.stdout, sys.stderr):
        encoding = (stream.encoding or "").lower()
        if encoding in ("utf-8", "utf8"):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # halves of pairs, stray bytes
        elif encoding:
            from cloudrun_cli.output.terminal import degrade

            degrade(stream)


if __name__ == "__main__":
    main()
