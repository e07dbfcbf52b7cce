"""Written from the command tree by `python -m cloudrun_cli.cli.indexing`; not by hand."""

# ruff: noqa
# fmt: off

COMMANDS = {
 'run deploy': {
  'help': 'Deploy a container image, or a folder of source, as a new revision of a service.',
  'more': (),
  'examples': ('cloudrun run deploy hello --image=us-docker.pkg.dev/cloudrun/container/hello --allow-unauthenticated', 'cloudrun run deploy hello --source=.', 'cloudrun run deploy hello --source=. --no-traffic --tag=green'),
  'hidden': False,
  'positionals': (
   ('SERVICE', 'The service to deploy.', 'services', (), False, False),
  ),
  'flags': (
   ('--allow-unauthenticated / --no-allow-unauthenticated', ('--allow-unauthenticated', '--no-allow-unauthenticated'), 'Whether anybody may call the service.', '', '', (), False, False),
   ('--args', ('--args',), "Arguments of the container, instead of the image's.", 'ARGS', '', (), False, False),
   ('--async', ('--async', '--no-async'), 'Return at once; the deploy goes on.', '', '', (), False, False),
   ('--base-image', ('--base-image',), 'Image that a source without a Dockerfile is built on.', 'BASE_IMAGE', '', (), False, False),
   ('--clear-env-vars', ('--clear-env-vars', '--no-clear-env-vars'), 'Remove all environment variables.', '', '', (), False, False),
   ('--command', ('--command',), "Entry point of the container, instead of the image's.", 'COMMAND', '', (), False, False),
   ('--concurrency', ('--concurrency',), 'Requests at once for one instance.', 'CONCURRENCY', '', (), False, False),
   ('--cpu', ('--cpu',), 'CPUs of an instance: 1, 2, 0.5, 500m.', 'CPU', '', (), False, False),
   ('--env-vars-file', ('--env-vars-file',), 'YAML (or .env) file of variables, instead of all there are.', 'FILE_PATH', 'files', (), False, False),
   ('--image', ('--image',), 'Name of the container image to deploy.', 'IMAGE', '', (), False, False),
   ('--labels', ('--labels',), 'Labels to add or change.', 'LABELS', '', (), False, False),
   ('--max', ('--max',), 'Most instances of the service.', 'MAX', '', (), False, False),
   ('--max-instances', ('--max-instances',), 'Most instances of the revision.', 'MAX_INSTANCES', '', (), False, False),
   ('--memory', ('--memory',), 'Memory of an instance: 512Mi, 1Gi.', 'MEMORY', '', (), False, False),
   ('--min', ('--min',), 'Instances of the service that are always kept.', 'MIN', '', (), False, False),
   ('--min-instances', ('--min-instances',), 'Instances of the revision that are always kept.', 'MIN_INSTANCES', '', (), False, False),
   ('--port', ('--port',), 'Container port to send requests to.', 'PORT', '', (), False, False),
   ('--region', ('--region',), 'The region of the service.', 'REGION', 'regions', (), False, False),
   ('--remove-env-vars', ('--remove-env-vars',), 'Environment variables to remove.', 'REMOVE_ENV_VARS', '', (), False, False),
   ('--revision-suffix', ('--revision-suffix',), "End of the new revision's name, instead of a made one.", 'REVISION_SUFFIX', '', (), False, False),
   ('--service-account', ('--service-account',), 'E-mail address of the account that the revision runs as.', 'SERVICE_ACCOUNT', '', (), False, False),
   ('--set-env-vars', ('--set-env-vars',), 'Environment variables, instead of all there are.', 'SET_ENV_VARS', '', (), False, False),
   ('--source', ('--source',), 'Folder of source to build and deploy.', 'SOURCE', 'folders', (), False, False),
   ('--tag', ('--tag',), 'Tag of the new revision, with an address of its own.', 'TAG', '', (), False, False),
   ('--timeout', ('--timeout',), 'How long a request may take: 300, 5m.', 'TIMEOUT', '', (), False, False),
   ('--no-traffic', ('--no-traffic',), 'Leave the traffic where it is.', '', '', (), False, False),
   ('--update-env-vars', ('--update-env-vars',), 'Environment variables to add or change.', 'UPDATE_ENV_VARS', '', (), False, False),
  ),
 },
 'run regions list': {
  'help': 'List the regions that a service can be in; here all of them are this machine.',
  'more': (),
  'examples': ('cloudrun run regions list', "cloudrun run regions list --format='value(locationId)'"),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
   ('--uri', ('--uri', '--no-uri'), 'Print the address of each row instead.', '', '', (), False, False),
  ),
 },
 'run revisions delete': {
  'help': 'Delete a revision that gets no requests and is not the latest of its service.',
  'more': (),
  'examples': ('cloudrun run revisions delete hello-00001-abc --quiet',),
  'hidden': False,
  'positionals': (
   ('REVISION', 'The revision.', 'revisions', (), True, False),
  ),
  'flags': (
   ('--async', ('--async', '--no-async'), 'Return at once, while the instances still stop.', '', '', (), False, False),
   ('--region', ('--region',), 'The region of the revision.', 'REGION', 'regions', (), False, False),
  ),
 },
 'run revisions describe': {
  'help': 'Show a revision: what it runs, and whether it can.',
  'more': (),
  'examples': ('cloudrun run revisions describe hello-00001-abc --format=yaml',),
  'hidden': False,
  'positionals': (
   ('REVISION', 'The revision.', 'revisions', (), True, False),
  ),
  'flags': (
   ('--region', ('--region',), 'The region of the revision.', 'REGION', 'regions', (), False, False),
  ),
 },
 'run revisions list': {
  'help': 'List the revisions of the region, or of one service.',
  'more': (),
  'examples': ('cloudrun run revisions list --service=hello',),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--region', ('--region',), 'The region of the revision.', 'REGION', 'regions', (), False, False),
   ('--service', ('--service',), 'Only those of this service.', 'SERVICE', 'services', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
   ('--uri', ('--uri', '--no-uri'), 'Print the address of each row instead.', '', '', (), False, False),
  ),
 },
 'run services delete': {
  'help': 'Delete a service with its revisions. Its instances stop.',
  'more': (),
  'examples': ('cloudrun run services delete hello --quiet',),
  'hidden': False,
  'positionals': (
   ('SERVICE', 'The service.', 'services', (), True, False),
  ),
  'flags': (
   ('--async', ('--async', '--no-async'), 'Return at once, while the instances still stop.', '', '', (), False, False),
   ('--region', ('--region',), 'The region of the service.', 'REGION', 'regions', (), False, False),
  ),
 },
 'run services describe': {
  'help': 'Show a service: its addresses, its traffic, and what its newest revision runs.',
  'more': (),
  'examples': ("cloudrun run services describe hello --format='value(status.url)'",),
  'hidden': False,
  'positionals': (
   ('SERVICE', 'The service.', 'services', (), True, False),
  ),
  'flags': (
   ('--region', ('--region',), 'The region of the service.', 'REGION', 'regions', (), False, False),
  ),
 },
 'run services list': {
  'help': 'List the services of the project, of one region or of all.',
  'more': (),
  'examples': ('cloudrun run services list', 'cloudrun run services list --region=us-central1 --format=json'),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--region', ('--region',), 'The region of the service.', 'REGION', 'regions', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
   ('--uri', ('--uri', '--no-uri'), 'Print the address of each row instead.', '', '', (), False, False),
  ),
 },
 'run services logs read': {
  'help': 'Print the log entries of a service, oldest first: what it wrote, its requests, and what happened to it.',
  'more': (),
  'examples': ('cloudrun run services logs read hello --limit=20', 'cloudrun run services logs read hello --format=json --freshness=1h'),
  'hidden': False,
  'positionals': (
   ('SERVICE', 'The service.', 'services', (), True, False),
  ),
  'flags': (
   ('--freshness', ('--freshness',), 'Leave out what is older.', 'FRESHNESS', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more entries than this.', 'LIMIT', '', (), False, False),
   ('--order', ('--order',), 'Which to take if there are more: desc, the newest; asc, the oldest.', 'ORDER', '', ('asc', 'desc'), False, False),
   ('--region', ('--region',), 'The region of the service.', 'REGION', 'regions', (), False, False),
  ),
 },
 'run services logs tail': {
  'help': 'Print the log entries of a service as they come, until Ctrl-C.',
  'more': (),
  'examples': ('cloudrun run services logs tail hello',),
  'hidden': False,
  'positionals': (
   ('SERVICE', 'The service.', 'services', (), True, False),
  ),
  'flags': (
   ('--region', ('--region',), 'The region of the service.', 'REGION', 'regions', (), False, False),
  ),
 },
}

