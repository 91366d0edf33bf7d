"""One dataset a tenant, made when first needed in the deployment's region, with its tables and views.

Which declarations (`warehouse.schema.fingerprint`) a dataset was brought to is remembered in labels of its first table,
one label each: an instance of the release before must not set the views back while both run. Not in the dataset's own
labels: the right to change those is the right to change who may read it.
https://cloud.google.com/bigquery/docs/datasets and https://cloud.google.com/bigquery/docs/labels-intro
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from google.api_core.exceptions import Conflict, NotFound
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from pulsepoint.adapters.bigquery.statements import APPENDED_AT, view_query
from pulsepoint.ports.clock import Clock
from pulsepoint.tenancy import TenantContext
from pulsepoint.warehouse import schema
from pulsepoint.warehouse.rows import tables_by_name
from pulsepoint.warehouse.syntax import tree_of

CLUSTERED_BY = ("brand_id", "entity")
SHARED_DATASET = "pulsepoint"
"""The deployment's own facts, those of the system tenant."""
MADE_AS = "declared_"
TABLES_ONLY = "tables_"
"""What a label begins with where a service that asks nothing made the tables and left the views to others."""
# A table takes 64 labels: https://cloud.google.com/bigquery/docs/labels-intro#requirements
REMEMBERED = 32
CALL_SECONDS = 20.0
KEPT_FROM = "kept_from"
"""Label of a view: the moment of the kept rows it reads, absent while it reads the whole history."""


def dataset_of(scope: TenantContext) -> str:
    """The dataset a scope's facts are in; the system tenant's are the deployment's own."""
    return SHARED_DATASET if scope.is_system else scope.schema


def declaration(made_as: str = MADE_AS) -> str:
    """Label of the first table of a dataset that has the tables, and the views, as they are declared now."""
    return made_as + sha256(f"1 {schema.fingerprint()}".encode()).hexdigest()[:16]


def marked_table(dataset: str) -> str:
    """The first table of a dataset, whose labels say what it was brought to."""
    return next(iter(tables_by_name(dataset == SHARED_DATASET)))


@dataclass(frozen=True, slots=True)
class Making:
    """The way datasets are made: where, encrypted by what (None: Google's own keys), open to whom (None: Google's way).

    `views` says whether who makes them may read, and so make views.
    """

    region: str
    kms_key: str | None = None
    access: Sequence[bigquery.AccessEntry] | None = None
    views: bool = True


