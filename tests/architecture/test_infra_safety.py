"""What Terraform makes is closed, least in rights, free of secrets, and all in one region."""

from __future__ import annotations

import re
import shutil
from importlib import import_module
from itertools import chain
from typing import Any

import pytest
from pydantic import AliasChoices

from deploy.local import schedule
from deploy.release import infra_catalog
from pulsepoint.adapters.bigquery.access import ROLES as FACT_ROLES
from pulsepoint.adapters.bigquery.access import Right
from pulsepoint.events.catalog import SERVICES
from pulsepoint.runtime.settings import ServiceSettings
from tests.builders.terraform import INFRA, Resource, blocks, evaluate, expanded, of_type, resources, sole

pytestmark = [
    pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed"),
    pytest.mark.slow,
]
SERVICE = "google_cloud_run_v2_service.service"
ELSEWHERE = "asia-northeast3"
"""A region that stands nowhere in the files: what lies there took it from the variable."""

ROLES = {
    "google_artifact_registry_repository_iam_member": {"roles/artifactregistry.writer"},
    "google_bigquery_dataset_iam_member": {
        "roles/bigquery.dataEditor",  # of Pub/Sub's agent, in its archive
        *(
            f"ref:google_project_iam_custom_role.facts[{role}].id"
            for role in (FACT_ROLES[Right.READ], FACT_ROLES[Right.APPEND])
        ),
    },
    "google_kms_crypto_key_iam_member": {"roles/cloudkms.cryptoKeyEncrypterDecrypter"},
    "google_pubsub_subscription_iam_member": {"roles/pubsub.subscriber"},
    "google_pubsub_topic_iam_member": {"roles/pubsub.publisher"},
    "google_secret_manager_secret_iam_member": {"roles/secretmanager.secretAccessor"},
    "google_service_account_iam_member": {
        "roles/iam.serviceAccountOpenIdTokenCreator",
        "roles/iam.serviceAccountUser",
    },
    "google_storage_bucket_iam_member": {"roles/storage.objectUser", "roles/storage.objectViewer"},
}
PROJECT_ROLES = {
    "queries": "roles/bigquery.jobUser",
    "dataset_maker": "ref:google_project_iam_custom_role.dataset_maker.id",
    "documents": "roles/datastore.user",
    "secret_maker": "ref:google_project_iam_custom_role.secret_maker.id",
    "secret_keeper": "ref:google_project_iam_custom_role.secret_keeper.id",
    "secret_reader": "roles/secretmanager.secretAccessor",
    "traces": "roles/telemetry.tracesWriter",
}
UNCONDITIONAL = {"queries", "dataset_maker", "secret_maker", "traces", "build"}
"""Rights over the project that a name cannot narrow: to run jobs, to make what has no name yet, to write traces."""

REGION_OF = {
    "google_artifact_registry_repository": "location",
    "google_bigquery_dataset": "location",
    "google_cloud_run_v2_service": "location",
    "google_cloud_scheduler_job": "region",
    "google_compute_region_network_endpoint_group": "region",
    "google_compute_subnetwork": "region",
    "google_firestore_database": "location_id",
    "google_kms_key_ring": "location",
    "google_logging_project_bucket_config": "location",
    "google_redis_instance": "region",
    "google_sql_database_instance": "region",
    "google_storage_bucket": "location",
}
NO_PLACE = re.compile(
    r"_iam_|^google_(billing|compute_(backend|firewall|global|managed|network|security|ssl|target|url)|logging|monitoring|project|service)"
)
"""Types that hold no data: rights, addresses, rules, what is watched."""
PLAIN = {
    "google_cloud_scheduler_job",
    "google_compute_region_network_endpoint_group",
    "google_compute_subnetwork",
    "google_kms_key_ring",
    "google_logging_project_bucket_config",
}
"""Of these, types that keep nothing of people or shops: logs name tenants and kinds alone."""
WITHIN = {
    "google_bigquery_table": "dataset_id",
    "google_firestore_backup_schedule": "database",
    "google_firestore_field": "database",
    "google_firestore_index": "database",
    "google_kms_crypto_key": "key_ring",
    "google_pubsub_subscription": "topic",
    "google_secret_manager_secret_version": "secret",
    "google_sql_database": "instance",
}
"""Types that lie where what they are part of lies."""


