"""ModelsFunction, on the light AWS client."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ownkey.auth.gateway_keys import GatewayKeyAuthenticator
from ownkey.bootstrap.people import build_session_cookie, build_sessions
from ownkey.bootstrap.shared import build_logger
from ownkey.config import Settings
from ownkey.domain.dates import utc_now
from ownkey.domain.identity import Principal
from ownkey.domain.secrets import Secret
from ownkey.observability import Logger
from ownkey.services.authentication import Authenticator
from ownkey.services.models import ModelsService
from ownkey.storage.accounts import AccountRepository
from ownkey.storage.aws.client import JsonClient
from ownkey.storage.aws.credentials import credential_source
from ownkey.storage.aws.errors import AwsCallError
from ownkey.storage.aws.services import DYNAMODB, DynamoDB
from ownkey.storage.provider_keys import ProviderKeyRepository

if TYPE_CHECKING:
    from ownkey.auth.sessions import CognitoSessions


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsFunction:
    """What the function of the public catalog is made of."""

    authenticator: Authenticator
    service: ModelsService
    logger: Logger


def build_models_function(settings: Settings) -> ModelsFunction:
    """Return the parts of the public catalog's function, on the light AWS client."""
    client = JsonClient(
        DYNAMODB,
        region=settings.region,
        credentials=credential_source(utc_now),
        endpoint_url=settings.aws_endpoint_url,
    )
    dynamodb, errors = DynamoDB(client), (AwsCallError,)
    accounts = AccountRepository(dynamodb, settings.accounts_table, errors)
    keys = ProviderKeyRepository(dynamodb, settings.provider_keys_table, errors)
    gateway_keys = GatewayKeyAuthenticator(accounts, utc_now)
    return ModelsFunction(
        authenticator=Authenticator(gateway_keys, LazySessions(settings), build_session_cookie(settings)),
        service=ModelsService(keys=keys, now=utc_now),
        logger=build_logger(settings, service="models"),
    )


class LazySessions:
    """People's sessions, whose client is made by the first that is shown: boto3 takes longer than a start should."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def principal_of(self, access_token: Secret) -> Principal:
        """Return who calls with this session; raises NotSignedInError or StoreUnavailableError."""
        return self._sessions.principal_of(access_token)

    @cached_property
    def _sessions(self) -> "CognitoSessions":
        return build_sessions(self._settings)
