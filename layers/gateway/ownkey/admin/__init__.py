"""`ownkey-admin`: what an operator does once and by hand. Users, keys, balances.

It finds a deployed stack's tables and keys in the stack's outputs, and calls AWS as the AWS command line would: by its
profiles, environment and `AWS_ENDPOINT_URL`. Secrets come from standard input and never from the command line.
"""

from ownkey.admin.main import main
from ownkey.admin.people import create_gateway_key, create_user, user_id_of
from ownkey.admin.stack import OUTPUT_NAMES, StackOutputs, stack_outputs

__all__ = ["OUTPUT_NAMES", "StackOutputs", "create_gateway_key", "create_user", "main", "stack_outputs", "user_id_of"]