def iam_members() -> list[Resource]:
    """Every grant of a role."""
    return [
        resource for resource in resources() if resource.type.endswith(("_iam_member", "_iam_binding", "_iam_policy"))
    ]


def test_only_the_load_balancer_is_public() -> None:
    ingress = expanded(sole(SERVICE), "ingress")
    public = {name for name, setting in ingress.items() if setting == "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"}
    assert public == {"gateway", "ingest-shopify"}
    assert {ingress[name] for name in set(SERVICES) - public} == {"INGRESS_TRAFFIC_INTERNAL_ONLY"}
    balanced = expanded(sole("google_compute_region_network_endpoint_group.public"), "cloud_run", "service")
    assert set(balanced.values()) == public
    assert expanded(sole("google_compute_backend_service.public"), "security_policy") == dict.fromkeys(
        public, "ref:google_compute_security_policy.edge.id"
    )


def test_nothing_is_granted_to_everyone() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(INFRA.glob("*.tf")))
    code = re.sub(r"#.*", "", text)
    assert "allUsers" not in code and "allAuthenticatedUsers" not in code
    for bucket in of_type("google_storage_bucket"):
        assert expanded(bucket, "public_access_prevention")[""] == "enforced"


def test_databases_have_no_public_address_and_encrypt_every_connection() -> None:
    identity_store = sole("google_sql_database_instance.ledger")
    assert expanded(identity_store, "settings", "ip_configuration", "ipv4_enabled")[""] is False
    assert expanded(identity_store, "settings", "ip_configuration", "ssl_mode")[""] == "ENCRYPTED_ONLY"
    cache = sole("google_redis_instance.cache")
    assert expanded(cache, "auth_enabled")[""] is True
    assert expanded(cache, "transit_encryption_mode")[""] == "SERVER_AUTHENTICATION"


def test_the_edge_speaks_nothing_below_tls_1_2() -> None:
    policy = sole("google_compute_ssl_policy.modern")
    assert (expanded(policy, "min_tls_version")[""], expanded(policy, "profile")[""]) == ("TLS_1_2", "RESTRICTED")
    proxy = expanded(sole("google_compute_target_https_proxy.public"), "ssl_policy")[""]
    assert proxy == "ref:google_compute_ssl_policy.modern.id"


def test_no_rule_over_the_content_judges_signed_webhooks() -> None:
    edge = sole("google_compute_security_policy.edge").body
    rules = [text for block in blocks(edge) for text in block.values() if "evaluatePreconfigured" in str(text)[:200]]
    assert [text for text in rules if isinstance(text, str)] and all(
        text.startswith('"${local.spared} && ') for text in rules if isinstance(text, str)
    )
    priorities = evaluate({"waf": "local.waf", "limits": "local.limits", "spared": "local.spared"})
    spared = priorities["spared"]
    assert "!request.path.startsWith('/webhooks/')" in spared
    # Cloud Armor takes five conditions an expression: https://cloud.google.com/armor/quotas
    assert spared.count("&&") + 2 <= 5
    assert max(priorities["waf"].values()) < min(limit["priority"] for limit in priorities["limits"].values())


def test_each_service_has_an_account_of_its_own() -> None:
    accounts = expanded(sole(SERVICE), "template", "service_account")
    assert accounts == {name: f"ref:google_service_account.service[{name}].email" for name in SERVICES}
    assert all(
        6 <= len(account) <= 30 for account in expanded(sole("google_service_account.service"), "account_id").values()
    )


