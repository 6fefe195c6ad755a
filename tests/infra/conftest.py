"""The project packaged once, and ways to look at what came out: the template as AWS would read it."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from infra.package import Package, package

Template = dict[str, Any]


@pytest.fixture(scope="session")
def packaged() -> Package:
    return package()


@pytest.fixture(scope="session")
def template(packaged: Package) -> Template:
    """The merged template."""
    read: Template = yaml.safe_load(packaged.template.read_text())
    return read


@pytest.fixture(scope="session")
def of_type(template: Template) -> Callable[[str], dict[str, dict[str, Any]]]:
    """Gives the properties of all resources of a type, by logical id."""

    def find(kind: str) -> dict[str, dict[str, Any]]:
        found = {name: each["Properties"] for name, each in template["Resources"].items() if each["Type"] == kind}
        assert found, f"no {kind} in the template"
        return found

    return find


@pytest.fixture(scope="session")
def in_cloud(template: Template) -> Callable[[Any], Any]:
    """Reads a value as a stack in the cloud with default parameters does: Ref of a parameter, If on Cloud."""

    def read(value: Any) -> Any:
        match value:
            case {"Ref": name} if name in template["Parameters"]:
                return template["Parameters"][name]["Default"]
            case {"Fn::If": ["Cloud", then, _]}:
                return read(then)
            case _:
                return value

    return read


@pytest.fixture(scope="session")
def target_of() -> Callable[[Any], str]:
    """Gives the logical id that a reference points to."""

    def read(value: Any) -> str:
        match value:
            case {"Ref": str(name)}:
                return name
            case {"Fn::GetAtt": [str(name), *_]}:
                return name
            case {"Fn::Sub": str(text)} if text.startswith("${"):
                return text[2:].split("}")[0].split(".")[0]
            case _:
                raise AssertionError(f"not a reference: {value!r}")

    return read


@pytest.fixture(scope="session")
def statements(template: Template) -> Mapping[str, list[dict[str, Any]]]:
    """What each function's role may do: its statements, by the function's logical id."""
    resources = template["Resources"]
    roles = {
        name: each["Properties"]["Role"]["Fn::GetAtt"][0]
        for name, each in resources.items()
        if each["Type"] == "AWS::Serverless::Function"
    }
    return {
        function: [
            statement
            for policy in resources[role]["Properties"]["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
        ]
        for function, role in roles.items()
    }
