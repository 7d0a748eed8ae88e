"""The composition root: puts the parts of each function together. Nothing here calls AWS, and what is heavy waits."""

import time
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ownkey.adapters.adapter import ChatAdapter
from ownkey.adapters.egress import EgressPolicy
from ownkey.adapters.registry import REGISTRY
from ownkey.adapters.transport import HttpTransport
from ownkey.api.errors import chat_error
from ownkey.auth.gateway_keys import GatewayKeyAuthenticator
from ownkey.config import Settings
from ownkey.domain.chat import JsonObject
from ownkey.domain.dates import utc_now
from ownkey.domain.identity import Principal
from ownkey.domain.routing import ModelListing
from ownkey.domain.secrets import Secret
from ownkey.observability import Logger
from ownkey.routing.providers import Providers
from ownkey.services.authentication import Authenticator
from ownkey.services.chat import ChatService
from ownkey.services.chat_ledger import ChatLedger
from ownkey.services.chat_routing import ChatRouter
from ownkey.storage.accounts import AccountRepository
from ownkey.storage.aws.client import JsonClient
from ownkey.storage.aws.credentials import credential_source
from ownkey.storage.aws.errors import AwsCallError
from ownkey.storage.aws.services import DYNAMODB, KMS, DynamoDB, Kms
from ownkey.storage.chat_context import ChatContextRepository
from ownkey.storage.provider_keys import ProviderKeyRepository
from ownkey.storage.spending import SpendingReader, SpendingRepository
from ownkey.storage.usage import UsageRepository
from ownkey.vault.opening import KeyOpener

if TYPE_CHECKING:
    from ownkey.adapters.verification import KeyVerifier
    from ownkey.auth.cookies import SessionCookie
    from ownkey.auth.sessions import CognitoSessions
    from ownkey.services.account import AccountService
    from ownkey.services.key_owners import KeyOwners
    from ownkey.services.key_validation import KeyValidationService
    from ownkey.services.models import ModelsService
    from ownkey.services.provider_keys import ProviderKeysService
    from ownkey.services.teams.front import TeamFront


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFunction:
    """What the chat function is made of."""

    authenticator: Authenticator
    service: ChatService
    logger: Logger


def build_logger(settings: Settings, *, service: str) -> Logger:
    """Return the logger of one function."""
    return Logger(service=service, level=settings.log_level)


def build_chat_function(settings: Settings) -> ChatFunction:
    """Return the chat function's parts, on the light AWS client."""
    credentials = credential_source(utc_now)
    light: dict[str, Any] = {
        "region": settings.region,
        "credentials": credentials,
        "endpoint_url": settings.aws_endpoint_url,
    }
    dynamodb, kms = DynamoDB(JsonClient(DYNAMODB, **light)), Kms(JsonClient(KMS, **light))
    errors = (AwsCallError,)
    logger = build_logger(settings, service="chat")
    accounts = AccountRepository(dynamodb, settings.accounts_table, errors)
    keys = ProviderKeyRepository(dynamodb, settings.provider_keys_table, errors)
    usage = UsageRepository(dynamodb, settings.usage_table, errors, retention_days=settings.usage_retention_days)
    adapter = build_chat_adapter(settings)
    spending = SpendingRepository(dynamodb, settings.usage_table, errors)
    contexts = ChatContextRepository(
        dynamodb,
        errors,
        accounts_table=settings.accounts_table,
        provider_keys_table=settings.provider_keys_table,
        usage_table=settings.usage_table,
    )
    service = ChatService(
        router=ChatRouter(
            keys=keys, contexts=contexts, catalog=LazyCatalog(), providers=chat_providers(adapter), judge=adapter
        ),
        adapter=adapter,
        opener=KeyOpener(kms, settings.provider_keys_kms_key, errors, monotonic=time.monotonic),
        admission=spending,
        ledger=ChatLedger(
            keys=keys, usage=usage, spending=spending, fee_rate=settings.fee_rate, now=utc_now, logger=logger
        ),
        describe_error=describe_error,
        now=utc_now,
    )
    authenticator = Authenticator(GatewayKeyAuthenticator(accounts, utc_now), None)
    return ChatFunction(authenticator=authenticator, service=service, logger=logger)


