"""Deploys the template into the emulator by CloudFormation, and reads back what is there then."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.api_definition import ApiDefinition, read_api
from local.packaging import BUCKET, Package, package
from local.settings import StartupError
from local.template import load_template

STACK = "ownkey-local"
STAGE = "local"
TIMEOUT_SECONDS = 60
_DIGEST_TAG = "digest"
_DEPLOYED = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
_KEPT = _DEPLOYED | {"UPDATE_ROLLBACK_COMPLETE"}

ClientFactory = Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedFunction:
    """A function as it was deployed."""

    logical_id: str
    arn: str
    name: str
    handler: str
    role_arn: str
    code_folder: str
    """Relative to the repository."""
    memory_megabytes: int
    timeout_seconds: int
    log_group: str
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSource:
    """A table's stream, and how it is handed to a function: an event source mapping as it was deployed."""

    function: str
    """Logical id."""
    stream_arn: str
    patterns: tuple[Mapping[str, Any], ...]
    """A record is for the function when one of them fits; all are when there is none."""
    batch_size: int
    retries: int
    failures_queue: str
    """The name of the queue that is told what was given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A deployed template."""

    outputs: Mapping[str, str]
    functions: Mapping[str, DeployedFunction]
    """By logical id."""
    api: ApiDefinition
    streams: tuple[StreamSource, ...]


def deploy(client: ClientFactory) -> Deployment:
    """Bring the emulator to what the template says, and return it. Does nothing where nothing changed.

    Raises:
        StartupError: The template cannot be deployed, or the emulator lacks what it said it has.
    """
    try:
        return _deploy(client)
    except (ClientError, BotoCoreError) as exc:
        raise StartupError(f"The template could not be deployed: {exc}") from exc


def _deploy(client: ClientFactory) -> Deployment:
    template = load_template()
    made = package(template, client("sts").get_caller_identity()["Account"])
    formation = client("cloudformation")
    stack = _stack(formation)
    if stack is not None and stack["StackStatus"] not in _KEPT:
        # Its first deployment failed, so nobody has stored anything in it.
        formation.delete_stack(StackName=STACK)
        stack = _settled(formation)
    if stack is None or not _is_current(stack, made):
        _upload(client("s3"), made)
        _write(formation, made, exists=stack is not None)
        stack = _settled(formation)
    if stack is None or not _is_current(stack, made):
        raise StartupError(f"The template could not be deployed: {_reason(formation)}")
    return _read_back(client, stack, template["Resources"])


def _stack(formation: Any) -> Any:
    stacks = [s for s in formation.describe_stacks()["Stacks"] if s["StackName"] == STACK]
    return stacks[0] if stacks and stacks[0]["StackStatus"] != "DELETE_COMPLETE" else None


def _is_current(stack: Any, made: Package) -> bool:
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", ())}
    return stack["StackStatus"] in _DEPLOYED and tags.get(_DIGEST_TAG) == made.digest


def _upload(s3: Any, made: Package) -> None:
    if BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=BUCKET)
    for key, content in {**made.archives, f"{made.digest}.json": made.template.encode()}.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=content)


def _write(formation: Any, made: Package, *, exists: bool) -> None:
    write = formation.update_stack if exists else formation.create_stack
    write(
        StackName=STACK,
        TemplateURL=f"https://s3.amazonaws.com/{BUCKET}/{made.digest}.json",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[
            {"ParameterKey": "Stage", "ParameterValue": STAGE},
            # On one's own machine there is nobody to ask for an account.
            {"ParameterKey": "SignUp", "ParameterValue": "open"},
        ],
        Tags=[{"Key": _DIGEST_TAG, "Value": made.digest}],
    )


def _settled(formation: Any) -> Any:
    give_up_at = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < give_up_at:
        stack = _stack(formation)
        if stack is None or not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        time.sleep(0.05)
    raise StartupError(f"The template was not deployed within {TIMEOUT_SECONDS} seconds")


def _reason(formation: Any) -> str:
    events = formation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    first = failed[-1] if failed else {"LogicalResourceId": STACK}
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"


def _read_back(client: ClientFactory, stack: Any, resources: Mapping[str, Any]) -> Deployment:
    formation = client("cloudformation")
    physical = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for resource in formation.describe_stack_resources(StackName=STACK)["StackResources"]
    }
    _check_tables(client("dynamodb"), physical, resources)
    processed = formation.get_template(StackName=STACK, TemplateStage="Processed")["TemplateBody"]
    lambda_client = client("lambda")
    functions = {
        name: _function(
            name,
            lambda_client.get_function_configuration(FunctionName=physical[name]),
            resource["Properties"]["CodeUri"],
        )
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    names = {function.arn: name for name, function in functions.items()}
    mappings = lambda_client.list_event_source_mappings()["EventSourceMappings"]
    return Deployment(
        outputs={output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]},
        functions=functions,
        api=read_api(processed),
        streams=tuple(
            _stream(names[mapping["FunctionArn"]], mapping) for mapping in mappings if mapping["FunctionArn"] in names
        ),
    )


def _check_tables(dynamodb: Any, physical: Mapping[str, str], resources: Mapping[str, Any]) -> None:
    there = set(dynamodb.list_tables()["TableNames"])
    for name, resource in resources.items():
        if resource["Type"] == "AWS::DynamoDB::Table" and physical.get(name) not in there:
            raise StartupError(
                f"The saved state is broken: {name} is gone. Restore the state folder from a copy, or move it away."
            )


def _function(name: str, configuration: Any, code_folder: str) -> DeployedFunction:
    return DeployedFunction(
        logical_id=name,
        arn=configuration["FunctionArn"],
        name=configuration["FunctionName"],
        handler=configuration["Handler"],
        role_arn=configuration["Role"],
        code_folder=code_folder,
        memory_megabytes=configuration["MemorySize"],
        timeout_seconds=configuration["Timeout"],
        log_group=configuration["LoggingConfig"]["LogGroup"],
        environment=configuration["Environment"]["Variables"],
    )


def _stream(function: str, mapping: Any) -> StreamSource:
    return StreamSource(
        function=function,
        stream_arn=mapping["EventSourceArn"],
        patterns=tuple(json.loads(each["Pattern"]) for each in mapping["FilterCriteria"]["Filters"]),
        batch_size=mapping["BatchSize"],
        retries=mapping["MaximumRetryAttempts"],
        failures_queue=mapping["DestinationConfig"]["OnFailure"]["Destination"].rpartition(":")[2],
    )
