"""Gives the datasets of tenants the rights of this code: `python -m deploy.release.dataset_rights PROJECT`.

Who may do what in a tenant's dataset is written there when it is made, and no service may change it: one that is added
later, or may do more, has no right in those made before. An owner of the project runs this after Terraform has made the
accounts and roles, and before the release that needs them. `--check` changes nothing and exits with 1 where a right is
missing; `--withdraw`, after the release, takes away what the code gives no longer. What others were given stays.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from google.cloud import bigquery

from pulsepoint.adapters.bigquery.access import PREFIX_OF_ACCOUNTS, ROLES, access_list
from pulsepoint.tenancy import SCHEMA_PREFIX

Grant = tuple[str, str, str]
"""Role, kind of holder, holder."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Rights in one dataset: those that the code gives and it lacks, and those that the code gives no longer."""

    dataset: str
    missing: tuple[Grant, ...]
    withdrawn: tuple[Grant, ...]


def differences(client: bigquery.Client, accounts_project: str) -> Iterator[tuple[bigquery.Dataset, Difference]]:
    """Pairs of each tenant's dataset whose rights are not the code's, and how they differ; raises Google's errors."""
    given = {_grant(entry): entry for entry in access_list(client.project, accounts_project)}
    for listed in client.list_datasets():
        if not listed.dataset_id.startswith(SCHEMA_PREFIX):
            continue
        dataset = client.get_dataset(listed.reference)
        there = {_grant(entry) for entry in dataset.access_entries}
        withdrawn = tuple(sorted(g for g in there - given.keys() if _is_ours(g, client.project, accounts_project)))
        missing = tuple(sorted(given.keys() - there))
        if missing or withdrawn:
            yield dataset, Difference(dataset.dataset_id, missing, withdrawn)


def mend(client: bigquery.Client, accounts_project: str, *, withdraw: bool = False) -> list[Difference]:
    """Adds what is missing, and takes away with `withdraw` what the code gives no longer; what differed before.

    Each dataset is changed in one step that fails where somebody else changes it meanwhile. Raises Google's errors.
    """
    given = {_grant(entry): entry for entry in access_list(client.project, accounts_project)}
    done = []
    for dataset, difference in differences(client, accounts_project):
        gone = set(difference.withdrawn) if withdraw else set()
        kept = [entry for entry in dataset.access_entries if _grant(entry) not in gone]
        if difference.missing or gone:
            dataset.access_entries = [*kept, *(given[grant] for grant in difference.missing)]
            client.update_dataset(dataset, ["access_entries"])
        done.append(difference)
    return done


def _grant(entry: bigquery.AccessEntry) -> Grant:
    return str(entry.role), str(entry.entity_type), str(entry.entity_id)


def _is_ours(grant: Grant, project: str, accounts_project: str) -> bool:
    """True for one of the product's roles in the hand of one of its accounts."""
    role, _, holder = grant
    own = holder.startswith(PREFIX_OF_ACCOUNTS) and holder.endswith(f"@{accounts_project}.iam.gserviceaccount.com")
    return own and role in {f"projects/{project}/roles/{name}" for name in ROLES.values()}


def main() -> int:
    """Prints what differs by dataset; exit code 1 where `--check` finds a right that is missing."""
    parser = argparse.ArgumentParser(prog="deploy.release.dataset_rights", description=__doc__)
    parser.add_argument("project", help="the project of the datasets")
    parser.add_argument("--accounts", help="the project of the services' accounts, where it is another")
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--withdraw", action="store_true", help="take away what the code gives no longer")
    options = parser.parse_args()
    client, accounts = bigquery.Client(project=options.project), options.accounts or options.project
    if options.check:
        lacking = [difference for _, difference in differences(client, accounts)]
    else:
        lacking = mend(client, accounts, withdraw=options.withdraw)
    for each in lacking:
        words = f"{len(each.missing)} rights missing, {len(each.withdrawn)} no longer given"
        print(f"{each.dataset}: {words}")
    return int(options.check and any(each.missing for each in lacking))


if __name__ == "__main__":
    sys.exit(main())
