"""Written from the command tree by `python -m cloudrun_cli.cli.indexing`; not by hand."""

# ruff: noqa
# fmt: off

COMMANDS = {
 'auth activate-service-account': {
  'help': 'Act as a service account, by a key that `iam service-accounts keys create` has made.',
  'more': (),
  'examples': ('cloudrun auth activate-service-account --key-file=key.json',),
  'hidden': False,
  'positionals': (
   ('ACCOUNT', 'The e-mail address of the service account, if it is to be checked.', '', (), False, False),
  ),
  'flags': (
   ('--key-file', ('--key-file',), 'The JSON key of the service account.', 'KEY_FILE', 'files', (), True, False),
   ('--password-file', ('--password-file',), 'For P12 keys, which are not read here: refused.', 'PASSWORD_FILE', 'files', (), False, False),
   ('--prompt-for-password', ('--prompt-for-password', '--no-prompt-for-password'), 'For P12 keys, which are not read here: refused.', '', '', (), False, False),
  ),
 },
 'auth application-default login': {
  'help': 'Write the default credentials with which programs on this machine call the APIs of this emulator: as a user, or as a service account that the user impersonates.',
  'more': (),
  'examples': ('cloudrun auth application-default login', 'cloudrun auth application-default login --impersonate-service-account=api@demo.iam.gserviceaccount.com'),
  'hidden': False,
  'positionals': (
   ('ACCOUNT', 'The user; the active account when none is named.', 'accounts', (), False, False),
  ),
  'flags': (
   ('--no-browser', ('--browser', '--no-browser'), 'No browser is needed here; taken as gcloud takes it.', '', '', (), False, False),
   ('--client-id-file', ('--client-id-file',), 'A client id of your own: refused.', 'CLIENT_ID_FILE', 'files', (), False, False),
   ('--disable-quota-project', ('--disable-quota-project', '--no-disable-quota-project'), 'Leave out the project that is charged.', '', '', (), False, False),
   ('--no-launch-browser', ('--launch-browser', '--no-launch-browser'), 'No browser is needed here; taken as gcloud takes it.', '', '', (), False, False),
   ('--login-config', ('--login-config',), 'Workforce identity federation is not built here: refused.', 'LOGIN_CONFIG', 'files', (), False, False),
   ('--remote-bootstrap', ('--remote-bootstrap',), 'Refused: no browser is needed here.', 'REMOTE_BOOTSTRAP', '', (), False, True),
   ('--scopes', ('--scopes',), 'What the tokens may be used for.', 'SCOPE', '', (), False, False),
  ),
 },
 'auth application-default print-access-token': {
  'help': 'Print an access token for the default credentials.',
  'more': (),
  'examples': ('cloudrun auth application-default print-access-token',),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--lifetime', ('--lifetime',), 'How long the token is to live; with impersonation only.', 'LIFETIME', '', (), False, False),
   ('--scopes', ('--scopes',), 'What the tokens may be used for.', 'SCOPE', '', (), False, False),
  ),
 },
 'auth application-default revoke': {
  'help': 'Let the default credentials stand for nothing any more, and remove their file.',
  'more': (),
  'examples': ('cloudrun auth application-default revoke --quiet',),
  'hidden': False,
  'positionals': (),
  'flags': (),
 },
 'auth application-default set-quota-project': {
  'help': 'Say in the default credentials which project is charged.',
  'more': (),
  'examples': ('cloudrun auth application-default set-quota-project demo',),
  'hidden': False,
  'positionals': (
   ('QUOTA_PROJECT_ID', 'The project.', 'projects', (), True, False),
  ),
  'flags': (),
 },
 'auth configure-docker': {
  'help': "Do nothing, and say so: images come from this machine's engine, which asks for no credentials of Google's.",
  'more': (),
  'examples': ('cloudrun auth configure-docker', 'cloudrun auth configure-docker europe-west1-docker.pkg.dev'),
  'hidden': False,
  'positionals': (
   ('REGISTRIES', 'Registries, with commas between them.', '', (), False, False),
  ),
  'flags': (
   ('--include-artifact-registry', ('--include-artifact-registry', '--no-include-artifact-registry'), 'All of Artifact Registry too.', '', '', (), False, True),
  ),
 },
 'auth describe': {
  'help': "Show what is known of an account's credentials; a key itself is not.",
  'more': (),
  'examples': ('cloudrun auth describe ann@example.com',),
  'hidden': True,
  'positionals': (
   ('ACCOUNT_NAME', 'The account.', 'accounts', (), True, False),
  ),
  'flags': (),
 },
 'auth enterprise-certificate-config create linux': {
  'help': 'Refused: enterprise certificates are not built here.',
  'more': (),
  'examples': ('cloudrun auth enterprise-certificate-config create linux --label=L --module=M --slot=0x1',),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--ecp', ('--ecp',), 'The signer of the certificate.', 'ECP', 'files', (), False, False),
   ('--ecp-client', ('--ecp-client',), 'The client of the signer.', 'ECP_CLIENT', 'files', (), False, False),
   ('--label', ('--label',), 'The label of the certificate in the module.', 'LABEL', '', (), True, False),
   ('--module', ('--module',), 'The PKCS 11 module.', 'MODULE', 'files', (), True, False),
   ('--output-file', ('--output-file',), 'Where the configuration is to go.', 'OUTPUT_FILE', 'files', (), False, False),
   ('--slot', ('--slot',), 'The slot of the module.', 'SLOT', '', (), True, False),
   ('--tls-offload', ('--tls-offload',), 'The library that speaks TLS.', 'TLS_OFFLOAD', 'files', (), False, False),
   ('--user-pin', ('--user-pin',), 'The pin of the module.', 'USER_PIN', '', (), False, False),
  ),
 },
 'auth enterprise-certificate-config create macos': {
  'help': 'Refused: enterprise certificates are not built here.',
  'more': (),
  'examples': ("cloudrun auth enterprise-certificate-config create macos --issuer='Example Corp'",),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--ecp', ('--ecp',), 'The signer of the certificate.', 'ECP', 'files', (), False, False),
   ('--ecp-client', ('--ecp-client',), 'The client of the signer.', 'ECP_CLIENT', 'files', (), False, False),
   ('--issuer', ('--issuer',), 'Who has issued the certificate.', 'ISSUER', '', (), True, False),
   ('--keychain-type', ('--keychain-type',), 'The kind of keychain.', 'KEYCHAIN_TYPE', '', (), False, False),
   ('--output-file', ('--output-file',), 'Where the configuration is to go.', 'OUTPUT_FILE', 'files', (), False, False),
   ('--tls-offload', ('--tls-offload',), 'The library that speaks TLS.', 'TLS_OFFLOAD', 'files', (), False, False),
  ),
 },
 'auth enterprise-certificate-config create windows': {
  'help': 'Refused: enterprise certificates are not built here.',
  'more': (),
  'examples': ('cloudrun auth enterprise-certificate-config create windows --issuer=I --provider=P --store=S',),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--ecp', ('--ecp',), 'The signer of the certificate.', 'ECP', 'files', (), False, False),
   ('--ecp-client', ('--ecp-client',), 'The client of the signer.', 'ECP_CLIENT', 'files', (), False, False),
   ('--issuer', ('--issuer',), 'Who has issued the certificate.', 'ISSUER', '', (), True, False),
   ('--output-file', ('--output-file',), 'Where the configuration is to go.', 'OUTPUT_FILE', 'files', (), False, False),
   ('--provider', ('--provider',), 'The provider of the store.', 'PROVIDER', '', (), True, False),
   ('--store', ('--store',), 'The store of the certificate.', 'STORE', '', (), True, False),
   ('--tls-offload', ('--tls-offload',), 'The library that speaks TLS.', 'TLS_OFFLOAD', 'files', (), False, False),
  ),
 },
 'auth list': {
  'help': 'List the accounts that have logged in here, and which of them is active.',
  'more': (),
  'examples': ('cloudrun auth list', 'cloudrun auth list --filter=status:ACTIVE'),
  'hidden': False,
  'positionals': (),
  'flags': (
   ('--filter', ('--filter',), 'Keep the rows that this expression holds for.', 'EXPRESSION', '', (), False, False),
   ('--filter-account', ('--filter-account',), 'List only this account.', 'FILTER_ACCOUNT', 'accounts', (), False, False),
   ('--limit', ('--limit',), 'Print no more rows than this.', 'LIMIT', '', (), False, False),
   ('--page-size', ('--page-size',), 'Rows on one page.', 'PAGE_SIZE', '', (), False, False),
   ('--sort-by', ('--sort-by',), 'Order by these keys; ~ in front reverses.', 'FIELD', '', (), False, False),
  ),
 },
 'auth login': {
  'help': 'Log in as a user of this machine and make it the active account. No browser opens and no password is asked for: a user here is whoever you say.',
  'more': (),
  'examples': ('cloudrun auth login ann@example.com', 'cloudrun auth login ann@example.com --no-activate', 'cloudrun auth login --cred-file=key.json'),
  'hidden': False,
  'positionals': (
   ('ACCOUNT', 'The e-mail address of the user.', 'accounts', (), False, False),
  ),
  'flags': (
   ('--no-activate', ('--activate', '--no-activate'), 'Make it the active account.', '', '', (), False, False),
   ('--add-quota-project-to-adc', ('--add-quota-project-to-adc', '--no-add-quota-project-to-adc'), 'Write the project into them.', '', '', (), False, True),
   ('--brief', ('--brief', '--no-brief'), 'Tell no more than is needed.', '', '', (), False, False),
   ('--no-browser', ('--browser', '--no-browser'), 'No browser is needed here; taken as gcloud takes it.', '', '', (), False, False),
   ('--cred-file', ('--cred-file',), 'The JSON key of a service account, to log in as that.', 'CRED_FILE', 'files', (), False, False),
   ('--do-not-activate', ('--do-not-activate',), 'The old form of --no-activate.', '', '', (), False, True),
   ('--enable-gdrive-access', ('--enable-gdrive-access', '--no-enable-gdrive-access'), 'Google Drive is not here; taken as gcloud takes it.', '', '', (), False, False),
   ('--force', ('--force', '--no-force'), 'Log in anew, also when the account is known.', '', '', (), False, False),
   ('--no-launch-browser', ('--launch-browser', '--no-launch-browser'), 'No browser is needed here; taken as gcloud takes it.', '', '', (), False, False),
   ('--login-config', ('--login-config',), 'Workforce identity federation is not built here: refused.', 'LOGIN_CONFIG', 'files', (), False, False),
   ('--remote-bootstrap', ('--remote-bootstrap',), 'Refused: no browser is needed here.', 'REMOTE_BOOTSTRAP', '', (), False, True),
   ('--update-adc', ('--update-adc', '--no-update-adc'), 'Write the default credentials of programs too, as this account.', '', '', (), False, False),
  ),
 },
 'auth print-access-token': {
  'help': 'Print an access token, for the APIs of this emulator.',
  'more': (),
  'examples': ('cloudrun auth print-access-token', 'cloudrun auth print-access-token --impersonate-service-account=api@demo.iam.gserviceaccount.com --lifetime=600s'),
  'hidden': False,
  'positionals': (
   ('ACCOUNT', 'The account; the active one when none is named.', 'accounts', (), False, False),
  ),
  'flags': (
   ('--lifetime', ('--lifetime',), 'How long the token is to live; with impersonation only.', 'LIFETIME', '', (), False, False),
   ('--scopes', ('--scopes',), 'What the token may be used for.', 'SCOPE', '', (), False, True),
  ),
 },
 'auth print-identity-token': {
  'help': 'Print an identity token, to call a service that is not public. That of a user is good for every service here; that of a service account for its --audiences only.',
  'more': (),
  'examples': ('curl -H "Authorization: Bearer $(cloudrun auth print-identity-token)" URL', 'cloudrun auth print-identity-token --impersonate-service-account=api@demo.iam.gserviceaccount.com --audiences=https://hello-123456789012.us-central1.run.app'),
  'hidden': False,
  'positionals': (
   ('ACCOUNT', 'The account; the active one when none is named.', 'accounts', (), False, False),
  ),
  'flags': (
   ('--audiences', ('--audiences',), "For whom a service account's token is: the URL of the service.", 'AUDIENCES', '', (), False, False),
   ('--include-email / --no-include-email', ('--include-email', '--no-include-email'), 'Say the e-mail of an impersonated service account in it.', '', '', (), False, False),
   ('--include-license / --no-include-license', ('--include-license', '--no-include-license'), 'Of tokens of virtual machines: refused.', '', '', (), False, False),
   ('--token-format', ('--token-format',), 'Of tokens of virtual machines: refused.', 'TOKEN_FORMAT', '', ('full', 'standard'), False, False),
  ),
 },
 'auth revoke': {
  'help': 'Forget accounts, and let the refresh tokens of users stand for nothing any more.',
  'more': (),
  'examples': ('cloudrun auth revoke ann@example.com', 'cloudrun auth revoke --all'),
  'hidden': False,
  'positionals': (
   ('ACCOUNTS', 'The accounts; the active one when none is named.', 'accounts', (), False, True),
  ),
  'flags': (
   ('--all', ('--all', '--no-all'), 'Every account.', '', '', (), False, False),
  ),
 },
}

