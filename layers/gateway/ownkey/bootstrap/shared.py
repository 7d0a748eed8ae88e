"""What the wirings share: the logger, and boto3 where there is time for it."""

from typing import TYPE_CHECKING, Any

from ownkey.config import Settings
from ownkey.domain.dates import utc_now
from ownkey.observability import Logger

if TYPE_CHECKING:
    from ownkey.storage.audit import AuditTrail


def build_logger(settings: Settings, *, service: str) -> Logger:
    """Return the logger of one function."""
    return Logger(service=service, level=settings.log_level)


def build_audit_trail(settings: Settings, dynamodb: Any) -> "AuditTrail":
    """Return what makes and reads audit records, which are kept as long as usage records."""
    from ownkey.storage.audit import AuditTrail

    days = settings.usage_retention_days
    return AuditTrail(dynamodb, settings.accounts_table, boto3_errors(), utc_now, retention_days=days)


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
