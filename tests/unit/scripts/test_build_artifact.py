"""What goes into Lambda. Building the dependencies needs their wheels, so `make reproducible` does that."""

import importlib.util
import re
import subprocess
import sys

import pytest

from local.template import REPOSITORY
from scripts.build_artifact import AWS_SERVICES
from scripts.check_reproducible import digest
from scripts.python313 import NoPythonError, find_python

CODE = [*REPOSITORY.glob("layers/gateway/ownkey/**/*.py"), *REPOSITORY.glob("functions/*/app.py")]


def python313():
    try:
        return find_python()
    except NoPythonError:
        return None


needs_python313 = pytest.mark.skipif(python313() is None, reason="there is no Python 3.13 on this machine")


def build(what, folder):
    script = str(REPOSITORY / "scripts" / "build_artifact.py")
    subprocess.run([sys.executable, script, what, str(folder)], check=True, timeout=50)
    return digest(folder)


def test_every_aws_service_that_the_code_calls_is_kept():
    called = set()
    for path in CODE:
        if "admin" not in path.parts:  # runs on the operator's machine
            called |= set(re.findall(r'(?:client\(|boto3_client\(settings, )"([a-z0-9-]+)"', path.read_text()))

    assert "dynamodb" in called
    assert called <= AWS_SERVICES


@needs_python313
@pytest.mark.parametrize("what", ["gateway", "functions/chat"])
def test_building_twice_gives_the_same_bytes(tmp_path, what):
    assert build(what, tmp_path / "first") == build(what, tmp_path / "second")


@needs_python313
def test_the_gateway_layer_is_our_package_compiled_and_the_wrapper(tmp_path):
    built = build("gateway", tmp_path / "built")

    sources = {name for name in built if name.endswith(".py")}
    compiled = {name for name in built if name.endswith(".pyc")}
    ours = REPOSITORY / "layers" / "gateway"
    assert sources == {f"python/{path.relative_to(ours).as_posix()}" for path in ours.glob("ownkey/**/*.py")}
    assert len(compiled) == len(sources)
    assert all(name.endswith(".cpython-313.pyc") for name in compiled)
    assert built["streaming-runtime"].startswith("100755 ")
    assert (built.keys() - sources - compiled - {"streaming-runtime"}) <= {
        f"python/{path.relative_to(ours).as_posix()}" for path in ours.glob("ownkey/**/*") if path.suffix != ".pyc"
    }


@needs_python313
def test_bytecode_is_taken_without_a_look_at_the_source(tmp_path):
    build("functions/chat", tmp_path / "built")

    header = next((tmp_path / "built").rglob("*.pyc")).read_bytes()[:8]
    assert int.from_bytes(header[4:8], "little") == 0b01, "hash-based, and not checked"


def test_a_stand_in_that_does_not_run_is_not_a_python(tmp_path, monkeypatch):
    stand_in = tmp_path / "python3.13"
    stand_in.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("OWNKEY_BUILD_PYTHON", str(stand_in))

    with pytest.raises(NoPythonError, match=r"Python 3\.13"):
        find_python()


def test_the_build_scripts_run_on_the_standard_library_alone():
    for name in ("build_artifact", "compile_tree", "python313", "check_reproducible"):
        path = REPOSITORY / "scripts" / f"{name}.py"
        for module in re.findall(r"^(?:from|import) (\w+)", path.read_text(), flags=re.MULTILINE):
            assert module == "scripts" or module in sys.stdlib_module_names, path.name
    assert importlib.util.find_spec("scripts") is not None
