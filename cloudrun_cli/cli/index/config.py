"""Written from the command tree by `python -m cloudrun_cli.cli.indexing`; not by hand."""

# ruff: noqa
# fmt: off

COMMANDS = {
 'config configurations activate': {
  'help': 'Make a configuration the active one.',
  'more': (),
  'examples': ('cloudrun config configurations activate default',),
  'hidden': False,
  'positionals': (
   ('CONFIGURATION_NAME', 'The configuration.', 'configurations', (), True, False),
  ),
  'flags': (),
 },
 'config configurations create': {
  'help': 'Create a configuration and make it the active one.',
  'more': (),
  'examples': ('cloudrun config configurations create staging',),
  'hidden': False,
  'positionals': (
   ('CONFIGURATION_NAME', 'The name of the new configuration.', '', (), True, False),
  ),
  'flags': (
   ('--no-activate', ('--activate', '--no-activate'), 'Make it the active one at once.', '', '', (), False, False),
  ),
 },
 'config configurations delete': {
  'help': 'Delete configurations; the active one cannot be deleted.',
  'more': (),
  'examples': ('cloudrun config configurations delete staging --quiet',),
  'hidden': False,
  'positionals': (
   ('CONFIGURATION_NAMES', 'The configurations.', 'configurations', (), True, True),
  ),
  'flags': (),
 },
 'config configurations describe': {
  'help': 'Show what a configuration sets.',
  'more': (),
  'examples': ('cloudrun config configurations describe default', 'cloudrun config configurations describe default --all'),
  'hidden': False,
  'positionals': (
   ('CONFIGURATION_NAME', 'The configuration.', 'configurations', (), True, False),
  ),
  'flags': (
   ('--all', ('--all', '--no-all'), 'Show the properties that are not set too.', '', '', (), False, False),
  ),
 },
 'config configurations list': {
  'help': 'List the configurations and which of them is active.',
  'more': (),
  'examples': ('cloudrun config configurations list', 'cloudrun config configurations list --filter=is_active=true'),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
  ),
 },
 'config configurations rename': {
  'help': 'Give a configuration another name; the active one keeps its name.',
  'more': (),
  'examples': ('cloudrun config configurations rename staging --new-name=preview',),
  'hidden': False,
  'positionals': (
   ('CONFIGURATION_NAME', 'The configuration.', 'configurations', (), True, False),
  ),
  'flags': (
   ('--new-name', ('--new-name',), 'The name it should have.', 'NEW_NAME', '', (), True, False),
  ),
 },
 'config get': {
  'help': 'Print the value of a property.',
  'more': (),
  'examples': ('cloudrun config get project', 'cloudrun config get run/region'),
  'hidden': False,
  'positionals': (
   ('SECTION/PROPERTY', 'The property; those of core need no section.', 'properties', (), True, False),
  ),
  'flags': (),
 },
 'config get-value': {
  'help': 'Print the value of a property.',
  'more': (),
  'examples': ('cloudrun config get-value project',),
  'hidden': True,
  'positionals': (
   ('SECTION/PROPERTY', 'The property; those of core need no section.', 'properties', (), True, False),
  ),
  'flags': (),
 },
 'config list': {
  'help': 'List the properties that are set.',
  'more': (),
  'examples': ('cloudrun config list', 'cloudrun config list --all', 'cloudrun config list run/'),
  'hidden': False,
  'positionals': (
   ('SECTION/PROPERTY', 'Show this property alone, or with `SECTION/` a section.', 'properties', (), False, False),
  ),
  'flags': (
   ('--all', ('--all', '--no-all'), 'Show those that are not set too.', '', '', (), False, False),
  ),
 },
 'config set': {
  'help': 'Set a property in the active configuration.',
  'more': (),
  'examples': ('cloudrun config set run/region europe-west1', 'cloudrun config set run/runtime process'),
  'hidden': False,
  'positionals': (
   ('SECTION/PROPERTY', 'The property; those of core need no section.', 'properties', (), True, False),
   ('VALUE', 'What it should be.', 'property_values', (), True, False),
  ),
  'flags': (),
 },
 'config unset': {
  'help': 'Take a property out of the active configuration.',
  'more': (),
  'examples': ('cloudrun config unset run/region',),
  'hidden': False,
  'positionals': (
   ('SECTION/PROPERTY', 'The property; those of core need no section.', 'properties', (), True, False),
  ),
  'flags': (),
 },
}

GROUPS = {
 'config': ('View and edit properties.', (('configurations', 'Manage the set of named configurations.'),), (('get', 'Print the value of a property.'), ('list', 'List the properties that are set.'), ('set', 'Set a property in the active configuration.'), ('unset', 'Take a property out of the active configuration.'))),
 'config configurations': ('Manage the set of named configurations.', (), (('activate', 'Make a configuration the active one.'), ('create', 'Create a configuration and make it the active one.'), ('delete', 'Delete configurations; the active one cannot be deleted.'), ('describe', 'Show what a configuration sets.'), ('list', 'List the configurations and which of them is active.'), ('rename', 'Give a configuration another name; the active one keeps its name.'))),
}
