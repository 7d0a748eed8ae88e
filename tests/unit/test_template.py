"""What the template grants and keeps, read from the template itself: nothing here is deployed."""

import json
import re
from pathlib import Path

import pytest

from local.template import REPOSITORY, load_template
from ownkey.auth.registration import SHORTEST_PASSWORD
from ownkey.services.funds import ENFORCEMENTS
from ownkey.storage.keyspace import USAGE_PREFIX

TEMPLATE = load_template()
RESOURCES = TEMPLATE["Resources"]
TABLES = ("AccountsTable", "ProviderKeysTable", "UsageTable")
LOG_ACTIONS = {"logs:CreateLogStream", "logs:PutLogEvents"}
CONTEXT_CONDITION = {
    "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["owner", "provider", "key_id"]},
    "Null": {f"kms:EncryptionContext:{key}": "false" for key in ("owner", "provider", "key_id")},
}

ALL_OF_ACCOUNTS = {
    f"dynamodb:{action}"
    for action in ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem")
}
GRANTS = {
    "ChatFunction": {
        "AccountsTable": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"},
        "ProviderKeysTable": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:UpdateItem"},
        "UsageTable": {"dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:UpdateItem"},
        "ProviderKeysKey": {"kms:Decrypt"},
        "ChatLogGroup": LOG_ACTIONS,
    },
    "WebSearchFunction": {
        "AccountsTable": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"},
        "ProviderKeysTable": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:UpdateItem"},
        "UsageTable": {"dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:UpdateItem"},
        "ProviderKeysKey": {"kms:Decrypt"},
        "WebSearchLogGroup": LOG_ACTIONS,
    },
    "ProviderKeysFunction": {
        "AccountsTable": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem"},
        "ProviderKeysTable": {
            "dynamodb:GetItem",
            "dynamodb:Query",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
        },
        "ProviderKeysKey": {"kms:Encrypt"},
        "ProviderKeysLogGroup": LOG_ACTIONS,
    },
    "KeyValidationFunction": {
        "AccountsTable": {"dynamodb:GetItem", "dynamodb:BatchGetItem"},
        "ProviderKeysTable": {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"},
        "ProviderKeysKey": {"kms:Decrypt"},
        "KeyValidationLogGroup": LOG_ACTIONS,
    },
    "AccountFunction": {
        "AccountsTable": {
            "dynamodb:GetItem",
            "dynamodb:Query",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
            "dynamodb:ConditionCheckItem",
        },
        "AccountLogGroup": LOG_ACTIONS,
    },
    "EntranceFunction": {
        "AccountsTable": {"dynamodb:GetItem", "dynamodb:UpdateItem"},
        "EntranceLogGroup": LOG_ACTIONS,
    },
    "UserFunction": {
        "AccountsTable": ALL_OF_ACCOUNTS,
        "ProviderKeysTable": {"dynamodb:Query", "dynamodb:DeleteItem"},
        "UserLogGroup": LOG_ACTIONS,
    },
    "TeamsFunction": {
        "AccountsTable": ALL_OF_ACCOUNTS,
        "ProviderKeysTable": {"dynamodb:Query", "dynamodb:DeleteItem"},
        "UsageTable": {"dynamodb:BatchGetItem"},
        "identity/${InvitationSender}": {"ses:SendEmail"},
        "TeamsLogGroup": LOG_ACTIONS,
    },
    "UsageFunction": {
        "AccountsTable": {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"},
        "UsageTable": {"dynamodb:Query"},
        "UsageLogGroup": LOG_ACTIONS,
    },
    "MeteringFunction": {
        "AccountsTable": {"dynamodb:Query", "dynamodb:UpdateItem"},
        "UsageTable": {"dynamodb:PutItem", "dynamodb:UpdateItem"},
        "UsageTable.StreamArn": {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"},
        "UnsettledUsage": {"sqs:SendMessage"},
        "MeteringLogGroup": LOG_ACTIONS,
    },
    "ModelsFunction": {
        "AccountsTable": {"dynamodb:GetItem"},
        "ProviderKeysTable": {"dynamodb:Query"},
        "ModelsLogGroup": LOG_ACTIONS,
    },
    "ConsoleFunction": {"ConsoleLogGroup": LOG_ACTIONS},
}
"""All that each function may do, and on what."""


def of_type(kind):
    return {name: resource for name, resource in RESOURCES.items() if resource["Type"] == kind}


def as_list(value):
    return value if isinstance(value, list) else [value]


def in_aws(node):
    """Return a part of the template as it is in AWS, where IsEmulator is false."""
    if isinstance(node, dict):
        if node.keys() == {"Fn::If"} and node["Fn::If"][0] == "IsEmulator":
            return in_aws(node["Fn::If"][2])
        return {name: in_aws(value) for name, value in node.items()}
    return [in_aws(value) for value in node] if isinstance(node, list) else node


def role_of(function):
    return RESOURCES[function]["Properties"]["Role"]["Fn::GetAtt"][0]


TRAILS_ONLY_GROW = {
    "Sid": "TrailsOnlyGrow",
    "Effect": "Deny",
    "Action": ["dynamodb:UpdateItem", "dynamodb:DeleteItem"],
    "Resource": {"Fn::GetAtt": ["AccountsTable", "Arn"]},
    "Condition": {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": "audit#*"}},
}


def statements_of(function):
    """Return every statement of a function's role that grants something, as in AWS."""
    return [statement for statement in all_statements_of(function) if statement != TRAILS_ONLY_GROW]


def test_who_keeps_accounts_does_not_change_a_trail():
    keepers = [name for name, grants in GRANTS.items() if "dynamodb:DeleteItem" in grants.get("AccountsTable", ())]
    assert keepers == ["AccountFunction", "UserFunction", "TeamsFunction"]
    for function in keepers:
        assert TRAILS_ONLY_GROW in all_statements_of(function)


def all_statements_of(function):
    """Return every statement of a function's role, as in AWS."""
    role = role_of(function)
    documents = [policy["PolicyDocument"] for policy in RESOURCES[role]["Properties"]["Policies"]]
    documents += [
        policy["Properties"]["PolicyDocument"]
        for policy in of_type("AWS::IAM::Policy").values()
        if {"Ref": role} in policy["Properties"]["Roles"]
    ]
    return [in_aws(statement) for document in documents for statement in document["Statement"]]


def resource_of(statement):
    """Return what a statement is about: a resource of the template, or an identity of Amazon SES."""
    if "Fn::Sub" in statement["Resource"]:
        return statement["Resource"]["Fn::Sub"].rpartition(":")[2]
    resource, attribute = statement["Resource"]["Fn::GetAtt"]
    assert attribute in {"Arn", "StreamArn"}
    return resource if attribute == "Arn" else f"{resource}.{attribute}"


def test_there_are_no_other_functions():
    assert of_type("AWS::Serverless::Function").keys() == GRANTS.keys()


@pytest.mark.parametrize("function", GRANTS)
def test_a_function_may_do_exactly_this(function):
    granted: dict[str, set[str]] = {}
    for statement in statements_of(function):
        assert statement["Effect"] == "Allow"
        assert "NotAction" not in statement
        assert "NotResource" not in statement
        granted.setdefault(resource_of(statement), set()).update(as_list(statement["Action"]))

    assert granted == GRANTS[function]


def test_every_function_has_a_role_of_its_own_that_only_lambda_assumes():
    roles = [role_of(function) for function in GRANTS]

    assert len(set(roles)) == len(roles)
    assert of_type("AWS::IAM::Role").keys() == set(roles)
    for role in roles:
        properties = RESOURCES[role]["Properties"]
        assert "ManagedPolicyArns" not in properties
        [trust] = properties["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
    for policy in of_type("AWS::IAM::Policy").values():
        assert len(policy["Properties"]["Roles"]) == 1
    for function in GRANTS:
        assert "Policies" not in RESOURCES[function]["Properties"]


def test_no_grant_has_a_wildcard():
    for function in GRANTS:
        for statement in statements_of(function):
            assert "*" not in json.dumps([statement["Action"], statement["Resource"]])


def test_the_kms_key_is_used_only_under_the_context_of_a_row():
    kms = [one for function in GRANTS for one in statements_of(function) if "kms:" in json.dumps(one["Action"])]

    assert len(kms) == 4
    for statement in kms:
        assert statement["Condition"] == CONTEXT_CONDITION


def test_only_three_roles_open_provider_keys_whatever_an_administrator_is_granted():
    statements = in_aws(RESOURCES["ProviderKeysKey"]["Properties"]["KeyPolicy"]["Statement"])

    [administration, denial] = statements
    assert administration["Principal"]["AWS"]["Fn::Sub"].endswith(":root")
    assert (administration["Effect"], administration["Action"]) == ("Allow", "kms:*")
    assert denial == {
        "Sid": "OpenedByThreeFunctionsOnly",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": ["kms:Decrypt", "kms:ReEncryptFrom"],
        "Resource": "*",
        "Condition": {
            "ArnNotEquals": {
                "aws:PrincipalArn": [
                    {"Fn::GetAtt": [role_of("ChatFunction"), "Arn"]},
                    {"Fn::GetAtt": [role_of("KeyValidationFunction"), "Arn"]},
                    {"Fn::GetAtt": [role_of("WebSearchFunction"), "Arn"]},
                ]
            }
        },
    }


def test_the_tables_key_works_for_this_account_through_dynamodb_only():
    [_, use] = RESOURCES["TablesKey"]["Properties"]["KeyPolicy"]["Statement"]

    assert use["Condition"]["StringEquals"] == {
        "kms:CallerAccount": {"Ref": "AWS::AccountId"},
        "kms:ViaService": {"Fn::Sub": "dynamodb.${AWS::Region}.amazonaws.com"},
    }


def conditions_on(function, action):
    return [
        statement.get("Condition")
        for statement in statements_of(function)
        if action in as_list(statement["Action"])
        and statement["Resource"] == {"Fn::GetAtt": ["ProviderKeysTable", "Arn"]}
    ]


WITHOUT_CIPHERTEXT = {
    "ForAllValues:StringNotEquals": {"dynamodb:Attributes": "ciphertext"},
    "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
}


def test_the_functions_that_open_no_keys_read_no_ciphertext():
    for action in ("dynamodb:GetItem", "dynamodb:Query"):
        assert conditions_on("ProviderKeysFunction", action) == [WITHOUT_CIPHERTEXT]
    assert conditions_on("ModelsFunction", "dynamodb:Query") == [WITHOUT_CIPHERTEXT]


def test_the_function_that_stores_keys_is_not_told_what_it_replaces():
    for action in ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"):
        [condition] = conditions_on("ProviderKeysFunction", action)
        assert condition == {"StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE", "UPDATED_NEW"]}}


@pytest.mark.parametrize(
    ("function", "more"),
    [("ChatFunction", set()), ("WebSearchFunction", set()), ("KeyValidationFunction", {"hits", "expires_at_epoch"})],
)
def test_the_functions_that_use_keys_change_only_how_they_fared(function, more):
    [condition] = conditions_on(function, "dynamodb:UpdateItem")

    fared = {"pk", "sk", "key_id", "status", "last_error", "last_used_at", "updated_at"}
    assert set(condition["ForAllValues:StringEquals"]["dynamodb:Attributes"]) == fared | more
    assert condition["StringEqualsIfExists"] == {"dynamodb:ReturnValues": ["NONE", "UPDATED_NEW"]}


def test_only_the_account_number_of_no_account_is_the_emulator():
    assert TEMPLATE["Conditions"]["IsEmulator"] == {"Fn::Equals": [{"Ref": "AWS::AccountId"}, "000000000000"]}


@pytest.mark.parametrize("table", TABLES)
def test_a_table_survives_mistakes_and_is_encrypted_with_our_key(table):
    resource = RESOURCES[table]
    properties = resource["Properties"]

    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["DeletionProtectionEnabled"] is True
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {
        "SSEEnabled": True,
        "SSEType": "KMS",
        "KMSMasterKeyId": {"Fn::GetAtt": ["TablesKey", "Arn"]},
    }
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at_epoch", "Enabled": True}
    assert [key["AttributeName"] for key in properties["KeySchema"]] == ["pk", "sk"]


def test_usage_is_streamed_and_nothing_else_is():
    streamed = {name for name in TABLES if "StreamSpecification" in RESOURCES[name]["Properties"]}

    assert streamed == {"UsageTable"}
    assert RESOURCES["UsageTable"]["Properties"]["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}


def test_new_usage_records_and_nothing_else_are_settled_and_none_is_lost_in_silence():
    [event] = RESOURCES["MeteringFunction"]["Properties"]["Events"].values()
    source = in_aws(event["Properties"])

    assert source["Stream"] == {"Fn::GetAtt": ["UsageTable", "StreamArn"]}
    assert (source["StartingPosition"], source["Enabled"]) == ("TRIM_HORIZON", True)
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["BisectBatchOnFunctionError"] is True
    assert source["MaximumRetryAttempts"] > 0
    [pattern] = [json.loads(each["Pattern"]) for each in source["FilterCriteria"]["Filters"]]
    assert pattern == {"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": [{"prefix": USAGE_PREFIX}]}}}}
    queue = {"Fn::GetAtt": ["UnsettledUsage", "Arn"]}
    assert source["DestinationConfig"] == {"OnFailure": {"Type": "SQS", "Destination": queue}}
    assert RESOURCES["UnsettledUsage"]["Properties"]["SqsManagedSseEnabled"] is True
    alarms = [alarm["Properties"] for alarm in of_type("AWS::CloudWatch::Alarm").values()]
    assert {alarm["MetricName"] for alarm in alarms} == {"ApproximateNumberOfMessagesVisible", "IteratorAge"}
    for alarm in alarms:
        assert alarm["AlarmActions"] == {
            "Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]
        }


def conditions_of_writes(function):
    writes = ("PutItem", "UpdateItem", "DeleteItem")
    return [one["Condition"] for one in statements_of(function) if any(w in json.dumps(one["Action"]) for w in writes)]


def test_what_settles_usage_makes_and_changes_no_record_key_or_member():
    leading = [
        condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        for condition in conditions_of_writes("MeteringFunction")
    ]
    assert leading == ["settled#*", "rollup#*", "balance#*", ["gateway-key#*", "team#*"]]
    attributes = [
        condition.get("ForAllValues:StringEquals", {}).get("dynamodb:Attributes")
        for condition in conditions_of_writes("MeteringFunction")
    ]
    assert attributes == [
        ["pk", "sk", "expires_at_epoch"],
        None,
        ["pk", "sk", "usd"],
        ["pk", "sk", "has_funds", "owner_id"],
    ]


@pytest.mark.parametrize("function", ["ChatFunction", "MeteringFunction"])
def test_of_accounts_only_balances_are_listed_where_they_are_needed(function):
    query, *others = [
        one
        for one in statements_of(function)
        if "dynamodb:Query" in as_list(one["Action"]) and one["Resource"] == {"Fn::GetAtt": ["AccountsTable", "Arn"]}
    ]
    assert query["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "balance#*"}}
    keys_alone = {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": "user#*"},
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "sk"]},
        "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
    }
    assert [one["Condition"] for one in others] == [keys_alone] * (function == "MeteringFunction")


