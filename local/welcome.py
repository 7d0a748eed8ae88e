"""What a newcomer reads when the stack is up."""

import shlex

from local.deployment import STACK
from local.state_folder import StateFolder


def welcome(address: str, folder: StateFolder) -> str:
    """Return where everything is, and the two commands to try, ready to paste."""
    read_key = f"""KEY=$(sed -n 's/.*"gateway_key": "\\(.*\\)".*/\\1/p' {shlex.quote(str(folder.first_run))})"""
    return f"""
OwnKey is ready at {address}

  Open it in a browser. Your sign-in and your gateway key are in {folder.first_run}
  Logs are in {folder.logs}; Ctrl-C stops everything, and nothing stored is lost.

Or without a browser, store a provider key:

  {read_key}
  curl -s {address}/api/user/provider-keys -H "x-api-key: $KEY" -H 'content-type: application/json' \\
    -d '{{"provider": "openai", "key": "sk-…"}}'

Chat through it:

  curl -sN {address}/api/v1/chat/completions -H "x-api-key: $KEY" -H 'content-type: application/json' \\
    -H 'x-use-byok: true' -d '{{"model": "openai/gpt-4o-mini", "stream": true,
      "messages": [{{"role": "user", "content": "Say hello."}}]}}'

Manage users and the platform's own keys:

  (. {shlex.quote(str(folder.operator))}; .venv/bin/ownkey-admin --stack {STACK} --help)
"""