def chat_providers(adapter: ChatAdapter) -> Providers:
    """Return what routing needs to know of the table of providers."""
    return Providers(
        chat=tuple(slug for slug in REGISTRY if adapter.supports(slug)),
        others=tuple(slug for slug in REGISTRY if not adapter.supports(slug)),
        makers={slug: spec.maker for slug, spec in REGISTRY.items() if spec.maker},
    )


class LazyCatalog:
    """The model catalog, whose data is read by the first look-up: it is not needed to start."""

    def listing_of(self, model: str) -> ModelListing:
        """Return what is known of `model`."""
        from ownkey.catalog.models import listing_of

        return listing_of(model)

    def nearest_names(self, model: str) -> tuple[str, ...]:
        """Return the names of models most like `model`."""
        from ownkey.catalog.models import nearest_names

        return nearest_names(model)


def build_chat_adapter(settings: Settings) -> ChatAdapter:
    """Return the adapter of all chat providers, behind the one egress client."""
    transport = HttpTransport(EgressPolicy(REGISTRY, settings.upstreams))
    return ChatAdapter(REGISTRY, transport, settings.upstreams)


def describe_error(error: Exception) -> JsonObject:
    """Return the `error` object of a chunk that ends a broken stream."""
    answer = chat_error(error)
    return {**answer.body["error"], "status": answer.status}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsFunction:
    """What the function of the public catalog is made of."""

    authenticator: Authenticator
    service: "ModelsService"
    logger: Logger


def build_models_function(settings: Settings) -> ModelsFunction:
    """Return the parts of the public catalog's function, on the light AWS client."""
    from ownkey.services.models import ModelsService

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


def build_sessions(settings: Settings) -> "CognitoSessions":
    """Return what checks people's sessions."""
    from ownkey.auth.sessions import CognitoSessions

    return CognitoSessions(boto3_client(settings, "cognito-idp"), settings.user_pool_client_id, boto3_errors())


def build_authenticator(settings: Settings) -> Authenticator:
    """Return what tells who calls a management function: programs by gateway key, people by session."""
    accounts = AccountRepository(boto3_client(settings, "dynamodb"), settings.accounts_table, boto3_errors())
    gateway_keys = GatewayKeyAuthenticator(accounts, utc_now)
    return Authenticator(gateway_keys, build_sessions(settings), build_session_cookie(settings))


def build_session_cookie(settings: Settings) -> "SessionCookie":
    """Return the cookie that sessions live in."""
    from ownkey.auth.cookies import SessionCookie

    # Beside an emulated AWS the console is on plain loopback HTTP, where browsers refuse cookies that ask for https.
    return SessionCookie(https=settings.aws_endpoint_url is None)


def build_account_service(settings: Settings) -> "AccountService":
    """Return what signs people in and out, and manages their gateway keys."""
    from ownkey.services.account import AccountService

    accounts = AccountRepository(boto3_client(settings, "dynamodb"), settings.accounts_table, boto3_errors())
    return AccountService(
        gateway_key_store=accounts,
        sessions=build_sessions(settings),
        now=utc_now,
    )


def build_provider_keys_service(settings: Settings) -> "ProviderKeysService":
    """Return what adds, lists and deletes provider keys. Nothing it is given can open one."""
    from ownkey.services.provider_keys import ProviderKeysService
    from ownkey.storage.audit import AuditTrail
    from ownkey.storage.rate_limits import RateLimiter
    from ownkey.vault.sealing import KeySealer

    dynamodb, errors = boto3_client(settings, "dynamodb"), boto3_errors()
    return ProviderKeysService(
        repository=ProviderKeyRepository(dynamodb, settings.provider_keys_table, errors),
        records=AuditTrail(
            dynamodb, settings.accounts_table, errors, utc_now, retention_days=settings.usage_retention_days
        ),
        sealer=KeySealer(boto3_client(settings, "kms"), settings.provider_keys_kms_key, errors),
        verifier=build_key_verifier(settings),
        rate_limiter=RateLimiter(dynamodb, settings.provider_keys_table, errors, utc_now),
        providers=REGISTRY,
        now=utc_now,
        new_id=lambda: str(uuid.uuid4()),
    )


