"""What the functions' roles may do in the deployed template, and above all what they are refused."""

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.integration

CONTEXT = {"owner": "user#1", "provider": "openai", "key_id": "one"}
ITEM_KEY = {"pk": {"S": "user#iam"}, "sk": {"S": "provider#openai"}}
FUNCTIONS = (
    "ChatFunction",
    "WebSearchFunction",
    "ProviderKeysFunction",
    "KeyValidationFunction",
    "AccountFunction",
    "ModelsFunction",
    "TeamsFunction",
    "UserFunction",
    "EntranceFunction",
    "ConsoleFunction",
    "UsageFunction",
    "MeteringFunction",
)


def allowed(call, **arguments):
    """Return whether a call got past IAM. Whatever else it says of its arguments does not matter."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] not in {"AccessDeniedException", "AccessDenied"}
    return True


@pytest.fixture(scope="module")
def sealed(stack):
    return stack.client("kms").encrypt(
        KeyId=stack.outputs["ProviderKeysKeyArn"], Plaintext=b"secret", EncryptionContext=CONTEXT
    )["CiphertextBlob"]


@pytest.mark.parametrize(
    ("function", "seals", "opens"),
    [
        ("ChatFunction", False, True),
        ("WebSearchFunction", False, True),
        ("ProviderKeysFunction", True, False),
        ("KeyValidationFunction", False, True),
        ("AccountFunction", False, False),
        ("TeamsFunction", False, False),
        ("UserFunction", False, False),
        ("EntranceFunction", False, False),
        ("ModelsFunction", False, False),
        ("ConsoleFunction", False, False),
        ("UsageFunction", False, False),
        ("MeteringFunction", False, False),
    ],
)
def test_no_function_both_seals_and_opens_provider_keys(stack, sealed, function, seals, opens):
    kms, key = stack.role_client(function, "kms"), stack.outputs["ProviderKeysKeyArn"]

    assert allowed(kms.encrypt, KeyId=key, Plaintext=b"x", EncryptionContext=CONTEXT) is seals
    assert allowed(kms.decrypt, KeyId=key, CiphertextBlob=sealed, EncryptionContext=CONTEXT) is opens
    assert not allowed(kms.re_encrypt, CiphertextBlob=sealed, SourceEncryptionContext=CONTEXT, DestinationKeyId=key)
    assert not allowed(kms.generate_data_key, KeyId=key, KeySpec="AES_256")
    assert not allowed(kms.schedule_key_deletion, KeyId=key)


def test_not_even_an_administrator_opens_a_provider_key_by_chance(stack, sealed):
    iam, sts = stack.client("iam"), stack.client("sts")
    trust = '{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'
    everything = '{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
    role = iam.create_role(RoleName="administrator", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="administrator", PolicyName="all", PolicyDocument=everything)
    try:
        issued = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        kms = stack._client(
            "administrator", "kms", issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"]
        )
        key = stack.outputs["ProviderKeysKeyArn"]
        assert allowed(kms.describe_key, KeyId=key)
        assert not allowed(kms.decrypt, KeyId=key, CiphertextBlob=sealed, EncryptionContext=CONTEXT)
    finally:
        iam.delete_role_policy(RoleName="administrator", PolicyName="all")
        iam.delete_role(RoleName="administrator")


@pytest.mark.parametrize(
    ("function", "whole", "metadata", "ciphertext"),
    [
        ("ChatFunction", True, True, True),
        ("WebSearchFunction", True, True, True),
        ("ProviderKeysFunction", False, True, False),
        ("KeyValidationFunction", True, True, True),
        ("AccountFunction", False, False, False),
        ("TeamsFunction", False, False, False),
        ("UserFunction", False, False, False),
        ("EntranceFunction", False, False, False),
        ("ConsoleFunction", False, False, False),
        ("UsageFunction", False, False, False),
        ("MeteringFunction", False, False, False),
    ],
)
def test_ciphertext_is_read_only_where_it_is_opened(stack, function, whole, metadata, ciphertext):
    dynamodb, table = stack.role_client(function, "dynamodb"), stack.outputs["ProviderKeysTableName"]
    condition = {
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": ITEM_KEY["pk"]},
    }

    for call, target in ((dynamodb.get_item, {"Key": ITEM_KEY}), (dynamodb.query, condition)):
        asked = {"TableName": table, **target}
        assert allowed(call, **asked) is whole
        assert allowed(call, **asked, ProjectionExpression="pk,sk,key_suffix") is metadata
        assert allowed(call, **asked, ProjectionExpression="pk,ciphertext") is ciphertext
    assert not allowed(dynamodb.scan, TableName=table)


WRITES = {
    "ChatFunction": {"UsageTableName": {"put"}},
    "WebSearchFunction": {"UsageTableName": {"put"}},
    "ProviderKeysFunction": {"ProviderKeysTableName": {"put", "delete"}, "AccountsTableName": {"put"}},
    "KeyValidationFunction": {},
    "AccountFunction": {"AccountsTableName": {"put", "delete"}},
    "ModelsFunction": {},
    "EntranceFunction": {},
    "ConsoleFunction": {},
    "UsageFunction": {},
    # Marks alone, but the emulator does not know conditions on partition keys; a test of the template does.
    "MeteringFunction": {"UsageTableName": {"put"}},
    "UserFunction": {"AccountsTableName": {"put", "delete"}, "ProviderKeysTableName": {"delete"}},
    "TeamsFunction": {"AccountsTableName": {"put", "delete"}, "ProviderKeysTableName": {"delete"}},
}
"""Function -> table -> what it does there. Of accounts, the function of provider keys puts audit records only."""


@pytest.mark.parametrize("function", WRITES)
def test_each_table_is_written_by_its_own_functions(stack, function):
    dynamodb, outputs = stack.role_client(function, "dynamodb"), stack.outputs

    for table in ("AccountsTableName", "ProviderKeysTableName", "UsageTableName"):
        item = {"pk": {"S": "iam"}, "sk": {"S": f"test#{function}"}}
        may = WRITES[function].get(table, set())
        assert allowed(dynamodb.put_item, TableName=outputs[table], Item=item) is ("put" in may), table
        assert allowed(dynamodb.delete_item, TableName=outputs[table], Key=item) is ("delete" in may), table
        if table == "UsageTableName":
            assert not allowed(dynamodb.get_item, TableName=outputs[table], Key=item)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_reaches_beyond_its_tables_and_key(stack, function):
    assert not allowed(stack.role_client(function, "iam").list_roles)
    assert not allowed(stack.role_client(function, "s3").list_buckets)
    assert not allowed(stack.role_client(function, "lambda").list_functions)
    pool = stack.outputs["UserPoolId"]
    assert not allowed(stack.role_client(function, "cognito-idp").list_users, UserPoolId=pool)
    assert not allowed(stack.role_client(function, "dynamodb").list_tables)


def test_what_settles_usage_reads_balances_and_changes_no_provider_key(stack):
    dynamodb, outputs = stack.role_client("MeteringFunction", "dynamodb"), stack.outputs
    balance = {
        "TableName": outputs["AccountsTableName"],
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "balance#iam"}},
    }
    assert allowed(dynamodb.query, **balance)
    assert not allowed(dynamodb.query, **balance | {"TableName": outputs["UsageTableName"]})
    assert not allowed(dynamodb.scan, TableName=outputs["AccountsTableName"])
    theirs = balance | {"ExpressionAttributeValues": {":pk": {"S": "user#iam"}}}
    assert allowed(dynamodb.query, **theirs, Select="SPECIFIC_ATTRIBUTES", ProjectionExpression="pk,sk")
    key = {"pk": {"S": "platform"}, "sk": {"S": "provider#openai"}}
    change = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}
    assert not allowed(dynamodb.update_item, TableName=outputs["ProviderKeysTableName"], Key=key, **change)


def test_what_reports_usage_reads_no_provider_key(stack):
    dynamodb, outputs = stack.role_client("UsageFunction", "dynamodb"), stack.outputs
    assert not allowed(dynamodb.get_item, TableName=outputs["ProviderKeysTableName"], Key=ITEM_KEY)
    assert not allowed(dynamodb.scan, TableName=outputs["UsageTableName"])
