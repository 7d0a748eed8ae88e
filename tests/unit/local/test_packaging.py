import io
import json
import zipfile

from local.packaging import BUCKET, package
from local.template import load_template


def test_code_lies_in_archives_named_by_their_content():
    made = package(load_template(), "000000000000")

    resources = json.loads(made.template)["Resources"]
    for name, property_name in (("ChatFunction", "CodeUri"), ("GatewayLayer", "ContentUri")):
        uri = resources[name]["Properties"][property_name]
        assert uri.startswith(f"s3://{BUCKET}/")
        assert uri.rpartition("/")[2] in made.archives


def test_archives_hold_sources_and_no_bytecode():
    made = package(load_template(), "000000000000")

    names = [name for archive in made.archives.values() for name in zipfile.ZipFile(io.BytesIO(archive)).namelist()]
    assert {"app.py", "ownkey/config.py", "streaming-runtime", "requirements.txt"} <= set(names)
    assert [name for name in names if "__pycache__" in name] == []


def test_the_same_sources_are_the_same_package():
    assert package(load_template(), "000000000000") == package(load_template(), "000000000000")


def test_the_emulator_is_told_its_account_in_conditions():
    made = package(load_template(), "000000000000")

    conditions = json.loads(made.template)["Conditions"]
    assert conditions["IsEmulator"] == {"Fn::Equals": ["000000000000", "000000000000"]}


def test_nothing_else_of_the_template_changes():
    template = load_template()
    made = json.loads(package(template, "000000000000").template)

    for section in template.keys() - {"Resources", "Conditions"}:
        assert made[section] == template[section]
    for name, resource in template["Resources"].items():
        kept = {key: value for key, value in resource["Properties"].items() if key not in {"CodeUri", "ContentUri"}}
        assert kept.items() <= made["Resources"][name]["Properties"].items()