GROUPS = {
 'run': ('Manage your Cloud Run applications.', (('regions', 'View the regions of Cloud Run.'), ('revisions', 'View and manage your Cloud Run revisions.'), ('services', 'View and manage your Cloud Run services.')), (('deploy', 'Deploy a container image, or a folder of source, as a new revision of a service.'),)),
 'run regions': ('View the regions of Cloud Run.', (), (('list', 'List the regions that a service can be in; here all of them are this machine.'),)),
 'run revisions': ('View and manage your Cloud Run revisions.', (), (('delete', 'Delete a revision that gets no requests and is not the latest of its service.'), ('describe', 'Show a revision: what it runs, and whether it can.'), ('list', 'List the revisions of the region, or of one service.'))),
 'run services': ('View and manage your Cloud Run services.', (('logs', 'Read the logs of Cloud Run services.'),), (('delete', 'Delete a service with its revisions. Its instances stop.'), ('describe', 'Show a service: its addresses, its traffic, and what its newest revision runs.'), ('list', 'List the services of the project, of one region or of all.'))),
 'run services logs': ('Read the logs of Cloud Run services.', (), (('read', 'Print the log entries of a service, oldest first: what it wrote, its requests, and what happened to it.'), ('tail', 'Print the log entries of a service as they come, until Ctrl-C.'))),
}
