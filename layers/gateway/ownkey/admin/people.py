"""Users, and their first gateway key."""

import secrets
from typing import TYPE_CHECKING, Any

from ownkey.admin.stack import StackOutputs, client_errors
from ownkey.auth.gateway_keys import mint
from ownkey.domain.dates import utc_now
from ownkey.domain.errors import ConflictError, InvalidInputError, NotFoundError
from ownkey.domain.secrets import Secret
from ownkey.storage.accounts import AccountRepository

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient


def create_user(
    cognito: "CognitoIdentityProviderClient", outputs: StackOutputs, email: str, password: Secret | None = None
) -> tuple[str, Secret]:
    """Create a user who can sign in at once; return their id and password, made up here when none is given.

    Raises:
        ConflictError: there is such a user.
        InvalidInputError: the password is weaker than the user pool allows.
    """
    password = password or _made_up_password()
    pool, said = outputs.user_pool_id, {"email": email, "email_verified": "true"}
    try:
        created = cognito.admin_create_user(
            UserPoolId=pool,
            Username=email,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": name, "Value": value} for name, value in said.items()],
        )
        cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=password.reveal(), Permanent=True)
    except cognito.exceptions.UsernameExistsException as exc:
        raise ConflictError(f"There is a user {email} already.") from exc
    except cognito.exceptions.InvalidPasswordException as exc:
        cognito.admin_delete_user(UserPoolId=pool, Username=email)
        raise InvalidInputError("The password is too weak. Take 12 characters or more, of three kinds.") from exc
    return sub_of(created["User"]["Attributes"]), password


def user_id_of(cognito: "CognitoIdentityProviderClient", outputs: StackOutputs, email: str) -> str:
    """Return the id of a user; raises NotFoundError."""
    try:
        found = cognito.admin_get_user(UserPoolId=outputs.user_pool_id, Username=email)
    except cognito.exceptions.UserNotFoundException as exc:
        raise NotFoundError(f"There is no user {email}. Create one with `ownkey-admin user create`.") from exc
    return sub_of(found["UserAttributes"])


def create_gateway_key(dynamodb: "DynamoDBClient", outputs: StackOutputs, user_id: str, name: str) -> Secret:
    """Create a gateway key of a user; return its text, which cannot be had again."""
    accounts = AccountRepository(dynamodb, outputs.accounts_table, client_errors())
    key, text = mint(user_id=user_id, name=name, now=utc_now(), default_team_id=accounts.default_team(user_id))
    accounts.add_gateway_key(key)
    return text


def sub_of(attributes: Any) -> str:
    """Return the id of a user among their attributes."""
    return next(str(attribute["Value"]) for attribute in attributes if attribute["Name"] == "sub")


def _made_up_password() -> Secret:
    # 144 random bits, and one character of each kind that a user pool may ask for.
    return Secret(secrets.token_urlsafe(18) + "-aA1")