def build_key_owners(settings: Settings) -> "KeyOwners":
    """Return what tells whose provider keys a request is about, and whether its caller may touch them."""
    from ownkey.services.key_owners import KeyOwners
    from ownkey.storage.audit import AuditTrail
    from ownkey.storage.teams import TeamRepository

    dynamodb, errors, table = boto3_client(settings, "dynamodb"), boto3_errors(), settings.accounts_table
    teams = TeamRepository(dynamodb, table, errors, AuditTrail(dynamodb, table, errors, utc_now))
    return KeyOwners(authenticator=build_authenticator(settings), places=teams)


def build_team_front(settings: Settings) -> "TeamFront":
    """Return what answers the team routes. Nothing it is given knows a KMS key."""
    from ownkey.services.teams.directory import TeamDirectory
    from ownkey.services.teams.doors import TeamDoors
    from ownkey.services.teams.front import TeamFront
    from ownkey.services.teams.mailer import SesMailer
    from ownkey.services.teams.people import TeamPeople
    from ownkey.storage.audit import AuditTrail
    from ownkey.storage.invitations import InvitationRepository
    from ownkey.storage.rate_limits import RateLimiter
    from ownkey.storage.team_members import MemberRepository
    from ownkey.storage.teams import TeamRepository

    dynamodb, errors, table = boto3_client(settings, "dynamodb"), boto3_errors(), settings.accounts_table
    trail = AuditTrail(dynamodb, table, errors, utc_now, retention_days=settings.usage_retention_days)
    teams = TeamRepository(dynamodb, table, errors, trail)
    mailer = SesMailer(
        boto3_client(settings, "sesv2"),
        settings.invitation_sender,
        errors,
        build_logger(settings, service="teams"),
    )
    return TeamFront(
        places=teams,
        directory=TeamDirectory(
            teams=teams,
            keys=ProviderKeyRepository(dynamodb, settings.provider_keys_table, errors),
            trail=trail,
            now=utc_now,
        ),
        people=TeamPeople(
            teams=teams,
            members=MemberRepository(dynamodb, table, errors, trail),
            spent=SpendingReader(dynamodb, settings.usage_table, errors),
            now=utc_now,
        ),
        doors=TeamDoors(
            teams=teams,
            invitations=InvitationRepository(dynamodb, table, errors, trail),
            mailer=mailer,
            rate_limit=RateLimiter(dynamodb, table, errors, utc_now),
            now=utc_now,
        ),
    )


def build_key_validation_service(settings: Settings) -> "KeyValidationService":
    """Return what tries provider keys, stored ones too: it may open them."""
    from ownkey.services.key_validation import KeyValidationService
    from ownkey.storage.rate_limits import RateLimiter

    dynamodb, errors = boto3_client(settings, "dynamodb"), boto3_errors()
    kms = boto3_client(settings, "kms")
    return KeyValidationService(
        repository=ProviderKeyRepository(dynamodb, settings.provider_keys_table, errors),
        opener=KeyOpener(kms, settings.provider_keys_kms_key, errors, monotonic=time.monotonic),
        verifier=build_key_verifier(settings),
        rate_limiter=RateLimiter(dynamodb, settings.provider_keys_table, errors, utc_now),
        providers=REGISTRY,
        now=utc_now,
    )


def build_key_verifier(settings: Settings) -> "KeyVerifier":
    """Return what asks providers about keys, behind the one egress client."""
    from ownkey.adapters.verification import KeyVerifier

    transport = HttpTransport(EgressPolicy(REGISTRY, settings.upstreams))
    return KeyVerifier(REGISTRY, transport, settings.upstreams)


def boto3_client(settings: Settings, service: str) -> Any:
    """Return a client that gives up soon, so that a caller hears of trouble while the function still runs."""
    import boto3
    from botocore.config import Config

    patience = Config(connect_timeout=1, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
    create: Any = boto3.client
    return create(service, region_name=settings.region, endpoint_url=settings.aws_endpoint_url, config=patience)


def boto3_errors() -> tuple[type[Exception], ...]:
    """Return what boto3's clients raise."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    return (ClientError, BotoCoreError, ResponseParserError)
