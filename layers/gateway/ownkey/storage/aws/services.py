"""DynamoDB and KMS with the methods of boto3's clients that are used on the chat path."""

import base64
from typing import Any

from ownkey.storage.aws.client import JsonClient, JsonService

DYNAMODB = JsonService(name="dynamodb", target="DynamoDB_20120810", json_version="1.0")
KMS = JsonService(name="kms", target="TrentService", json_version="1.1")


class DynamoDB:
    """Stands in for boto3's DynamoDB client, in the methods that the repositories call."""

    def __init__(self, client: JsonClient) -> None:
        self._client = client

    def get_item(self, **request: Any) -> dict[str, Any]:
        """Read one item."""
        return self._client.call("GetItem", request)

    def query(self, **request: Any) -> dict[str, Any]:
        """Read a page of one partition."""
        return self._client.call("Query", request)

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Read items of several tables by their keys."""
        return self._client.call("BatchGetItem", request)

    def put_item(self, **request: Any) -> dict[str, Any]:
        """Write one item."""
        return self._client.call("PutItem", request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Change one item."""
        return self._client.call("UpdateItem", request)

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """Delete one item."""
        return self._client.call("DeleteItem", request)

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Change several items or none."""
        return self._client.call("TransactWriteItems", request)


class Kms:
    """Stands in for boto3's KMS client, in the one method that opens keys."""

    def __init__(self, client: JsonClient) -> None:
        self._client = client

    def decrypt(self, **request: Any) -> dict[str, Any]:
        """Decrypt; `Plaintext` in the answer is bytes."""
        answer = self._client.call("Decrypt", request)
        return {**answer, "Plaintext": base64.b64decode(answer["Plaintext"])}
