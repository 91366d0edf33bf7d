"""`infra/` as Terraform itself would expand it, without a provider: what each `for_each` makes, with which values.

The provider cannot be had everywhere, so references to resources become strings that name them
("ref:TYPE.NAME[KEY].ATTRIBUTE"), and `terraform console` evaluates the rest: variables, locals, the generated
catalog, and every expression asked for.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hcl2

INFRA = Path(__file__).resolve().parents[2] / "infra"
YOURS = {
    "project_id": "a-project",
    "domain": "tower.example",
    "release": "r1",
    "admin_email": "admin@tower.example",
    "alert_email": "alerts@tower.example",
    "billing_account": "000000-000000-000000",
}
"""Variables a deployment adds to starter.tfvars or prod.tfvars."""
_WITH_INDEX = re.compile(r"\b((?:data\.)?google_\w+\.\w+)\[([^\[\]]+)\]((?:\.\w+)+)")
_PLAIN = re.compile(r"(?<![\w.:])((?:data\.)?google_\w+\.\w+)((?:\.\w+)+)")
Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource block; values are HCL expressions as text, nested blocks lists of dictionaries."""

    type: str
    name: str
    body: Block

    @property
    def address(self) -> str:
        """TYPE.NAME."""
        return f"{self.type}.{self.name}"


@cache
def parsed() -> tuple[dict[str, Any], ...]:
    """Every `*.tf` file of `infra/`."""
    return tuple(hcl2.loads(path.read_text(encoding="utf-8")) for path in sorted(INFRA.glob("*.tf")))


@cache
def resources() -> tuple[Resource, ...]:
    """Every resource block."""
    return tuple(
        Resource(kind.strip('"'), name.strip('"'), body)
        for file in parsed()
        for block in file.get("resource", [])
        for kind, named in block.items()
        for name, body in named.items()
        if isinstance(body, dict)
    )


def of_type(*types: str) -> list[Resource]:
    """The resource blocks of some types."""
    return [resource for resource in resources() if resource.type in types]


def blocks(body: Block) -> Iterator[Block]:
    """A body and every block nested in it."""
    yield body
    for value in body.values():
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from blocks(inner)


def hcl(value: Any) -> str:
    """A parsed value as the text of an HCL expression, with references to resources as strings."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        inner = value[2:-1] if value.startswith("${") and value.endswith("}") else value
        return _referenced(inner)
    if isinstance(value, list):
        return "[" + ", ".join(hcl(item) for item in value) + "]"
    if isinstance(value, dict):
        fields = {key: item for key, item in value.items() if not key.startswith("__")}
        return "{" + ", ".join(f"{key} = {hcl(item)}" for key, item in fields.items()) + "}"
    return str(value)


def _referenced(text: str) -> str:
    text = _WITH_INDEX.sub(lambda match: f'"ref:{match[1]}[${{{match[2]}}}]{match[3]}"', text)
    return _PLAIN.sub(lambda match: f'"ref:{match[1]}{match[2]}"', text)


def each(resource: Resource, expression: Any) -> str:
    """HCL that maps each instance's key ("" without for_each, none where `count` is 0) to an expression's value."""
    text = hcl(expression)
    if "count" in resource.body:
        return f'{{for each_key in range({hcl(resource.body["count"])}) : "" => {text}}}'
    if "for_each" not in resource.body:
        return '{"" = ' + text + "}"
    text = re.sub(r"\beach\.key\b", "each_key", re.sub(r"\beach\.value\b", "each_value", text))
    items = hcl(resource.body["for_each"])
    return f"{{for each_key, each_value in {items} : each_key => {text}}}"


def evaluate(expressions: Mapping[str, str], *, tfvars: str = "prod.tfvars", **variables: Any) -> dict[str, Any]:
    """The values of HCL expressions by name, with the variables of a deployment."""
    program = shutil.which("terraform")
    assert program is not None, "terraform is not installed"
    local = {
        name: hcl(value)
        for file in parsed()
        for block in file.get("locals", [])
        for name, value in block.items()
        if not name.startswith("__")
    }
    with TemporaryDirectory() as folder:
        here = Path(folder)
        for name in ("variables.tf", "catalog.json", tfvars):
            shutil.copy(INFRA / name, here)
        local_lines = "\n".join(f"  {name} = {text}" for name, text in local.items())
        outputs = "\n".join(f"    {json.dumps(name)} = {text}" for name, text in expressions.items())
        (here / "locals.tf").write_text(
            f"locals {{\n{local_lines}\n  asked = jsonencode({{\n{outputs}\n  }})\n}}\n", "utf-8"
        )
        (here / "yours.tfvars.json").write_text(json.dumps({**YOURS, **variables}), "utf-8")
        done = subprocess.run(
            [program, "console", f"-var-file={tfvars}", "-var-file=yours.tfvars.json"],
            cwd=here,
            input="local.asked\n",
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        )
    assert done.returncode == 0 and done.stdout.startswith('"'), done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(json.loads(done.stdout))
    return answer


def expanded(resource: Resource, *path: str, tfvars: str = "prod.tfvars", **variables: Any) -> dict[str, Any]:
    """The value of one argument of each instance; `path` leads through nested blocks to it."""
    value: Any = resource.body
    for step in path:
        value = value[0] if isinstance(value, list) else value
        value = value[step]
    return dict(evaluate({"asked": each(resource, value)}, tfvars=tfvars, **variables)["asked"])


def sole(address: str) -> Resource:
    """The resource of an address."""
    return next(resource for resource in resources() if resource.address == address)
