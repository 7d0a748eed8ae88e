import asyncio
import types

import pytest

from local.emulator_saving import StateSaver, broken_file


class FakeEmulator:
    """The parts of the emulator's module that saving uses."""

    def __init__(self, stack_status=None):
        self.saved = []
        stacks = types.SimpleNamespace(all_items=lambda: [("ownkey", {"StackStatus": stack_status})])
        formation = types.SimpleNamespace(_stacks=stacks)
        self._loaded_modules = {"cloudformation": formation} if stack_status else {}

    def _build_persistence_save_dict(self):
        return {name: (lambda name=name: f"{name} state") for name in ("dynamodb", "kms", "cognito", "iam")}

    def save_all(self, services):
        self.saved += [(name, state()) for name, state in services.items()]


def saved_after(*targets, stack_status=None):
    emulator = FakeEmulator(stack_status)
    saver = StateSaver(emulator)
    for target in targets:
        saver.note(target)
    asyncio.run(saver.save())
    return {name for name, _ in emulator.saved}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"DynamoDB_20120810.PutItem", {"dynamodb"}),
        (b"DynamoDB_20120810.TransactWriteItems", {"dynamodb"}),
        (b"DynamoDB_20120810.GetItem", set()),
        (b"DynamoDB_20120810.TransactGetItems", set()),
        (b"TrentService.Decrypt", set()),
        (b"TrentService.CreateKey", {"kms"}),
        (b"AWSCognitoIdentityProviderService.InitiateAuth", {"cognito"}),
        (b"", {"dynamodb", "kms", "cognito", "iam"}),
    ],
)
def test_what_a_call_can_change_is_saved(target, expected):
    assert saved_after(target) == expected


def test_nothing_is_saved_twice():
    emulator = FakeEmulator()
    saver = StateSaver(emulator)
    saver.note(b"DynamoDB_20120810.PutItem")
    asyncio.run(saver.save())
    asyncio.run(saver.save())

    assert emulator.saved == [("dynamodb", "dynamodb state")]


def test_half_a_deployment_is_never_saved():
    assert saved_after(b"", stack_status="UPDATE_IN_PROGRESS") == set()
    assert saved_after(b"", stack_status="UPDATE_COMPLETE") == {"dynamodb", "kms", "cognito", "iam"}


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"payload', '{"other": 1}'])
def test_a_torn_file_is_found(tmp_path, content):
    (tmp_path / "a.json").write_text('{"payload": {}}')
    (tmp_path / "b.json").write_text(content)

    assert broken_file(tmp_path) == tmp_path / "b.json"


def test_whole_files_are_not_broken(tmp_path):
    (tmp_path / "a.json").write_text('{"__ministack_format__": 2, "payload": {}}')
    (tmp_path / "cognito-rsa-key.pem").write_text("not JSON")

    assert broken_file(tmp_path) is None