def test_every_role_is_on_the_list() -> None:
    for member in iam_members():
        assert member.type.endswith("_iam_member"), f"{member.address} replaces what others granted"
        roles = set(expanded(member, "role").values())
        if member.type != "google_project_iam_member":
            assert roles <= ROLES[member.type], member.address
        elif member.name == "build":
            assert roles == {"roles/logging.logWriter", "roles/run.developer"}
        else:
            assert roles == {PROJECT_ROLES[member.name]}, member.address
        assert not roles & {"roles/owner", "roles/editor", "roles/viewer"}


def test_rights_over_the_project_are_narrowed_by_name_where_names_exist() -> None:
    for member in of_type("google_project_iam_member"):
        assert ("condition" in member.body) == (member.name not in UNCONDITIONAL), member.address
    keepers = expanded(sole("google_project_iam_member.secret_keeper"), "condition", "expression")
    assert all(f"pulsepoint-{'0' * 32}-" in condition for name, condition in keepers.items() if name != "gateway")
    assert keepers["gateway"].endswith("/secrets/pulsepoint-')")


def test_no_custom_role_may_change_rights() -> None:
    for role in of_type("google_project_iam_custom_role"):
        for permission in chain.from_iterable(expanded(role, "permissions").values()):
            assert re.fullmatch(r"(bigquery|secretmanager)\.[a-z]+\.[A-Za-z]+", permission)
            assert not permission.endswith(("setIamPolicy", ".actAs")) and "*" not in permission
            # The first changes a dataset's access list: https://cloud.google.com/bigquery/docs/updating-datasets
            assert permission not in ("bigquery.datasets.update", "bigquery.datasets.delete")


def test_secrets_of_the_deployment_are_out_of_reach_of_the_right_to_the_product_s() -> None:
    names = [*expanded(sole("google_secret_manager_secret.deployment"), "secret_id").values(), "deploy-redis-ca"]
    assert all(name.startswith("deploy-") for name in names)
    readers = evaluate({"readers": "local.secret_readers"})["readers"]
    assert readers["DATABASE_URL"] == readers["SECRET_KEY"] == readers["PULSEPOINT_ADMIN_PASSWORD"] == ["gateway"]
    assert readers["PULSEPOINT_SHOPIFY_API_SECRET"] == ["ingest-shopify"]


def test_the_first_secrets_are_those_terraform_makes_and_none_is_left_out() -> None:
    script = (INFRA / "first_secrets.sh").read_text(encoding="utf-8")
    put = set(re.findall(r"\bput (deploy-[a-z-]+)", script))
    assert put == set(expanded(sole("google_secret_manager_secret.deployment"), "secret_id").values())
    assert "terraform output -raw region" in script and "echo $" not in script


def test_no_secret_is_written_in_plain_text() -> None:
    secretive = re.compile(r"(password|secret_data|auth_token|private_key|root_password)(_wo)?$")
    written = {
        f"{resource.address}.{name}"
        for resource in resources()
        for block in blocks(resource.body)
        for name in block
        if secretive.search(name)
    }
    # The certificate of Redis's own authority, which is public.
    assert written == {"google_secret_manager_secret_version.redis_ca.secret_data"}
    environments = evaluate({"environments": "local.environments", "secrets": "local.secret_readers"})
    secret = set(environments["secrets"])
    assert all(not secret & set(plain) for plain in environments["environments"].values())
    keys = re.compile(r"AKIA[0-9A-Z]{16}|AIza[\w-]{35}|-----BEGIN|sk-[\w-]{20}|shpss_|xox[bp]-|[0-9a-f]{40}")
    for path in [*INFRA.glob("*.tf"), *INFRA.glob("*.tfvars"), INFRA / "catalog.json"]:
        assert not keys.search(path.read_text(encoding="utf-8")), path.name


