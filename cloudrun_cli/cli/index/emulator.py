"""Written from the command tree by `python -m cloudrun_cli.cli.indexing`; not by hand."""

# ruff: noqa
# fmt: off

COMMANDS = {
 'emulator env': {
  'help': 'Print the exports that point client libraries and gcloud at the emulator.',
  'more': (),
  'examples': ('eval "$(cloudrun emulator env)"',),
  'hidden': False,
  'positionals': (),
  'flags': (),
 },
 'emulator export': {
  'help': 'Write every service, job and policy as v1 objects to the files of a folder, which is made when it is not there.',
  'more': ('Writes what `emulator import` reads, and configurations.json and routes.json besides. The files are sorted, so that two exports of the same world are the same.',),
  'examples': ('cloudrun emulator export ./world',),
  'hidden': False,
  'positionals': (
   ('DIR', 'The folder of the files.', 'folders', (), True, False),
  ),
  'flags': (),
 },
 'emulator import': {
  'help': 'Add the services, jobs and policies that a folder holds as v1 objects, with their revisions and executions, names, times, statuses and addresses.',
  'more': ('Reads projects.json, services.json, revisions.json, jobs.json, executions.json, tasks.json, iam-policies.json, domain-mappings.json, scheduler.json and service-accounts.json, as `emulator export` writes them, and secrets.json. Nothing of it is started: it is history until something is deployed on it, executions stay so, and schedules fire only once they are resumed, changed or run. What is there already is never written over; then nothing is imported.',),
  'examples': ('cloudrun emulator import ./world',),
  'hidden': False,
  'positionals': (
   ('DIR', 'The folder of the files.', 'folders', (), True, False),
  ),
  'flags': (),
 },
 'emulator logs': {
  'help': 'Print the last lines that the emulator itself has logged.',
  'more': (),
  'examples': ('cloudrun emulator logs --limit=50',),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--limit', ('--limit',), 'How many of the last lines.', 'LIMIT', '', (), False, False),
  ),
 },
 'emulator reset': {
  'help': 'Stop the emulator and forget everything that was deployed. Settings stay.',
  'more': (),
  'examples': ('cloudrun emulator reset --quiet',),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--keep-images', ('--keep-images', '--no-keep-images'), 'Keep the images that were built or kept.', '', '', (), False, False),
  ),
 },
 'emulator restart': {
  'help': 'Stop the emulator and start it again, with the settings of now.',
  'more': (),
  'examples': ('cloudrun emulator restart',),
  'hidden': False,
  'positionals': (),
  'flags': (),
 },
 'emulator start': {
  'help': 'Start the emulator, if it does not run yet. Every command that needs it does so by itself.',
  'more': (),
  'examples': ('cloudrun emulator start',),
  'hidden': False,
  'positionals': (),
  'flags': (),
 },
 'emulator status': {
  'help': 'Show whether the emulator runs, where, and since when. Never starts it.',
  'more': (),
  'examples': ('cloudrun emulator status', "cloudrun emulator status --format='value(pid)'"),
  'hidden': False,
  'positionals': (),
  'flags': (),
 },
 'emulator stop': {
  'help': 'Stop the emulator with everything that runs in it. What was deployed stays, for the next start.',
  'more': (),
  'examples': ('cloudrun emulator stop',),
  'hidden': False,
  'positionals': (),
  'flags': (),
 },
 'emulator zones list': {
  'help': 'List the zones of the region, and all that are stopped: how many instances run in each.',
  'more': (),
  'examples': ('cloudrun emulator zones list', 'cloudrun emulator zones list --filter=state=stopped'),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--region', ('--region',), 'Only those of this region.', 'REGION', 'regions', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
  ),
 },
 'emulator zones start': {
  'help': 'Let instances be started in a zone again. Those that run elsewhere stay where they are.',
  'more': (),
  'examples': ('cloudrun emulator zones start us-central1-a',),
  'hidden': False,
  'positionals': (
   ('ZONE', 'The zone, as in us-central1-a.', 'zones', (), True, False),
  ),
  'flags': (),
 },
 'emulator zones stop': {
  'help': 'End every instance of a zone at once, as its loss would; new ones start in the other zones of its region.',
  'more': ('Requests that are in flight there answer 503. The zone stays away until `emulator zones start`.',),
  'examples': ('cloudrun emulator zones stop us-central1-a',),
  'hidden': False,
  'positionals': (
   ('ZONE', 'The zone, as in us-central1-a.', 'zones', (), True, False),
  ),
  'flags': (),
 },
}

GROUPS = {
 'emulator': ('Start, stop and look at what runs the services.', (('zones', 'Rehearse the loss of a zone.'),), (('env', 'Print the exports that point client libraries and gcloud at the emulator.'), ('export', 'Write every service, job and policy as v1 objects to the files of a folder, which is made when it is not there.'), ('import', 'Add the services, jobs and policies that a folder holds as v1 objects, with their revisions and executions, names, times, statuses and addresses.'), ('logs', 'Print the last lines that the emulator itself has logged.'), ('reset', 'Stop the emulator and forget everything that was deployed. Settings stay.'), ('restart', 'Stop the emulator and start it again, with the settings of now.'), ('start', 'Start the emulator, if it does not run yet. Every command that needs it does so by itself.'), ('status', 'Show whether the emulator runs, where, and since when. Never starts it.'), ('stop', 'Stop the emulator with everything that runs in it. What was deployed stays, for the next start.'))),
 'emulator zones': ('Rehearse the loss of a zone.', (), (('list', 'List the zones of the region, and all that are stopped: how many instances run in each.'), ('start', 'Let instances be started in a zone again. Those that run elsewhere stay where they are.'), ('stop', 'End every instance of a zone at once, as its loss would; new ones start in the other zones of its region.'))),
}
