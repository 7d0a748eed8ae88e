"""What a deployed stack says of itself, and how its services are reached."""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from ownkey.domain.errors import MisconfiguredError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


@dataclass(frozen=True, slots=True, kw_only=True)
class StackOutputs:
    """What a deployed stack says of itself."""

    accounts_table: str
    provider_keys_table: str
    usage_table: str
    provider_keys_kms_key: str
    user_pool_id: str
    user_pool_client_id: str
    api_url: str


OUTPUT_NAMES = {
    "accounts_table": "AccountsTableName",
    "provider_keys_table": "ProviderKeysTableName",
    "usage_table": "UsageTableName",
    "provider_keys_kms_key": "ProviderKeysKeyArn",
    "user_pool_id": "UserPoolId",
    "user_pool_client_id": "UserPoolClientId",
    "api_url": "ApiUrl",
}
"""The template's outputs, by our names."""


def stack_outputs(cloudformation: "CloudFormationClient", stack_name: str) -> StackOutputs:
    """Return the outputs of a deployed stack; raises MisconfiguredError when one is missing."""
    [stack] = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    said = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    missing = sorted(set(OUTPUT_NAMES.values()) - said.keys())
    if missing:
        raise MisconfiguredError(f"The stack {stack_name} has no output {missing[0]}. Deploy this release's template.")
    return StackOutputs(**{field.name: said[OUTPUT_NAMES[field.name]] for field in fields(StackOutputs)})


def client_errors() -> tuple[type[Exception], ...]:
    """Return what boto3's clients raise."""
    from botocore.exceptions import BotoCoreError, ClientError

    return (ClientError, BotoCoreError)
