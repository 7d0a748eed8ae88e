"""What storing and trying provider keys share: who may, and the asking of providers."""

from ownkey.adapters.egress import EgressPolicy
from ownkey.adapters.registry import REGISTRY
from ownkey.adapters.transport import HttpTransport
from ownkey.adapters.verification import KeyVerifier
from ownkey.bootstrap.people import build_authenticator
from ownkey.bootstrap.shared import boto3_client, boto3_errors, build_audit_trail
from ownkey.config import Settings
from ownkey.services.key_owners import KeyOwners
from ownkey.storage.teams import TeamRepository


def build_key_owners(settings: Settings) -> KeyOwners:
    """Return what tells whose provider keys a request is about, and whether its caller may touch them."""
    dynamodb, errors, table = boto3_client(settings, "dynamodb"), boto3_errors(), settings.accounts_table
    teams = TeamRepository(dynamodb, table, errors, build_audit_trail(settings, dynamodb))
    return KeyOwners(authenticator=build_authenticator(settings), places=teams)


def build_key_verifier(settings: Settings) -> KeyVerifier:
    """Return what asks providers about keys, behind the one egress client."""
    transport = HttpTransport(EgressPolicy(REGISTRY, settings.upstreams))
    return KeyVerifier(REGISTRY, transport, settings.upstreams)
