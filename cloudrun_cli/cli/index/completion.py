"""Written from the command tree by `python -m cloudrun_cli.cli.indexing`; not by hand."""

# ruff: noqa
# fmt: off

COMMANDS = {
 'completion install': {
  'help': 'Let Tab complete commands, flags and names in your shell.',
  'more': ('Writes the script where the shell looks for it and, for bash and zsh, one line into its start-up file. It can be run again at any time.',),
  'examples': ('cloudrun completion install', 'cloudrun completion install zsh'),
  'hidden': False,
  'positionals': (
   ('SHELL', 'The shell it is for; by default the one in use.', '', ('bash', 'zsh', 'fish'), False, False),
  ),
  'flags': (),
 },
 'completion show': {
  'help': 'Print the completion script of a shell.',
  'more': (),
  'examples': ('cloudrun completion show bash',),
  'hidden': False,
  'positionals': (
   ('SHELL', 'The shell it is for; by default the one in use.', '', ('bash', 'zsh', 'fish'), False, False),
  ),
  'flags': (),
 },
}

GROUPS = {
 'completion': ('Complete commands, flags and names in the shell.', (), (('install', 'Let Tab complete commands, flags and names in your shell.'), ('show', 'Print the completion script of a shell.'))),
}
