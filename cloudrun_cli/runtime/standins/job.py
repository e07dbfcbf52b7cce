"""The sample job: says which task and attempt it is, sleeps SLEEP_MS, fails with the probability FAIL_RATE (0 to 1)."""

import os
import sys
import time


def main() -> int:
    """0, or 1 when chance says so."""
    task = os.environ.get("CLOUD_RUN_TASK_INDEX", "0")
    attempt = os.environ.get("CLOUD_RUN_TASK_ATTEMPT", "0")
    try:
        sleep_ms = int(os.environ.get("SLEEP_MS") or 0)
        fail_rate = float(os.environ.get("FAIL_RATE") or 0)
    except ValueError as error:
        print(f"SLEEP_MS and FAIL_RATE have to be numbers: {error}", file=sys.stderr, flush=True)
        return 2
    print(f"Starting task {task}, attempt {attempt}.", flush=True)
    time.sleep(sleep_ms / 1000)
    if int.from_bytes(os.urandom(4), "big") / 2**32 < fail_rate:
        print(f"Task {task}, attempt {attempt} failed, as FAIL_RATE={fail_rate} asks for.", file=sys.stderr, flush=True)
        return 1
    print(f"Completed task {task}.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
