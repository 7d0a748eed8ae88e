"""MeteringFunction."""

import secrets
from typing import Any

from ownkey.bootstrap.shared import boto3_client, boto3_errors, build_logger
from ownkey.catalog.models import listing_of
from ownkey.config import Settings
from ownkey.observability import Logger
from ownkey.services.metering import MeteringService
from ownkey.storage.balances import LANES, BalanceRepository, FundsMarker
from ownkey.storage.settlements import SettlementRepository


def build_metering_service(settings: Settings) -> MeteringService:
    """Return what settles usage records. Nothing it is given knows a KMS key."""
    return metering_service(
        boto3_client(settings, "dynamodb"),
        boto3_errors(),
        usage_table=settings.usage_table,
        accounts_table=settings.accounts_table,
        notes_funds=settings.balance_enforcement != "off",
        logger=build_logger(settings, service="metering"),
    )


def metering_service(
    dynamodb: Any,
    errors: tuple[type[Exception], ...],
    *,
    usage_table: str,
    accounts_table: str,
    notes_funds: bool,
    logger: Logger,
) -> MeteringService:
    """Return the same for whoever has a client: `notes_funds` where requests need a balance."""
    lane = secrets.randbelow(LANES)
    return MeteringService(
        settlements=SettlementRepository(
            dynamodb, errors, usage_table=usage_table, accounts_table=accounts_table, lane=lane
        ),
        balances=BalanceRepository(dynamodb, accounts_table, errors),
        marks=FundsMarker(dynamodb, accounts_table, errors) if notes_funds else None,
        canonical_model=lambda model: listing_of(model).canonical_id or model,
        logger=logger,
    )
