"""`make run` as an operator meets it: what stops it from starting, what survives its end, and what it leaves behind."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.support.stack import CANARY, REPOSITORY, LocalStack, stack_environment

pytestmark = pytest.mark.integration

SAVED_WITHIN_SECONDS = 6

looks_into_processes = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def start_and_fail(state_dir, **environment):
    """Return what a `make run` that cannot start says, and how long that took."""
    started = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "local"],
        cwd=REPOSITORY,
        env={**stack_environment(state_dir), **environment},
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert ended.returncode in {1, 2}
    assert "Traceback" not in ended.stderr
    [line] = ended.stderr.splitlines()
    return line, time.monotonic() - started


def call(stack, path, *, key="", body=None):
    request = urllib.request.Request(
        stack.base_url + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"x-api-key": key, "content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def providers_of(stack):
    status, body = call(stack, "/api/user/provider-keys", key=stack.gateway_key)
    assert status == 200
    return {key["provider"] for key in body["keys"]}


def wait_until_saved(stack, text):
    """Return once the saved tables hold `text`, which is soon, without anything being asked to save."""
    give_up_at = time.monotonic() + SAVED_WITHIN_SECONDS
    while text not in (stack.state_dir / "aws" / "dynamodb.json").read_text():
        assert time.monotonic() < give_up_at, "the state was not saved in time"
        time.sleep(0.05)


def descendants(process_id):
    """Return the ids of all processes that a process started, theirs included."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, last = set(), {process_id}
    while last := {child for child, parent in parents.items() if parent in last}:
        found |= last
    return found


def all_end(process_ids, within_seconds):
    give_up_at = time.monotonic() + within_seconds
    while time.monotonic() < give_up_at:
        if not any(_lives(process_id) for process_id in process_ids):
            return True
        time.sleep(0.05)
    return False


def _lives(process_id):
    try:
        return "Z" not in Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[:1]
    except OSError:
        return False


# What prevents a start.


def test_a_taken_port_is_one_clear_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line, seconds = start_and_fail(tmp_path / "state", PORT=str(port))

    assert f"Port {port}" in line
    assert "PORT=" in line
    assert seconds < 10
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("port", ["http", "70000", "-1", "٣"])
def test_a_port_that_is_none_is_one_clear_line(tmp_path, port):
    assert "is not a port" in start_and_fail(tmp_path / "state", PORT=port)[0]


@pytest.mark.parametrize(
    "upstreams", ["openai=http://127.0.0.1", "[]", '{"openai": "https://example.com"}', '{"openai": 1}']
)
def test_malformed_upstreams_are_one_clear_line(tmp_path, upstreams):
    assert "OWNKEY_UPSTREAMS" in start_and_fail(tmp_path / "state", OWNKEY_UPSTREAMS=upstreams)[0]


def test_a_file_in_place_of_the_state_folder_is_one_clear_line(tmp_path):
    (tmp_path / "state").write_text("precious")

    assert "state folder" in start_and_fail(tmp_path / "state")[0]
    assert (tmp_path / "state").read_text() == "precious"


def test_a_second_stack_on_the_same_state_is_refused(stack):
    assert "already running" in start_and_fail(stack.state_dir)[0]
    assert providers_of(stack) is not None


@pytest.mark.parametrize(
    "content",
    [
        "",
        '{"__ministack_format__": 2, "payl',
        "\0\0\0\0",
        "[]",
        '{"__ministack_format__": 99, "payload": {}}',
    ],
)
def test_a_torn_state_is_refused_and_left_alone(tmp_path, content):
    folder = tmp_path / "state" / "aws"
    folder.mkdir(parents=True)
    (folder / "dynamodb.json").write_text(content)

    assert "is broken" in start_and_fail(tmp_path / "state")[0]
    assert (folder / "dynamodb.json").read_text() == content


# What it is while it runs.


def test_only_its_owner_can_read_what_it_keeps(stack):
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [stack.state_dir, *stack.state_dir.rglob("*")]}

    assert [path for path, mode in modes.items() if mode & 0o077] == []
    assert modes[stack.state_dir] == 0o700
    assert modes[stack.state_dir / "first-run.json"] == 0o600