def test_requests_on_the_operators_keys_need_a_balance_unless_the_operator_says_otherwise():
    parameter = TEMPLATE["Parameters"]["BalanceEnforcement"]
    assert (parameter["Default"], parameter["AllowedValues"]) == ("platform", list(ENFORCEMENTS))


@pytest.mark.parametrize("key", ["TablesKey", "ProviderKeysKey"])
def test_a_kms_key_rotates_and_outlives_the_stack(key):
    assert RESOURCES[key]["Properties"]["EnableKeyRotation"] is True
    assert (RESOURCES[key]["DeletionPolicy"], RESOURCES[key]["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_every_function_and_layer_is_python_on_arm():
    shared = TEMPLATE["Globals"]["Function"]
    assert (shared["Runtime"], shared["Architectures"], shared["Handler"]) == (
        "python3.13",
        ["arm64"],
        "app.lambda_handler",
    )
    for layer in of_type("AWS::Serverless::LayerVersion").values():
        assert layer["Properties"]["CompatibleRuntimes"] == ["python3.13"]
        assert layer["Properties"]["CompatibleArchitectures"] == ["arm64"]
    for function in GRANTS:
        assert not {"Runtime", "Architectures", "Handler"} & RESOURCES[function]["Properties"].keys()


def routes():
    return {
        (event["Properties"]["Method"], event["Properties"]["Path"]): (function, event["Properties"])
        for function in GRANTS
        for event in RESOURCES[function]["Properties"]["Events"].values()
        if event["Type"] == "Api"
    }


def test_these_routes_lead_to_these_functions():
    assert {route: function for route, (function, _) in routes().items()} == {
        ("POST", "/api/v1/chat/completions"): "ChatFunction",
        ("POST", "/api/web"): "WebSearchFunction",
        ("GET", "/api/user/provider-keys"): "ProviderKeysFunction",
        ("POST", "/api/user/provider-keys"): "ProviderKeysFunction",
        ("DELETE", "/api/user/provider-keys"): "ProviderKeysFunction",
        ("POST", "/api/user/provider-keys/validate"): "KeyValidationFunction",
        ("GET", "/api/teams/{team}/provider-keys"): "ProviderKeysFunction",
        ("POST", "/api/teams/{team}/provider-keys"): "ProviderKeysFunction",
        ("DELETE", "/api/teams/{team}/provider-keys"): "ProviderKeysFunction",
        ("POST", "/api/teams/{team}/provider-keys/validate"): "KeyValidationFunction",
        ("POST", "/api/session/{step}"): "EntranceFunction",
        ("PATCH", "/api/user/gateway-keys"): "UserFunction",
        ("PATCH", "/api/user/default-team"): "UserFunction",
        ("GET", "/api/user/audit"): "UserFunction",
        ("DELETE", "/api/user"): "UserFunction",
        ("ANY", "/api/teams"): "TeamsFunction",
        ("ANY", "/api/teams/{team}"): "TeamsFunction",
        ("ANY", "/api/teams/{team}/{proxy+}"): "TeamsFunction",
        ("POST", "/api/session"): "AccountFunction",
        ("GET", "/api/session"): "AccountFunction",
        ("DELETE", "/api/session"): "AccountFunction",
        ("GET", "/api/user/gateway-keys"): "AccountFunction",
        ("POST", "/api/user/gateway-keys"): "AccountFunction",
        ("DELETE", "/api/user/gateway-keys"): "AccountFunction",
        ("GET", "/api/v1/usage"): "UsageFunction",
        ("GET", "/api/teams/{team}/usage"): "UsageFunction",
        ("GET", "/api/usage/export"): "UsageFunction",
        ("POST", "/api/check-balance"): "UsageFunction",
        ("GET", "/api/v1/models"): "ModelsFunction",
        ("GET", "/api/v1/models/{id+}"): "ModelsFunction",
        ("GET", "/api/models/{id+}"): "ModelsFunction",
        ("GET", "/"): "ConsoleFunction",
        ("GET", "/assets/{version}/{file+}"): "ConsoleFunction",
    }


def test_the_chat_route_alone_streams_for_as_long_as_its_function_runs():
    streaming = {route: event for route, (_, event) in routes().items() if "ResponseTransferMode" in event}
    chat = RESOURCES["ChatFunction"]["Properties"]

    assert {event["ResponseTransferMode"] for event in streaming.values()} == {"RESPONSE_STREAM"}
    long = {route: event["TimeoutInMillis"] for route, event in streaming.items() if "TimeoutInMillis" in event}
    assert long == {("POST", "/api/v1/chat/completions"): 900_000}
    assert chat["Timeout"] == 900


def test_the_functions_whose_answers_are_streams_run_on_the_runtime_that_can():
    streaming = {function for function, event in routes().values() if "ResponseTransferMode" in event}
    wrapped = {
        name
        for name in GRANTS
        if "AWS_LAMBDA_EXEC_WRAPPER" in RESOURCES[name]["Properties"]["Environment"]["Variables"]
    }
    assert wrapped == streaming == {"ChatFunction", "ConsoleFunction"}
    assert RESOURCES["Api"]["Properties"]["EndpointConfiguration"] == {"Type": "REGIONAL"}


def test_buffered_functions_end_before_api_gateway_gives_up():
    assert TEMPLATE["Globals"]["Function"]["Timeout"] < 29


def test_upstreams_and_endpoints_cannot_be_replaced_in_aws():
    text = (REPOSITORY / "template.yaml").read_text()

    assert "OWNKEY_UPSTREAMS" not in text
    assert "AWS_ENDPOINT_URL" not in text


def test_functions_are_told_nothing_but_settings_that_they_read():
    known = set(re.findall(r'"(OWNKEY_[A-Z_]+)"', (REPOSITORY / "layers/gateway/ownkey/config.py").read_text()))
    told = set(TEMPLATE["Globals"]["Function"]["Environment"]["Variables"])
    for function in GRANTS:
        told |= RESOURCES[function]["Properties"]["Environment"]["Variables"].keys()

    assert told - {"AWS_LAMBDA_EXEC_WRAPPER"} == known - {"OWNKEY_UPSTREAMS"}


def test_api_gateway_answers_in_our_error_shape():
    for kind, response in RESOURCES["Api"]["Properties"]["GatewayResponses"].items():
        text = response["ResponseTemplates"]["application/json"]
        body = json.loads(text.replace("$context.error.messageString", '"a message"'))
        assert body["error"].keys() == {"message", "type", "code", "param"}, kind
        assert response["ResponseParameters"]["Headers"]["x-request-id"] == "context.requestId"


def test_nothing_has_a_physical_name_or_belongs_to_an_account():
    names = {"TableName", "FunctionName", "RoleName", "UserPoolName", "LogGroupName", "LayerName", "ClientName"}
    for name, resource in RESOURCES.items():
        assert not names & resource.get("Properties", {}).keys(), name
    accounts = set(re.findall(r"\d{12}", (REPOSITORY / "template.yaml").read_text()))
    assert accounts == {"000000000000"}


def test_every_parameter_is_described_and_checked():
    for name, parameter in TEMPLATE["Parameters"].items():
        assert parameter["Description"], name
        assert parameter.keys() & {"AllowedPattern", "AllowedValues", "MinValue"}, name
        assert "Default" in parameter


def test_nobody_signs_up_unasked():
    assert TEMPLATE["Parameters"]["SignUp"]["Default"] == "off"
    only = {"AllowAdminCreateUserOnly": {"Fn::If": ["TakesSignUps", False, True]}}
    assert RESOURCES["UserPool"]["Properties"]["AdminCreateUserConfig"] == only
    client = RESOURCES["UserPoolClient"]["Properties"]
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["ExplicitAuthFlows"] == ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


def test_an_address_is_changed_only_once_it_is_shown_to_be_the_users():
    settings = RESOURCES["UserPool"]["Properties"]["UserAttributeUpdateSettings"]
    assert settings == {"AttributesRequireVerificationBeforeUpdate": ["email"]}


def test_the_entrance_writes_counters_of_its_own_and_nothing_else():
    [counting] = [one for one in statements_of("EntranceFunction") if "UpdateItem" in json.dumps(one["Action"])]
    assert counting["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["ip#*", "address#*"]},
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "sk", "hits", "expires_at_epoch"]},
        "StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE", "UPDATED_NEW"]},
    }


