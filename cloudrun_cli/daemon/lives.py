"""The lives of all instances: every change told in the log, and all of them in the snapshot that others look at."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cloudrun_cli.clock import Clock
from cloudrun_cli.core import cold_start, instances, logs
from cloudrun_cli.core.instances import BUSY, QUIET, Change, Event, InstanceLife, InstanceState, Reason
from cloudrun_cli.core.resources import RevisionRef, ServiceRef
from cloudrun_cli.core.wire.instances import changes_to_json, from_json, to_json
from cloudrun_cli.daemon.logdesk import LogDesk
from cloudrun_cli.dataplane.pools import RevisionLoad
from cloudrun_cli.dataplane.records import RequestRecord
from cloudrun_cli.store import instances as snapshot

log = logging.getLogger(__name__)

WRITE_SECONDS = 0.5  # at least, between two snapshots of instances that only became busy or idle
SOON_SECONDS = 0.1  # the same where one came or went
KEPT_STOPPED = 50
KEPT_FOR = timedelta(minutes=10)


@dataclass(slots=True)
class _Track:
    """One instance as it is followed. `busy_at` and `quiet_at` are the first request's coming and the last one's end
    since `life` was brought up to date: under load these are far too many to be made changes one by one."""

    life: InstanceLife
    more: dict[str, Any] = field(default_factory=dict)
    busy: bool = False
    busy_at: datetime | None = None
    quiet_at: datetime | None = None
    start: cold_start.Start | None = None  # while the request that waited for it has not been answered
    drawn: tuple[Change, ...] = ()  # what `changes` are the JSON of
    changes: list[dict[str, Any]] = field(default_factory=list)


class Lives:
    """`load` tells what is in flight, by revision."""

    def __init__(
        self, home: str, desk: LogDesk, clock: Clock, load: Callable[[RevisionRef], RevisionLoad | None]
    ) -> None:
        self._home, self._desk, self._clock, self._load = home, desk, clock, load
        self._tracks: dict[str, _Track] = {}
        self._earlier: dict[str, _Track] = {}  # what an earlier daemon has written down, until it is adopted
        self._cold: set[str] = set()  # those with a `start`
        self._changed = asyncio.Event()
        self._moved = asyncio.Event()
        self._written = b""
        self.stopped_zones: frozenset[str] = frozenset()

    # What happens

    def begin(self, id: str, revision: RevisionRef, service: str, reason: Reason, said: str) -> str:
        """An instance is to be started, for a reason that is `said` in the log; its zone."""
        own, others = self._zones(of=revision), self._zones(region=revision.region)
        zone = instances.pick_zone(revision.region, own, others, self.stopped_zones)
        life = instances.begun(id, revision, service, zone, reason, self._clock.now())
        self._tracks[id] = _Track(life)
        self._tell(life, life.now, None, f"Starting new instance. Reason: {said}")
        self._changed.set()
        self._moved.set()
        return zone

    def happened(self, id: str, event: Event, said: str = "", severity: str = "INFO") -> None:
        """Something that changes its state; `said` is the log's text for it, where that is not the usual one."""
        if (track := self._tracks.get(id)) is None:
            return
        now = self._clock.now()
        self._catch_up(track, now)
        self._go_on(track, instances.after(track.life, event, now), said, severity)
        self._moved.set()
        if track.life.is_over:
            self._cold.discard(id)

    def knows(self, id: str, **more: Any) -> None:
        """What is known of how it runs."""
        if (track := self._tracks.get(id)) is not None:
            track.more |= more
            self._changed.set()

    def stopped(self, id: str, event: Event) -> None:
        """It is no more; for the reason for which it was shut down, or else for this one."""
        if (track := self._tracks.get(id)) is not None:
            now = track.life.now
            known = now if now.state is InstanceState.SHUTTING_DOWN else event
            self.happened(id, Event(InstanceState.STOPPED, known.reason, known.detail))

    def busy(self, id: str, busy: bool) -> None:
        """Its first request has come, or its last one has gone; between two requests nothing more is done than this."""
        track = self._tracks.get(id)
        if track is None:
            return
        track.busy = busy
        if not busy:
            track.quiet_at = self._clock.now()
        elif track.busy_at is None:
            track.busy_at = self._clock.now()
        if not self._changed.is_set():
            self._changed.set()

    def waited_for(self, id: str, start: cold_start.Start) -> None:
        """It is ready; when a request has waited for that, its first answer will complete the waterfall."""
        if (track := self._tracks.get(id)) is not None and track.busy:
            track.start = start
            self._cold.add(id)

    def request_ended(self, record: RequestRecord) -> None:
        """A request is over."""
        if record.instance in self._cold:
            self._complete(self._tracks[record.instance], record)

    def _complete(self, track: _Track, record: RequestRecord) -> None:
        start = track.start
        if start is None or record.first_byte is None or record.revision is None or record.started > start.ready:
            return
        self._cold.discard(record.instance)
        track.start = None
        found = cold_start.waterfall(record.started, start, record.started + record.first_byte)
        numbers = cold_start.in_milliseconds(found)
        track.more["coldStart"] = numbers
        self._desk.add(
            record.service,
            logs.from_platform_json(
                record.revision,
                record.service.name,
                record.instance,
                {"message": cold_start.text(found), "coldStart": numbers},
                self._clock.now(),
                {"zone": track.life.zone},
                trace=record.trace,
            ),
        )
        self._changed.set()

    # What was before this daemon

    def recall(self) -> None:
        """Read what an earlier daemon has written down."""
        try:
            rows = snapshot.read(self._home)
            lives = [(from_json(row), row) for row in rows]
        except (KeyError, ValueError, OSError) as error:
            log.warning("What ran before is not known: %s", error)
            return
        for life, row in lives:
            track = _Track(life, {key: row[key] for key in ("address", "runtime", "handle", "coldStart") if key in row})
            (self._tracks if life.is_over else self._earlier)[life.id] = track

    def adopt(self, id: str, revision: RevisionRef, service: str, zone: str, started: datetime) -> None:
        """It runs already; with the history that is known of it, or with its start only."""
        track = self._earlier.pop(id, None)
        if track is None:
            zone = zone or instances.zone_of(revision.region, id)
            track = _Track(instances.begun(id, revision, service, zone, Reason.ADOPTED, started))
        self._tracks[id] = track
        self.happened(id, instances.ADOPTED, "The instance was adopted by a new daemon.")

    def forsake(self, id: str, event: Event) -> None:
        """It is not adopted, for this reason."""
        if (track := self._earlier.pop(id, None)) is not None:
            self._tracks[id] = track
            self.happened(id, event)

    def forsake_others(self) -> None:
        """Whatever an earlier daemon had written down and nobody has found is gone."""
        for id in list(self._earlier):
            self.forsake(id, Event(InstanceState.STOPPED, Reason.REMOVED, "while no daemon ran"))

    # What others see

    async def run(self) -> None:
        """Write what has changed, now and again, for ever."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            self._moved.clear()
            self.flush()
            if any(track.busy or track.life.pause is not None for track in self._tracks.values()):
                self._changed.set()  # the number in flight changes without a word; a pause becomes a change
            await asyncio.sleep(SOON_SECONDS)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), WRITE_SECONDS - SOON_SECONDS)

    def flush(self) -> None:
        """Bring everything up to date, and the snapshot with it where it has changed."""
        now = self._clock.now()
        for track in self._tracks.values():
            self._catch_up(track, now)
            if track.life.pause is not None:
                self._go_on(track, instances.settled(track.life, now))
        self._forget(now)
        text = snapshot.encoded(self._rows())
        if text == self._written:
            return
        try:
            snapshot.write(self._home, text)
        except OSError as error:  # a full disk is no reason to stop serving
            log.warning("The snapshot of the instances cannot be written: %s", error)
        else:
            self._written = text

    def _rows(self) -> Iterable[dict[str, Any]]:
        loads = {ref: self._load(ref) for ref in {track.life.revision for track in self._tracks.values()}}
        for id, track in self._tracks.items():
            load = loads[track.life.revision]
            own = load.instances.get(id) if load is not None else None
            if track.drawn is not track.life.changes:
                track.drawn, track.changes = track.life.changes, changes_to_json(track.life.changes)
            yield to_json(track.life, own.in_flight if own is not None else 0, track.more, track.changes)

    def _forget(self, now: datetime) -> None:
        over = [(track.life.now.at, id) for id, track in self._tracks.items() if track.life.is_over]
        over.sort()
        too_many = max(len(over) - KEPT_STOPPED, 0)
        for place, (at, id) in enumerate(over):
            if place < too_many or at + KEPT_FOR <= now:
                del self._tracks[id]

    def _zones(self, *, of: RevisionRef | None = None, region: str = "") -> list[str]:
        alive = (track.life for track in self._tracks.values() if not track.life.is_over)
        return [life.zone for life in alive if life.revision == of or (region and life.revision.region == region)]

    def _catch_up(self, track: _Track, now: datetime) -> None:
        """What its requests have done to it since the last time."""
        if track.busy_at is not None:
            self._go_on(track, instances.after(track.life, BUSY, track.busy_at))
            track.busy_at = None
        if not track.busy and track.quiet_at is not None:
            self._go_on(track, instances.after(track.life, QUIET, track.quiet_at))
        track.quiet_at = None

    def _go_on(self, track: _Track, life: InstanceLife, said: str = "", severity: str = "INFO") -> None:
        before, track.life = track.life, life
        if life is before:
            return
        self._changed.set()
        told = instances.news(before, life)
        for earlier, change in told:
            own = said if change is told[-1][1] else ""
            noisy = change.state in (InstanceState.IDLE, InstanceState.SERVING) and not own
            self._tell(life, change, earlier, own or instances.text(change, life), "DEBUG" if noisy else severity)

    def _tell(
        self, life: InstanceLife, change: Change, earlier: Change | None, said: str, severity: str = "INFO"
    ) -> None:
        labels = {"state": change.state.value, "reason": change.reason.value, "zone": life.zone}
        if earlier is not None:
            seconds = (change.at - earlier.at).total_seconds()
            labels |= {"previousState": earlier.state.value, "previousStateSeconds": f"{seconds:.3f}"}
        if change.detail:
            labels["detail"] = change.detail
        service = ServiceRef(life.revision.project, life.revision.region, life.service)
        self._desk.add(
            service, logs.from_platform(life.revision, life.service, life.id, said, change.at, severity, labels)
        )