class Datasets:
    """Makes datasets and knows where they lie; for threads, each dataset is made once at a time.

    `patience` is how many seconds a call is tried again while Google has trouble. Making a dataset again changes
    nothing. One that lies in another region already stays there, and is asked there.
    """

    def __init__(self, client: bigquery.Client, making: Making, clock: Clock, patience: float) -> None:
        self._client = client
        self._making_as = making
        self._clock = clock
        self._retry = DEFAULT_RETRY.with_timeout(patience)
        self._located: dict[str, str] = {}
        self._making: dict[str, threading.Lock] = {}
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="bigquery-make")

    def location_of(self, dataset: str) -> str | None:
        """The region of a dataset made or seen before, else None."""
        return self._located.get(dataset)

    def forget(self, dataset: str) -> None:
        """Look at a dataset again before it is used next."""
        self._located.pop(dataset, None)

    def ensure(self, dataset: str) -> str:
        """Make what is missing of a dataset; its location. Raises Google's errors."""
        with self._making.setdefault(dataset, threading.Lock()):
            located = self._located.get(dataset)
            if located is None:
                located = self._located[dataset] = self._make(dataset)
            return located

    def close(self) -> None:
        """End its threads."""
        self._pool.shutdown()

    def _make(self, dataset: str) -> str:
        marked = self._marked(dataset)
        if marked is not None and self._enough & marked.labels.keys():
            return str(marked.location)
        dataset_resource = self._get_or_create(dataset)
        shared = dataset == SHARED_DATASET
        reference = dataset_resource.reference
        self._each(lambda table: self._make_table(reference, table), tables_by_name(shared).values())
        if not shared and self._making_as.views:
            for wave in _waves(schema.views()):
                self._each(lambda view: self._make_view(reference, view), wave)
        self._remember(reference.table(marked_table(dataset)), marked.labels if marked is not None else {})
        return str(dataset_resource.location)

    @property
    def _enough(self) -> set[str]:
        """Labels that say that nothing is left to make."""
        return {declaration()} if self._making_as.views else {declaration(), declaration(TABLES_ONLY)}

    def _marked(self, dataset: str) -> bigquery.Table | None:
        reference = bigquery.DatasetReference(self._client.project, dataset).table(marked_table(dataset))
        try:
            return self._client.get_table(reference, retry=self._retry, timeout=CALL_SECONDS)
        except NotFound:
            return None

    def _get_or_create(self, dataset: str) -> bigquery.Dataset:
        reference = bigquery.DatasetReference(self._client.project, dataset)
        try:
            return self._client.get_dataset(reference, retry=self._retry, timeout=CALL_SECONDS)
        except NotFound:
            self._client.create_dataset(
                self._definition(reference), exists_ok=True, retry=self._retry, timeout=CALL_SECONDS
            )
            return self._client.get_dataset(reference, retry=self._retry, timeout=CALL_SECONDS)

    def _definition(self, reference: bigquery.DatasetReference) -> bigquery.Dataset:
        definition = bigquery.Dataset(reference)
        definition.location = self._making_as.region
        definition.description = "Facts and views of Pulsepoint; the program makes and changes them."
        definition.labels = {"app": "pulsepoint"}
        if self._making_as.access is not None:
            definition.access_entries = list(self._making_as.access)
        if self._making_as.kms_key:
            definition.default_encryption_configuration = bigquery.EncryptionConfiguration(self._making_as.kms_key)
        return definition

    def _make_table(self, dataset: bigquery.DatasetReference, declared: schema.Table) -> None:
        table = bigquery.Table(dataset.table(declared.name), schema=_fields(declared))
        table.time_partitioning = bigquery.TimePartitioning(field=APPENDED_AT)
        table.clustering_fields = list(CLUSTERED_BY)
        try:
            self._client.create_table(table, retry=self._retry, timeout=CALL_SECONDS)
        except Conflict:
            there = self._client.get_table(table.reference, retry=self._retry, timeout=CALL_SECONDS)
            brought = _brought_to(there.schema, table.schema)
            if brought != list(there.schema):
                there.schema = brought
                self._client.update_table(there, ["schema"], retry=self._retry, timeout=CALL_SECONDS)

    def _make_view(self, dataset: bigquery.DatasetReference, declared: schema.View) -> None:
        view = bigquery.Table(dataset.table(declared.name))
        view.view_query = view_query(declared, dataset.project, dataset.dataset_id)
        try:
            self._client.create_table(view, retry=self._retry, timeout=CALL_SECONDS)
        except Conflict:
            view.labels = {KEPT_FROM: None}
            self._client.update_table(view, ["view_query", "labels"], retry=self._retry, timeout=CALL_SECONDS)

    def _remember(self, marked: bigquery.TableReference, labels: Mapping[str, str]) -> None:
        # Without an etag: a patch adds its labels to those another instance sets meanwhile.
        labelled = bigquery.Table(marked)
        dated = sorted((day, label) for label, day in labels.items() if label.startswith((MADE_AS, TABLES_ONLY)))
        forgotten = dict.fromkeys((label for _, label in dated[: max(0, len(dated) + 1 - REMEMBERED)]), None)
        made_as = declaration(MADE_AS if self._making_as.views else TABLES_ONLY)
        labelled.labels = {**forgotten, made_as: f"{self._clock.now():%Y%m%d%H%M%S}"}
        self._client.update_table(labelled, ["labels"], retry=self._retry, timeout=CALL_SECONDS)

    def _each(self, make: Callable[[Any], None], what: Iterable[object]) -> None:
        list(self._pool.map(make, what))


def _fields(table: schema.Table) -> list[bigquery.SchemaField]:
    declared = [
        bigquery.SchemaField(column.name, column.type, "REQUIRED" if column.required else "NULLABLE")
        for column in table.columns
    ]
    sent = bigquery.SchemaField(APPENDED_AT, "TIMESTAMP", "REQUIRED", description="When the row was sent.")
    return [*declared, sent]


def _brought_to(
    there: Sequence[bigquery.SchemaField], declared: Sequence[bigquery.SchemaField]
) -> list[bigquery.SchemaField]:
    """The columns of a table made before, with those declared since and null where that is allowed by now.

    A column cannot be added as REQUIRED, and REQUIRED can be relaxed to NULLABLE alone:
    https://cloud.google.com/bigquery/docs/managing-table-schemas
    """
    relaxed = {field.name for field in declared if field.mode == "NULLABLE"}
    names = {field.name for field in there}
    kept = [_nullable(field) if field.name in relaxed and field.mode == "REQUIRED" else field for field in there]
    return [*kept, *(_nullable(field) for field in declared if field.name not in names)]


def _nullable(field: bigquery.SchemaField) -> bigquery.SchemaField:
    return bigquery.SchemaField(field.name, field.field_type, "NULLABLE", description=field.description)


def _waves(views: tuple[schema.View, ...]) -> Iterator[list[schema.View]]:
    """The views in groups, each of which reads only those of groups before."""
    from sqlglot import exp

    reads = {view.name: {table.name for table in tree_of(view.select).find_all(exp.Table)} for view in views}
    waiting = {view.name: view for view in views}
    while waiting:
        free = [view for name, view in waiting.items() if not reads[name] & (waiting.keys() - {name})]
        yield free
        for view in free:
            del waiting[view.name]
