"""Rights to facts: given on each tenant's dataset, written there by whoever makes it, and on no project.

A dataset's access list is given once, when it is made: what stands in it replaces the default, which would make its
maker the owner. Nobody but the project's owners may change it afterwards, since no role here holds
`bigquery.datasets.update`, with which a service could give itself any right: they bring the datasets of before to a
changed list with `python -m deploy.release.dataset_rights`.
https://cloud.google.com/bigquery/docs/access-control-basic-roles#dataset-basic-roles and
https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets#Dataset (`access[]`)
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from google.cloud import bigquery


class Right(StrEnum):
    """Rights of a service in a dataset: to ask, to append facts of its own, or to do both and keep the current rows."""

    READ = "read"
    APPEND = "append"
    KEEP = "keep"


_READING = ("bigquery.tables.get", "bigquery.tables.getData", "bigquery.tables.list")
_APPENDING = (
    "bigquery.tables.create",
    "bigquery.tables.get",
    "bigquery.tables.update",
    "bigquery.tables.updateData",
)
PERMISSIONS: Mapping[Right, tuple[str, ...]] = {
    Right.READ: ("bigquery.datasets.get", *_READING),
    Right.APPEND: ("bigquery.datasets.get", *_APPENDING),
    Right.KEEP: ("bigquery.datasets.get", "bigquery.tables.delete", *sorted({*_READING, *_APPENDING})),
}
"""What the role of each right permits. A table is made and given new columns by whoever appends to it; a view takes
reading what it shows as well (https://cloud.google.com/bigquery/docs/views#required_permissions)."""
ROLES: Mapping[Right, str] = {
    Right.READ: "pulsepointFactsReader",
    Right.APPEND: "pulsepointFactsAppender",
    Right.KEEP: "pulsepointFactsKeeper",
}
"""The project's custom role of each right."""
TENANT_RIGHTS: Mapping[str, tuple[Right, ...]] = {
    "ingest-shopify": (Right.READ, Right.APPEND),
    "ingest-ads": (Right.APPEND,),
    "attribution": (Right.READ, Right.APPEND),
    "inventory-intel": (Right.READ, Right.APPEND),
    "ai-advisor": (Right.READ, Right.APPEND),
    "alerting": (Right.READ, Right.APPEND),
    "gateway": (Right.KEEP,),
}
"""What each service may do in a tenant's dataset."""
SHARED_RIGHTS: Mapping[str, tuple[Right, ...]] = {"gateway": (Right.READ, Right.APPEND)}
"""What services may do in the deployment's own dataset, which Terraform makes."""


PREFIX_OF_ACCOUNTS = "pulsepoint-"


def account_of(service: str) -> str:
    """The id of a service's account, before the `@`."""
    return PREFIX_OF_ACCOUNTS + service


def asks(service: str) -> bool:
    """True where a service may ask questions, and so make the views that answer them."""
    return any(right is not Right.APPEND for right in TENANT_RIGHTS[service])


def access_list(project: str, accounts_project: str) -> list[bigquery.AccessEntry]:
    """The list of a new tenant's dataset in `project`: owners, then services with accounts in `accounts_project`."""
    owners = bigquery.AccessEntry("OWNER", "specialGroup", "projectOwners")  # a dataset must have an owner
    return [
        owners,
        *(
            bigquery.AccessEntry(
                f"projects/{project}/roles/{ROLES[right]}",
                "userByEmail",
                f"{account_of(service)}@{accounts_project}.iam.gserviceaccount.com",
            )
            for service, rights in TENANT_RIGHTS.items()
            for right in rights
        ),
    ]
