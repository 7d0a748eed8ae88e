"""The one exception of the small AWS client."""

from typing import Any


class AwsCallError(Exception):
    """AWS refused a call, or could not be asked. Shaped like botocore's ClientError.

    `response["Error"]["Code"]` is AWS's own code, `HTTP <status>` when the answer had none, or `NoAnswer` when no
    answer came.
    """

    def __init__(self, operation: str, code: str, message: str, **details: Any) -> None:
        super().__init__(f"{operation}: {code}: {message}")
        self.operation = operation
        self.response: dict[str, Any] = {"Error": {"Code": code, "Message": message}, **details}
