"""What contributors run: hooks, workflow and forms name targets and tools that exist; generated files are fresh."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from deploy.release import openapi
from pulsepoint.brand.texts import texts
from pulsepoint.brand.vocabulary import AttributionModel, Channel, Priority, Severity, StockState
from pulsepoint.brand.words import Word
from tests.architecture.sources import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
WORKFLOW = ROOT / ".github" / "workflows" / "check.yml"
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
NAMING = {
    "page.model": AttributionModel,
    "page.stock_state": StockState,
    "page.priority": Priority,
    "severity": Severity,
    "channel": Channel,
}
"""Families of texts by the enum whose members the page names with them."""


def document(name: str) -> Any:
    """A YAML file of the repository."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def hooks() -> Iterator[dict[str, Any]]:
    """Every hook of pre-commit."""
    for repository in document(".pre-commit-config.yaml")["repos"]:
        assert repository["repo"] == "local", "a hook must download nothing"
        yield from repository["hooks"]


@pytest.mark.parametrize("hook", list(hooks()), ids=lambda hook: str(hook["id"]))
def test_a_hook_runs_what_make_check_or_test_fast_runs(hook: dict[str, Any]) -> None:
    command = hook["entry"].replace(" --force-exclude", "").replace(" shared services deploy tests", "")
    command = command.replace(".venv/bin/", "$(BIN)/").replace("env PYTHON=$(BIN)/python ", "")
    assert hook["language"] == "system"
    assert command in MAKEFILE or command.removeprefix("make ") in TARGETS


@pytest.mark.parametrize("page", [WORKFLOW, ROOT / "CONTRIBUTING.md", ROOT / "README.md", ROOT / ".ci" / "run"])
def test_every_target_that_is_named_exists(page: Any) -> None:
    named = set(re.findall(r"(?:^|`|run: )make ([a-z]+(?:-[a-z]+)*)", page.read_text(encoding="utf-8"), re.MULTILINE))
    assert named and named <= TARGETS


def test_every_target_says_what_it_is_for_and_is_no_file() -> None:
    described = set(re.findall(r"^([a-z-]+):.*## \S", MAKEFILE, re.MULTILINE))
    [phony] = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert TARGETS == described == set(phony.split())


def test_the_workflow_may_only_read_and_runs_the_gate() -> None:
    workflow = document(".github/workflows/check.yml")
    assert workflow["permissions"] == {"contents": "read"}
    runs = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    gate = re.findall(r"^make .*$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    assert {*gate, "make test-fast"} <= set(runs)


@pytest.mark.parametrize("form", [form for form in FORMS if form.name != "config.yml"], ids=lambda form: form.name)
def test_a_form_asks_for_something_that_must_be_answered(form: Any) -> None:
    fields = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= fields.keys()
    assert any(field.get("validations", {}).get("required") for field in fields["body"])
    ids = [field["id"] for field in fields["body"] if field["type"] != "markdown"]
    assert len(ids) == len(set(ids))


def test_the_api_document_is_what_the_code_says() -> None:
    assert openapi.FILE.read_text(encoding="utf-8") == openapi.text(), "run make api-types"


@pytest.mark.slow
def test_a_stale_api_document_fails_the_check(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "openapi.json"
    monkeypatch.setattr(openapi, "FILE", copy)
    assert openapi.main(["--check"]) == 1
    assert openapi.main([]) == 0 and openapi.main(["--check"]) == 0
    copy.write_text(copy.read_text(encoding="utf-8").replace("/api/brands", "/api/shops", 1), encoding="utf-8")
    assert openapi.main(["--check"]) == 1


@pytest.mark.parametrize(("family", "enum"), NAMING.items())
def test_the_page_has_a_text_for_every_member(family: str, enum: type[Word]) -> None:
    assert [member.value for member in enum if not texts("en").has(f"{family}.{member.value}")] == []


@pytest.mark.slow
def test_types_of_another_document_fail_the_check(tmp_path: Any) -> None:
    npm, page = shutil.which("npm"), openapi.FILE.parent
    if npm is None or not (page / "node_modules").is_dir():
        pytest.skip("the page's tools are not installed (make web)")
    stale = tmp_path / "schema.d.ts"
    stale.write_text((page / "src" / "schema.d.ts").read_text(encoding="utf-8").replace("brand_id", "shop_id", 1))
    command = [str(page / "node_modules" / ".bin" / "openapi-typescript"), "openapi.json", "--check"]
    options = ["--root-types", "--root-types-no-schema-prefix"]
    for target, code in ((page / "src" / "schema.d.ts", 0), (stale, 1)):
        done = subprocess.run([*command, "--output", str(target), *options], cwd=page, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
