"""The release: `cloudbuild.yaml` as parsed, the steps of `rollout.py`, and the asking whether all is ready."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from deploy.release import rollout
from pulsepoint.events.catalog import SERVICES
from pulsepoint.runtime import smoke
from tests.builders.stubs import serving

ROOT = Path(__file__).resolve().parents[2]
PLAN: dict[str, Any] = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())
STEPS: dict[str, dict[str, Any]] = {step["id"]: step for step in PLAN["steps"]}
FLAGS = ["--region", "here", "--images", "images", "--tag", "new", "--account", "build@x"]


def test_every_step_waits_for_the_one_before_it_in_the_release() -> None:
    builds, deploys = ({f"{verb}-{service}" for service in SERVICES} for verb in ("build", "deploy"))
    assert next(iter(STEPS)) == "check"
    assert set(STEPS) == {"check", "test", "migrate", "smoke", "shift"} | builds | deploys
    assert len(STEPS) == len(PLAN["steps"])
    waits = {name: set(step.get("waitFor", [])) for name, step in STEPS.items()}
    assert waits["test"] == {"check"}
    assert all(waits[build] == {"test"} for build in builds)
    assert waits["migrate"] == builds
    assert all(waits[deploy] == {"migrate"} for deploy in deploys)
    assert waits["smoke"] == deploys
    assert waits["shift"] == {"smoke"}


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_has_its_image_and_is_deployed(service: str) -> None:
    build = STEPS[f"build-{service}"]
    assert f"--build-arg SERVICE={service} " in build["args"][1]
    assert f"IMAGE=${{_IMAGES}}/{service}:${{BUILD_ID}}" in build["env"]
    assert STEPS[f"deploy-{service}"]["args"][:3] == ["deploy/release/rollout.py", "deploy", service]


def test_smoke_and_shift_are_for_all_services() -> None:
    for name in ("smoke", "shift"):
        assert [each for each in STEPS[name]["args"][2:] if not each.startswith("--")] == list(SERVICES)


def test_the_release_has_an_account_and_an_end() -> None:
    assert PLAN["serviceAccount"].startswith("projects/$PROJECT_ID/serviceAccounts/pulsepoint-build@")
    assert PLAN["options"]["logging"] == "CLOUD_LOGGING_ONLY"
    seconds = {name: int(step["timeout"].removesuffix("s")) for name, step in STEPS.items()}
    assert int(PLAN["timeout"].removesuffix("s")) >= seconds["test"] + seconds["build-gateway"] + seconds["migrate"]


def test_it_names_no_secret_and_no_image_that_changes_under_its_name() -> None:
    text = (ROOT / "cloudbuild.yaml").read_text()
    assert ":latest" not in text
    assert not re.search(r"(?i)(password|token|secret|api_key)\s*[:=]", text)
    assert PLAN["substitutions"]["_PYTHON_IMAGE"] == ""
    assert STEPS["check"]["args"] == ["deploy/release/check_image.sh", "${_PYTHON_IMAGE}"]
    assert {step["name"] for step in PLAN["steps"]} == {"${_TOOLS}"}
    assert re.search(r":\d+\.\d+\.\d+$", PLAN["substitutions"]["_TOOLS"])


def test_what_a_shell_reads_is_not_taken_for_a_substitution() -> None:
    """Cloud Build replaces `$NAME` itself and refuses names it does not know; the shell's own are written `$$NAME`."""
    declared = set(PLAN["substitutions"]) | {"PROJECT_ID", "BUILD_ID", "COMMIT_SHA"}
    text = "\n".join(line for line in (ROOT / "cloudbuild.yaml").read_text().splitlines() if not line.startswith("#"))
    used = {match[1] for match in re.finditer(r"(?<!\$)\$\{?([A-Za-z_]+)", text)}
    assert used <= declared
    assert set(PLAN["substitutions"]) <= used


def test_terraform_and_the_release_name_the_same_things() -> None:
    infra = "\n".join(path.read_text() for path in sorted((ROOT / "infra").glob("*.tf")))
    for named in ('"pulsepoint-build"', '"pulsepoint-run"', 'repository_id = "pulsepoint"', '"deploy-${replace(lower('):
        assert named in infra
    secret = rollout.OWNER_URL.partition("=")[0]
    assert f'"{secret}"' in infra
    assert f"{secret}=deploy-{secret.lower().replace('_', '-')}:latest" == rollout.OWNER_URL


class Cloud:
    """gcloud, as far as a release asks: revisions and traffic of each service; jobs and steps fail as told."""

    def __init__(self, fails: Callable[[list[str]], bool] = lambda _: False) -> None:
        self.calls: list[list[str]] = []
        self._fails = fails
        self.traffic = {
            service: [{"revisionName": f"{service}-1", "percent": 100}, {"revisionName": f"{service}-0", "percent": 0}]
            for service in SERVICES
        }

    def __call__(self, arguments: Sequence[str]) -> str:
        call = list(arguments)
        self.calls.append(call)
        if self._fails(call):
            raise rollout.ReleaseFailed("told to")
        if call[:2] == ["run", "deploy"]:
            assert "--no-traffic" in call
            url = f"https://candidate---{call[2]}"
            self.traffic[call[2]].append({"revisionName": f"{call[2]}-2", "tag": "candidate", "url": url})
        elif call[2] == "update-traffic":
            shares = dict(share.split("=") for share in call[call.index("--to-revisions") + 1].split(","))
            for target in self.traffic[call[3]]:
                target["percent"] = int(shares.get(str(target["revisionName"]), 0))
        elif call[2] == "describe":
            return json.dumps({"status": {"traffic": self.traffic[call[3]], "url": f"https://{call[3]}"}})
        return ""

    def live(self) -> set[str]:
        return {
            str(target["revisionName"])
            for targets in self.traffic.values()
            for target in targets
            if target.get("percent")
        }

    def smoke_arguments(self) -> list[str]:
        """The arguments of each smoke test."""
        return [call[call.index("--args") + 1] for call in self.calls if "pulsepoint-smoke" in call]


