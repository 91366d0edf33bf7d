"""The steps of a release on Cloud Run, as `cloudbuild.yaml` runs them; nothing but Python and gcloud is needed.

    release.py deploy SERVICE        a new revision without traffic, tagged `candidate`; its startup probe asks /readyz
    release.py migrate               bring the identity store to the newest version, in a job inside the network
    release.py smoke SERVICE…        ask every candidate's own address, from inside the network
    release.py shift SERVICE…        all traffic to the candidates, asked again there; back to what was on any failure

Services answer inside the project only, so what asks them is a Cloud Run job in the network:
https://cloud.google.com/run/docs/securing/ingress. Tagged revisions without traffic:
https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

CANDIDATE = "candidate"
NETWORK = ("--network", "pulsepoint", "--subnet", "pulsepoint-run")
OWNER_URL = "PULSEPOINT_IDENTITY_STORE_OWNER_URL=deploy-pulsepoint-identity-store-owner-url:latest"
Gcloud = Callable[[Sequence[str]], str]


class ReleaseFailed(Exception):
    """A step did not succeed; the message says which."""


def gcloud(arguments: Sequence[str]) -> str:
    """The text that gcloud prints; raises `ReleaseFailed` when it fails. Its own messages go to the build's log."""
    done = subprocess.run(["gcloud", *arguments], stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603, S607
    if done.returncode:
        raise ReleaseFailed(f"gcloud {' '.join(arguments[:4])} ended with {done.returncode}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Release:
    """One release of one tag to one region."""

    region: str
    images: str
    tag: str
    account: str
    run: Gcloud = gcloud

    def deploy(self, service: str) -> None:
        """Deploys a new image without traffic; settings stay those Terraform gave. Raises `ReleaseFailed`."""
        flags = ("--image", self._image(service), "--no-traffic", "--tag", CANDIDATE, "--quiet")
        self.run(["run", "deploy", service, "--region", self.region, *flags])

    def migrate(self) -> None:
        """Raises `ReleaseFailed` when the job fails; the services still run the release before."""
        command = ("--args", "-m,gateway.adapters.identity_store.migrate", "--set-secrets", OWNER_URL)
        self._job("pulsepoint-migrate", "private-ranges-only", *command)

    def smoke(self, services: Sequence[str]) -> None:
        """Raises `ReleaseFailed` unless every candidate is ready."""
        self._ask([self._candidate(service)["url"] for service in services])

    def shift(self, services: Sequence[str]) -> None:
        """All traffic to the candidates, or none: raises `ReleaseFailed` after everything is as it was."""
        before = {service: self._shares(service) for service in services}
        try:
            for service in services:
                self._send(service, f"{self._candidate(service)['revisionName']}=100")
            self._ask([self._service(service)["status"]["url"] for service in services])
        except ReleaseFailed:
            self._roll_back(before)
            raise

    def _roll_back(self, before: dict[str, str]) -> None:
        """Every service is tried, whatever becomes of the others."""
        stuck = []
        for service, shares in before.items():
            try:
                self._send(service, shares)
            except ReleaseFailed:
                stuck.append(service)
        print(f"Rolled back: traffic is as it was{f', but for {stuck}' if stuck else ''}.", file=sys.stderr)

    def _send(self, service: str, shares: str) -> None:
        flags = ("--to-revisions", shares, "--quiet")
        self.run(["run", "services", "update-traffic", service, "--region", self.region, *flags])

    def _ask(self, urls: Sequence[str]) -> None:
        """All of the job's traffic goes by the network: only so does it count as internal."""
        self._job("pulsepoint-smoke", "all-traffic", "--args", ",".join(["-m", "pulsepoint.runtime.smoke", *urls]))

    def _job(self, name: str, egress: str, *flags: str) -> None:
        place = ("--region", self.region, "--image", self._image("gateway"), "--service-account", self.account)
        limits = ("--max-retries", "0", "--task-timeout", "600s", "--execute-now", "--wait", "--quiet")
        command = ("--command", "/app/bin/python", *flags)
        self.run(["run", "jobs", "deploy", name, *place, *NETWORK, "--vpc-egress", egress, *command, *limits])

    def _image(self, service: str) -> str:
        return f"{self.images}/{service}:{self.tag}"

    def _service(self, service: str) -> dict[str, Any]:
        description = self.run(["run", "services", "describe", service, "--region", self.region, "--format", "json"])
        described: dict[str, object] = json.loads(description)
        return described

    def _candidate(self, service: str) -> dict[str, Any]:
        for target in self._service(service)["status"]["traffic"]:
            if target.get("tag") == CANDIDATE:
                return dict(target)
        raise ReleaseFailed(f"{service} has no candidate")

    def _shares(self, service: str) -> str:
        """The revisions that have the traffic now, as `update-traffic --to-revisions` takes it."""
        targets = self._service(service)["status"]["traffic"]
        return ",".join(f"{each['revisionName']}={each['percent']}" for each in targets if each.get("percent"))


def main(arguments: Sequence[str] | None = None, run: Gcloud = gcloud) -> int:
    """Runs one step; exit code 1 where it failed."""
    parser = argparse.ArgumentParser(prog="release.py", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("step", choices=("deploy", "migrate", "smoke", "shift"))
    parser.add_argument("services", nargs="*")
    for name in ("region", "images", "tag", "account"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args(arguments)
    release = Release(given.region, given.images, given.tag, given.account, run)
    try:
        if given.step == "deploy":
            for service in given.services:
                release.deploy(service)
        elif given.step == "migrate":
            release.migrate()
        elif given.step == "smoke":
            release.smoke(given.services)
        else:
            release.shift(given.services)
    except ReleaseFailed as failed:
        print(f"The release stops: {failed}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