def test_a_password_is_weak_here_when_it_is_weak_there():
    policy = RESOURCES["UserPool"]["Properties"]["Policies"]["PasswordPolicy"]
    assert policy["MinimumLength"] == SHORTEST_PASSWORD
    kinds = {"RequireUppercase": True, "RequireLowercase": True, "RequireNumbers": True, "RequireSymbols": False}
    assert {name: policy[name] for name in kinds} == kinds


def test_the_outputs_are_what_the_operators_tool_reads():
    assert TEMPLATE["Outputs"].keys() == {
        "AccountsTableName",
        "ProviderKeysTableName",
        "UsageTableName",
        "ProviderKeysKeyArn",
        "UserPoolId",
        "UserPoolClientId",
        "ApiUrl",
    }


@pytest.mark.parametrize("name", [name for name in RESOURCES if "BuildMethod" in RESOURCES[name].get("Metadata", {})])
def test_everything_that_is_built_has_its_makefile(name):
    resource = RESOURCES[name]
    folder = resource["Properties"].get("CodeUri") or resource["Properties"]["ContentUri"]
    makefile = (REPOSITORY / folder / "Makefile").read_text()

    assert f"build-{name}:" in makefile
    [what] = re.findall(r"build_artifact\.py (\S+)", makefile)
    assert what == (folder if folder.startswith("functions/") else Path(folder).name)
