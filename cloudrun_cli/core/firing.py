"""When a schedule fires, and what follows an attempt: from plan to plan, told the time.

An execution begins at a tick of the schedule, or when somebody asks for one; it is one attempt and its retries. There
are never two of one schedule at once. Source: cloudscheduler.googleapis.com v1, Job and RetryConfig.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from cloudrun_cli.core.schedules import Execution, Outcome, Plan, RetryPolicy, ScheduleState

UNAVAILABLE = 14  # google.rpc.Code
LEAST_BACKOFF = timedelta(seconds=1)  # ours: a target that fails at once is not called in a storm
_MOST_DOUBLINGS = 40  # more than any longest backoff allows


class Recurrence(Protocol):
    """The ticks of a schedule."""

    @property
    def from_end(self) -> bool:
        """Whether the next tick is counted from the end of the execution before."""
        ...

    def after(self, moment: datetime) -> datetime | None:
        """The first tick after a moment, in UTC; None when there is none in fifty years."""
        ...


def planned(plan: Plan, state: ScheduleState, ticks: Recurrence, now: datetime) -> Plan:
    """The plan from now on, after the schedule was made, changed or resumed. One that is not enabled has no ticks, and
    no more attempts but the one under way."""
    if state is ScheduleState.ENABLED:
        return replace(plan, next=ticks.after(now), dormant=False)
    execution = plan.execution
    last = replace(execution, final=True) if execution and execution.under_way else None
    return replace(plan, next=None, execution=last, dormant=False)


def wakes(plan: Plan) -> datetime | None:
    """When something is to happen; None while nothing is, or while an attempt is under way."""
    if plan.execution is not None:
        return None if plan.execution.under_way else plan.execution.at
    moments = [moment for moment in (None if plan.dormant else plan.next, plan.asked) if moment is not None]
    return min(moments, default=None)


def step(plan: Plan, deadline: timedelta, ticks: Recurrence, now: datetime) -> tuple[Plan, bool]:
    """The plan after what is due now, and whether an attempt begins with it. Of the ticks that went by unheeded, the
    last counts, if it is no older than an attempt may take; the others are skipped."""
    due = wakes(plan)
    if due is None or due > now:
        return plan, False
    if plan.execution is not None:
        return _attempt(plan, plan.execution, now), True
    if plan.asked is not None and plan.asked <= now:
        return _attempt(replace(plan, asked=None), Execution(plan.asked, now), now), True
    assert plan.next is not None
    tick = _last_tick(plan.next, deadline, ticks, now)
    plan = replace(plan, next=ticks.after(now))
    return (plan, False) if tick is None else (_attempt(plan, Execution(tick, now), now), True)


def ended(plan: Plan, outcome: Outcome, retry: RetryPolicy, ticks: Recurrence, now: datetime) -> Plan:
    """The plan after the attempt that was under way: the execution is over, or the attempt is made again later. A tick
    that came during the only attempt is still to be heeded, those during retries are skipped."""
    execution = plan.execution
    if execution is None or not execution.under_way:
        return plan
    plan = replace(plan, outcome=outcome)
    if outcome.code and not execution.final and _is_retried(execution, retry, now):
        later = now + backoff(retry, execution.attempts)
        return replace(plan, execution=replace(execution, at=later, under_way=False))
    following = plan.next
    if following is not None and not plan.dormant and (ticks.from_end or execution.attempts > 1):
        following = ticks.after(now)
    return replace(plan, execution=None, next=following)


def recalled(plan: Plan, deadline: timedelta, retry: RetryPolicy, ticks: Recurrence, now: datetime) -> Plan:
    """The plan after a stop that nobody announced. The attempt under way is made again, at least once as the real
    service has it, unless its time is over: then it has failed."""
    execution = plan.execution
    if execution is None or not execution.under_way:
        return plan
    if now - execution.at < deadline:
        again = replace(execution, attempts=execution.attempts - 1, at=now, under_way=False)
        return replace(plan, execution=again)
    lost = Outcome(UNAVAILABLE, "The emulator stopped while the attempt was under way.")
    return ended(plan, lost, retry, ticks, now)


def backoff(retry: RetryPolicy, attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: doubled so many times, then growing by the same, to the most.
    Source: RetryConfig.maxDoublings, 10s 20s 40s 80s 160s 240s 300s 300s for 10s, 300s and 3."""
    doubled = min(attempts - 1, retry.doublings, _MOST_DOUBLINGS)
    factor = 2**doubled * (1 + max(0, attempts - 1 - doubled))
    least = max(retry.min_backoff, LEAST_BACKOFF)
    most = max(retry.max_backoff, least)
    return most if factor >= most / least else least * factor


def _attempt(plan: Plan, execution: Execution, now: datetime) -> Plan:
    begun = replace(execution, at=now, attempts=execution.attempts + 1, began=execution.began or now, under_way=True)
    return replace(plan, execution=begun, last_attempt=now)


def _is_retried(execution: Execution, retry: RetryPolicy, now: datetime) -> bool:
    """Until both limits are reached, where both are given. Source: RetryConfig.maxRetryDuration"""
    count, longest = retry.count or 0, retry.longest or timedelta()
    assert execution.began is not None
    return execution.attempts <= count or bool(longest and now - execution.began < longest)


def _last_tick(first: datetime, deadline: timedelta, ticks: Recurrence, now: datetime) -> datetime | None:
    """The last tick until now, from the first on, that is young enough."""
    oldest = now - deadline
    if first < oldest:
        if ticks.from_end:
            return None
        found = ticks.after(oldest)
        if found is None or found > now:
            return None
        first = found
    last = first
    while not ticks.from_end and (following := ticks.after(last)) is not None and following <= now:
        last = following
    return last