def test_one_key_encrypts_all_that_is_kept() -> None:
    environments = evaluate({"e": "local.environments"})["e"]
    assert {each["PULSEPOINT_KMS_KEY"] for each in environments.values()} == {"ref:google_kms_crypto_key.data.id"}
    for resource in of_type(*REGION_OF, "google_pubsub_topic", "google_secret_manager_secret"):
        if resource.type not in PLAIN:
            assert "google_kms_crypto_key.data.id" in str(resource.body), resource.address


def test_all_data_lies_in_the_one_region() -> None:
    for resource in resources():
        if resource.type in REGION_OF:
            regions = expanded(resource, REGION_OF[resource.type], region=ELSEWHERE)
            assert set(regions.values()) == {ELSEWHERE}, resource.address
        elif resource.type in WITHIN:
            assert all("ref:google_" in regions for regions in expanded(resource, WITHIN[resource.type]).values())
        elif resource.type == "google_pubsub_topic":
            kept = expanded(resource, "message_storage_policy", "allowed_persistence_regions", region=ELSEWHERE)
            assert all(regions == [ELSEWHERE] for regions in kept.values())
        elif resource.type == "google_secret_manager_secret":
            replicas = expanded(resource, "replication", "user_managed", "replicas", "location", region=ELSEWHERE)
            assert set(replicas.values()) == {ELSEWHERE}
        else:
            assert NO_PLACE.search(resource.type), f"where does {resource.address} keep its data?"
    backups = sole("google_sql_database_instance.ledger")
    assert expanded(backups, "settings", "backup_configuration", "location", region=ELSEWHERE)[""] == ELSEWHERE
    assert evaluate({"e": "local.environments"}, region=ELSEWHERE)["e"]["gateway"]["GCP_REGION"] == ELSEWHERE


def test_no_file_names_a_region() -> None:
    region = re.compile(r"\b(africa|asia|australia|europe|me|northamerica|southamerica|us)-[a-z]+\d\b")
    for path in INFRA.glob("*.tf"):
        code = re.sub(r'#.*|description = ".*"|error_message = ".*"', "", path.read_text(encoding="utf-8"))
        assert not region.search(code), path.name


def test_what_is_kept_can_be_brought_back() -> None:
    identity_store, documents = (
        sole("google_sql_database_instance.ledger"),
        sole("google_firestore_database.documents"),
    )
    assert expanded(identity_store, "settings", "availability_type")[""] == "REGIONAL"
    assert expanded(identity_store, "settings", "backup_configuration", "enabled")[""] is True
    assert expanded(identity_store, "settings", "backup_configuration", "point_in_time_recovery_enabled")[""] is True
    assert expanded(identity_store, "deletion_protection")[""] is True
    assert expanded(documents, "point_in_time_recovery_enablement")[""] == "POINT_IN_TIME_RECOVERY_ENABLED"
    assert expanded(documents, "delete_protection_state")[""] == "DELETE_PROTECTION_ENABLED"


@pytest.mark.parametrize("tfvars", ["starter.tfvars", "prod.tfvars"])
def test_every_service_has_a_size(tfvars: str) -> None:
    sizes = evaluate({"sizes": "var.services"}, tfvars=tfvars)["sizes"]
    assert set(sizes) == set(SERVICES)
    for size in sizes.values():
        assert 0 <= size["min_instances"] <= size["max_instances"]
        # More than one request at a time takes a whole core: https://cloud.google.com/run/docs/configuring/services/cpu
        assert float(size["cpu"]) >= 1


def test_only_the_gateway_keeps_its_processor_between_requests() -> None:
    idle = expanded(sole(SERVICE), "template", "containers", "resources", "cpu_idle")
    assert idle == {name: name != "gateway" for name in SERVICES}
    environments = evaluate({"environments": "local.environments"})["environments"]
    assert {name for name in SERVICES if "PULSEPOINT_CPU_BETWEEN_REQUESTS" in environments[name]} == {"gateway"}