def stepped(cloud: Cloud, *steps: str) -> list[int]:
    return [rollout.main([step, *(() if step == "migrate" else SERVICES), *FLAGS], cloud) for step in steps]


OLD = {f"{service}-1" for service in SERVICES}
NEW = {f"{service}-2" for service in SERVICES}


def test_a_release_ends_with_all_traffic_on_the_new_revisions() -> None:
    cloud = Cloud()
    assert stepped(cloud, "migrate", "deploy", "smoke") == [0, 0, 0]
    assert cloud.live() == OLD
    assert stepped(cloud, "shift") == [0]
    assert cloud.live() == NEW
    candidates, shifted = cloud.smoke_arguments()
    assert candidates.split(",") == ["-m", "pulsepoint.runtime.smoke", *(f"https://candidate---{s}" for s in SERVICES)]
    assert shifted.split(",")[2:] == [f"https://{service}" for service in SERVICES]


def test_jobs_run_inside_the_network_as_the_builds_account() -> None:
    cloud = Cloud()
    stepped(cloud, "deploy", "migrate", "smoke")
    jobs = {call[3]: call for call in cloud.calls if call[:3] == ["run", "jobs", "deploy"]}
    assert set(jobs) == {"pulsepoint-migrate", "pulsepoint-smoke"}
    for job in jobs.values():
        assert {"--execute-now", "--wait", "--network", "--subnet"} <= set(job)
        assert job[job.index("--service-account") + 1] == "build@x"
        assert job[job.index("--image") + 1] == "images/gateway:new"
    # Only what leaves by the network counts as internal.
    assert jobs["pulsepoint-smoke"][jobs["pulsepoint-smoke"].index("--vpc-egress") + 1] == "all-traffic"
    assert rollout.OWNER_URL in jobs["pulsepoint-migrate"]


def test_a_failed_migration_or_candidate_changes_no_traffic() -> None:
    cloud = Cloud(lambda call: "pulsepoint-migrate" in call or "pulsepoint-smoke" in call)
    assert stepped(cloud, "migrate", "deploy", "smoke") == [1, 0, 1]
    assert cloud.live() == OLD


@pytest.mark.parametrize("broken", ["alerting", "pulsepoint-smoke"])
def test_a_shift_that_fails_is_rolled_back_everywhere(broken: str, capsys: pytest.CaptureFixture[str]) -> None:
    cloud = Cloud()
    stepped(cloud, "deploy")
    cloud.traffic["gateway"][0]["percent"], cloud.traffic["gateway"][1]["percent"] = 90, 10
    cloud._fails = lambda call: broken in call and f"{broken}-1=100" not in call and "describe" not in call
    assert stepped(cloud, "shift") == [1]
    assert cloud.live() == OLD | {"gateway-0"}
    assert [target["percent"] for target in cloud.traffic["gateway"]] == [90, 10, 0]
    assert "Rolled back: traffic is as it was." in capsys.readouterr().err


def test_a_service_that_cannot_be_rolled_back_is_named_and_the_others_are(capsys: pytest.CaptureFixture[str]) -> None:
    cloud = Cloud()
    stepped(cloud, "deploy")
    cloud._fails = lambda call: "pulsepoint-smoke" in call or "attribution-1=100" in call
    assert stepped(cloud, "shift") == [1]
    assert cloud.live() == OLD - {"attribution-1"} | {"attribution-2"}
    assert "['attribution']" in capsys.readouterr().err


def test_without_a_candidate_nothing_is_shifted() -> None:
    cloud = Cloud()
    assert stepped(cloud, "smoke", "shift") == [1, 1]
    assert cloud.live() == OLD


async def test_smoke_waits_until_a_service_is_ready_and_tells_who_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    answers = iter([503, 200])

    async def soon(request: Request) -> PlainTextResponse:
        return PlainTextResponse("", next(answers))

    async def never(request: Request) -> PlainTextResponse:
        return PlainTextResponse("", 404)

    app = Starlette(routes=[Route("/soon/readyz", soon), Route("/never/readyz", never)])
    async with serving(app) as address:
        assert await asyncio.to_thread(smoke.main, [f"{address}/soon/"], 30.0) == 0
        assert await asyncio.to_thread(smoke.main, [f"{address}/never"], 0.0) == 1
    assert await asyncio.to_thread(smoke.main, [address], 0.0) == 1
    assert smoke.main([]) == 2
    printed = capsys.readouterr()
    assert "Ready: http" in printed.out
    assert "/never is not ready: 404" in printed.err
