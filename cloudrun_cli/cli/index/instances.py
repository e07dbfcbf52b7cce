"""Written from the command tree by `python -m cloudrun_cli.cli.indexing`; not by hand."""

# ruff: noqa
# fmt: off

COMMANDS = {
 'instances describe': {
  'help': 'Show an instance: how it runs, and its life with all changes, their times and reasons.',
  'more': (),
  'examples': ('cloudrun instances describe 2cb9ae7639f1e13f3e84473c', "cloudrun instances describe 2cb9 --format='value(coldStart.totalMs)'"),
  'hidden': False,
  'positionals': (
   ('INSTANCE', 'The id of the instance, or how it begins.', 'instances', (), True, False),
  ),
  'flags': (
   ('--namespace', ('--namespace',), 'The project of the instances.', 'NAMESPACE', 'projects', (), False, True),
  ),
 },
 'instances list': {
  'help': 'List the instances that run: where each is in its life, since when and why.',
  'more': (),
  'examples': ('cloudrun instances list', 'cloudrun instances list --service=hello --all', "cloudrun instances list --filter='state=idle AND zone~-a$' --format='value(name)'"),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--all', ('--all',), 'Also those that have stopped within the last ten minutes.', '', '', (), False, False),
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--namespace', ('--namespace',), 'The project of the instances.', 'NAMESPACE', 'projects', (), False, True),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--region', ('--region',), 'Only those of this region.', 'REGION', 'regions', (), False, False),
   ('--revision', ('--revision',), 'Only those of this revision.', 'REVISION', 'revisions', (), False, False),
   ('--service', ('--service',), 'Only those of this service.', 'SERVICE', 'services', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
  ),
 },
 'instances top': {
  'help': 'Watch the instances live, until q or Ctrl-C. Piped, or with --format, they are printed once.',
  'more': (),
  'examples': ('cloudrun instances top', 'cloudrun instances top --service=hello'),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--namespace', ('--namespace',), 'The project of the instances.', 'NAMESPACE', 'projects', (), False, True),
   ('--region', ('--region',), 'Only those of this region.', 'REGION', 'regions', (), False, False),
   ('--revision', ('--revision',), 'Only those of this revision.', 'REVISION', 'revisions', (), False, False),
   ('--service', ('--service',), 'Only those of this service.', 'SERVICE', 'services', (), False, False),
  ),
 },
}

GROUPS = {
 'instances': ('See what runs: every instance and its life.', (), (('describe', 'Show an instance: how it runs, and its life with all changes, their times and reasons.'), ('list', 'List the instances that run: where each is in its life, since when and why.'), ('top', 'Watch the instances live, until q or Ctrl-C. Piped, or with --format, they are printed once.'))),
}