def test_the_scheduler_asks_only_for_tasks_that_services_know() -> None:
    job = sole("google_cloud_scheduler_job.task")
    addresses, paused = expanded(job, "http_target", "uri"), expanded(job, "paused")
    for key, address in addresses.items():
        service, _, task = address.partition("[")[2].partition("].uri/tasks/")
        assert paused[key] == (task not in infra_catalog.tasks_of(service))
    assert not any(paused.values())
    schedules = expanded(job, "schedule")
    assert {key for key, cron in schedules.items() if cron == "* * * * *"} == {f"sweep-{name}" for name in SERVICES}
    scheduled = {key.partition("-")[0]: cron for key, cron in schedules.items() if not key.startswith("sweep-")}
    assert scheduled == {each.task: f"0 {'*' if each.hour is None else each.hour} * * *" for each in schedule.JOBS}
    assert scheduled == {"sync": "0 * * * *", "refresh": "0 1 * * *", "analysis": "0 2 * * *"}


def test_services_are_probed_where_they_answer() -> None:
    for probe, path in (("startup_probe", "/readyz"), ("liveness_probe", "/healthz")):
        paths = expanded(sole(SERVICE), "template", "containers", probe, "http_get", "path")
        assert paths == dict.fromkeys(SERVICES, path)


def test_every_variable_of_a_service_is_one_of_its_settings() -> None:
    variables = evaluate({"plain": "local.environments", "secret": "local.secrets_of"})
    for name in SERVICES:
        given = {*variables["plain"][name], *variables["secret"][name]} - {"OTEL_EXPORTER_OTLP_ENDPOINT"}
        settings = import_module(f"{name.replace('-', '_')}.settings").Settings
        assert given <= variables_of(settings), name


def test_a_deployment_chooses_how_long_bodies_are_kept_and_any_other_setting_of_a_service() -> None:
    chosen = {"gateway": {"PULSEPOINT_REQUESTS_PER_MINUTE": "300"}}
    plain = evaluate({"plain": "local.environments"}, quarantine_days=60, extra_settings=chosen)["plain"]
    assert {plain[name]["PULSEPOINT_QUARANTINE_TTL_DAYS"] for name in SERVICES} == {"60"}
    assert [name for name in SERVICES if "PULSEPOINT_REQUESTS_PER_MINUTE" in plain[name]] == ["gateway"]


def variables_of(settings: type[ServiceSettings]) -> set[str]:
    """Environment variables a settings class reads."""
    names: set[str] = set()
    for field, info in settings.model_fields.items():
        alias: Any = info.validation_alias
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias] if alias else [f"pulsepoint_{field}"]
        names |= {str(choice).upper() for choice in choices}
    return names


def test_a_service_s_images_and_traffic_are_the_release_s_business() -> None:
    ignored = next(iter(sole(SERVICE).body["lifecycle"]))["ignore_changes"]
    assert {"traffic", "template[0].containers[0].image"} <= {text.removeprefix("${").rstrip("}") for text in ignored}


def test_without_a_release_there_are_no_services_and_nothing_that_needs_them() -> None:
    for address in (SERVICE, "google_pubsub_subscription.event", "google_cloud_scheduler_job.task"):
        assert expanded(sole(address), "name", release="") == {}
    assert len(expanded(sole("google_pubsub_topic.event"), "name", release="")) > 5


def test_every_exception_from_checkov_says_why() -> None:
    skips = [line for path in INFRA.glob("*.tf") for line in path.read_text().splitlines() if "checkov:skip" in line]
    assert skips and all(re.search(r"checkov:skip=CKV2?_GCP_\d+:.{40,}", line) for line in skips)


def test_every_alert_says_what_to_do() -> None:
    for alert in evaluate({"alerts": "local.alerts"})["alerts"].values():
        assert len(alert["act"]) > 20 and alert["severity"] in {"CRITICAL", "ERROR", "WARNING"}