GROUPS = {
 'auth': ('Manage as whom commands and programs call.', (('application-default', 'Manage the default credentials of programs.'), ('enterprise-certificate-config', 'Manage enterprise certificates, which are not built here.')), (('activate-service-account', 'Act as a service account, by a key that `iam service-accounts keys create` has made.'), ('configure-docker', "Do nothing, and say so: images come from this machine's engine, which asks for no credentials of Google's."), ('list', 'List the accounts that have logged in here, and which of them is active.'), ('login', 'Log in as a user of this machine and make it the active account. No browser opens and no password is asked for: a user here is whoever you say.'), ('print-access-token', 'Print an access token, for the APIs of this emulator.'), ('print-identity-token', 'Print an identity token, to call a service that is not public. That of a user is good for every service here; that of a service account for its --audiences only.'), ('revoke', 'Forget accounts, and let the refresh tokens of users stand for nothing any more.'))),
 'auth application-default': ('Manage the default credentials of programs.', (), (('login', 'Write the default credentials with which programs on this machine call the APIs of this emulator: as a user, or as a service account that the user impersonates.'), ('print-access-token', 'Print an access token for the default credentials.'), ('revoke', 'Let the default credentials stand for nothing any more, and remove their file.'), ('set-quota-project', 'Say in the default credentials which project is charged.'))),
 'auth enterprise-certificate-config': ('Manage enterprise certificates, which are not built here.', (('create', 'Create configurations of enterprise certificates, which are not built here.'),), ()),
 'auth enterprise-certificate-config create': ('Create configurations of enterprise certificates, which are not built here.', (), (('linux', 'Refused: enterprise certificates are not built here.'), ('macos', 'Refused: enterprise certificates are not built here.'), ('windows', 'Refused: enterprise certificates are not built here.'))),
}