@looks_into_processes
def test_it_listens_on_loopback_only(stack):
    inodes = set()
    for process in {stack.process_id} | descendants(stack.process_id):
        for descriptor in Path(f"/proc/{process}/fd").iterdir():
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    listening = [
        fields[1].split(":")[0]
        for table in ("tcp", "tcp6")
        for fields in (line.split() for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:])
        if fields[3] == "0A" and fields[9] in inodes
    ]

    assert set(listening) == {"0100007F"}


def test_the_emulator_knows_only_the_keys_that_it_gave_out(stack):
    endpoint = stack.operator["AWS_ENDPOINT_URL"]
    for key in ("", "test", "000000000000"):
        headers = {"x-amz-target": "DynamoDB_20120810.ListTables", "content-type": "application/x-amz-json-1.0"}
        if key:
            scope = f"Credential={key}/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00"
            headers["authorization"] = f"AWS4-HMAC-SHA256 {scope}"
        request = urllib.request.Request(endpoint, data=b"{}", headers=headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=5)
        with refused.value as error:
            assert error.code == 403


@looks_into_processes
def test_workers_see_nothing_of_the_shell_and_no_root_key(stack):
    root_key = stack.operator["AWS_SECRET_ACCESS_KEY"]
    seen = []
    for process in descendants(stack.process_id):
        environment = Path(f"/proc/{process}/environ").read_text()
        if "LAMBDA_TASK_ROOT" in environment:
            seen.append(environment)

    assert len(seen) >= 4
    for environment in seen:
        assert root_key not in environment
        names = {entry.partition("=")[0] for entry in environment.split("\0") if entry}
        assert names.isdisjoint({CANARY, "USER", "SHELL", "PYTEST_CURRENT_TEST", "VIRTUAL_ENV"})
        assert "AWS_SESSION_TOKEN" in names


def test_an_unknown_route_is_answered_in_our_error_shape(stack):
    status, body = call(stack, "/api/nowhere")

    assert (status, body["error"]["code"]) == (404, "not_found")


def test_a_body_over_ten_megabytes_is_413(stack):
    connection = HTTPConnection(stack.base_url.removeprefix("http://"), timeout=20)
    try:
        connection.request("POST", "/api/v1/chat/completions", body=b"x" * (10 * 1024 * 1024 + 1))
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["error"]["code"]) == (413, "request_too_large")
    finally:
        connection.close()


# What survives its end.


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory):
    """Another stack, which is stopped and killed."""
    with LocalStack(tmp_path_factory.mktemp("own") / "state") as running:
        running.store_provider_key("openai", "sk-survivor-0123456789")
        yield running


@looks_into_processes
@pytest.mark.parametrize("end", ["interrupt", "terminate", "kill"])
def test_it_ends_whole_and_starts_again_with_everything(own_stack, end):
    stack, before = own_stack, own_stack.first_run
    started = descendants(stack.process_id)
    assert len(started) >= 5
    if end == "kill":
        stack.store_provider_key("groq", "sk-last-words-0123456789")
        wait_until_saved(stack, "provider#groq")
        stack.kill()
    else:
        assert stack.stop(signal.SIGINT if end == "interrupt" else signal.SIGTERM) == 0
    assert all_end(started, within_seconds=8)

    restarted_at = time.monotonic()
    stack.start()

    assert time.monotonic() - restarted_at < 15
    expected = {"openai", "groq"} if end == "kill" else {"openai"}
    assert providers_of(stack) >= expected
    assert stack.first_run.keys() == before.keys()
    assert all(stack.first_run[name] == before[name] for name in ("gateway_key", "email", "password"))


@looks_into_processes
def test_killing_every_process_at_once_loses_the_last_seconds_at_most(own_stack):
    stack = own_stack
    stack.store_provider_key("novita", "sk-before-the-crash-0123456789")
    wait_until_saved(stack, "provider#novita")
    doomed = descendants(stack.process_id)
    os.kill(stack.process_id, signal.SIGSTOP)  # so that it cannot tell the others
    for process in doomed:
        os.kill(process, signal.SIGKILL)
    stack.kill()

    stack.start()

    assert "novita" in providers_of(stack)


def test_a_lost_first_run_file_is_written_again(own_stack):
    stack = own_stack
    user_id = stack.user_id
    stack.stop()
    (stack.state_dir / "first-run.json").unlink()

    stack.start()

    assert stack.user_id == user_id
    assert "openai" in providers_of(stack)
