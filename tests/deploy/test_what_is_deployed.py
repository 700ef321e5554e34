"""The result of deploy.sh: permissions, settings of the functions, and secrets that stay secret."""

import json
import re

from pipeline.ffmpeg.limits import MAX_FILE_BYTES
from shared.media.probe import MAX_PROBES
from shared.media.readers import libav, mediainfo
from shared.storage.paths import BUCKET_TYPES
from tests.deploy.conftest import ACCESS_TOKEN, OPTIONS, SECRETS, Cloud


def test_no_secret_is_in_an_argument_in_the_output_or_where_it_is_not_needed(
    deployed: Cloud,
) -> None:
    for secret in (*SECRETS.values(), ACCESS_TOKEN):
        assert secret not in deployed.output
        assert not any(secret in argument for call in deployed.calls for argument in call)
    assert set((deployed.memory / "leaks").read_text().split()) == {"supabase"}


def test_each_account_has_only_the_permissions_that_its_function_needs(deployed: Cloud) -> None:
    def of(account: str) -> set[tuple[str, str]]:
        email = f"serviceAccount:{account}@reel-studio-1234.iam.gserviceaccount.com"
        grants = (grant.split(" ") for grant in deployed.grants)
        return {
            (resource.split("@")[0], role) for resource, member, role in grants if member == email
        }

    reads = "roles/secretmanager.secretAccessor"
    keys = {("editai-supabase-service-role-key", reads)}
    enqueues = {
        ("editai-jobs", "roles/cloudtasks.enqueuer"),
        ("editai-tasks", "roles/iam.serviceAccountUser"),
    }
    assert of("editai-worker") == keys | enqueues
    assert of("editai-lease-cleanup") == keys | enqueues
    assert of("editai-library") == keys | enqueues | {("editai-supabase-jwt-secret", reads)}
    assert of("editai-tasks") == {("editai-worker", "roles/run.invoker")}
    assert of("editai-scheduler") == {("editai-lease-cleanup", "roles/run.invoker")}
    assert of("editai-build") == {
        ("reel-studio-1234", "roles/artifactregistry.writer"),
        ("reel-studio-1234", "roles/logging.logWriter"),
        ("reel-studio-1234", "roles/storage.objectViewer"),
    }
    (reading,) = [call for call in deployed.calls if "--role=roles/storage.objectViewer" in call]
    bucket = "projects/_/buckets/gcf-v2-sources-123456789012-europe-west1"
    condition = f"expression=resource.name.startsWith('{bucket}'),title=editai-sources"
    assert f"--condition={condition}" in reading


def test_each_function_has_only_the_secrets_that_it_uses(deployed: Cloud) -> None:
    """Between the deployed functions, Google's ID tokens take the place of an internal secret."""
    key = "SUPABASE_SERVICE_ROLE_KEY=editai-supabase-service-role-key:1"
    of_users = "SUPABASE_JWT_SECRET=editai-supabase-jwt-secret:1"
    secrets = {
        name: deployed.function(name)["--set-secrets"]
        for name in ("library", "worker", "lease-cleanup")
    }
    assert secrets == {"library": f"{key},{of_users}", "worker": key, "lease-cleanup": key}


def test_a_token_without_signature_is_believed_only_where_strangers_cannot_send_one(
    deployed: Cloud,
) -> None:
    for name in ("worker", "lease_cleanup"):
        text = (deployed.checkout / f"build/{name}.env.yaml").read_text()
        ingress = deployed.function(name.replace("_", "-"))["--ingress-settings"]
        assert 'GOOGLE_OIDC_SIGNATURE_REMOVED: "true"' in text
        assert f'INGRESS_SETTINGS: "{ingress}"' in text
    assert "GOOGLE_OIDC" not in (deployed.checkout / "build/library.env.yaml").read_text()


def test_only_the_library_is_public(deployed: Cloud) -> None:
    for private in ("worker", "lease-cleanup"):
        flags = deployed.function(private)
        assert "--no-allow-unauthenticated" in flags
        assert flags["--ingress-settings"] == "internal-only"
    assert "--allow-unauthenticated" in deployed.function("library")
    open_to_all = [grant for grant in deployed.grants if "allUsers" in grant]
    assert open_to_all == ["editai-library allUsers roles/run.invoker"]


def test_the_sums_of_memory_count_the_limits_of_the_code(deployed: Cloud) -> None:
    """`deploy.sh` adds up what an instance's parts may take; these are the parts whose limits are in the code."""
    memory = (deployed.checkout / "deploy/memory.sh").read_text()
    mebibytes = {
        name: int(number) << 20
        for name, number in re.findall(r"^(\w+_BYTES)=\$\(\((\d+) \* MIB\)\)", memory, re.MULTILINE)
    }
    assert mebibytes["PROBE_BYTES"] == mediainfo.MEMORY_BYTES + libav.MEMORY_BYTES
    assert f"{MAX_PROBES} * PROBE_BYTES" in memory
    assert mebibytes["OUTPUT_BYTES"] == MAX_FILE_BYTES
    settings = (deployed.checkout / "build/worker.env.yaml").read_text()
    assert 'FFMPEG_MEMORY_BYTES: "3221225472"' in settings
    assert 'MAX_JOB_SOURCE_BYTES: "1500000000"' in settings
    assert deployed.function("worker")["--memory"] == "6Gi"
    assert deployed.function("library")["--memory"] == "2Gi"


def test_the_worker_s_timeout_is_the_longest_of_cloud_tasks(deployed: Cloud) -> None:
    assert deployed.function("worker")["--timeout"] == "1800s"


def test_an_attempt_ends_before_cloud_run_takes_its_cpu(deployed: Cloud) -> None:
    assert 'ATTEMPT_SECONDS: "1740"' in (deployed.checkout / "build/worker.env.yaml").read_text()


def test_the_functions_run_as_asgi_and_know_each_other(deployed: Cloud) -> None:
    settings = {
        name: (deployed.checkout / f"build/{name}.env.yaml").read_text()
        for name in ("library", "worker", "lease_cleanup")
    }
    worker = "https://editai-worker-123456789012.europe-west1.run.app"
    assert all('FUNCTION_USE_ASGI: "true"' in text for text in settings.values())
    assert f'WORKER_URL: "{worker}"' in settings["library"]
    assert f'WORKER_URL: "{worker}"' in settings["lease_cleanup"]
    assert f'WORKER_URL: "{worker}"' in settings["worker"], "for a job that it gives back"
    assert f'GOOGLE_OIDC_AUDIENCE: "{worker}"' in settings["worker"]


def test_a_list_of_origins_arrives_as_json(cloud: Cloud) -> None:
    cloud.deploy(CORS_ALLOWED_ORIGINS='["https://studio.example", "http://localhost:3000"]')

    text = (cloud.checkout / "build/library.env.yaml").read_text()
    line = re.search(r"^CORS_ALLOWED_ORIGINS: (.*)$", text, re.MULTILINE)
    assert line is not None
    # A double-quoted YAML scalar with these escapes is a JSON string too.
    assert json.loads(json.loads(line[1])) == ["https://studio.example", "http://localhost:3000"]


def test_the_functions_get_a_collector_s_address_if_one_is_set(deployed: Cloud) -> None:
    plan = deployed.deploy(
        *OPTIONS, "--dry-run", OTEL_EXPORTER_OTLP_ENDPOINT="https://otel.example"
    )

    assert plan.stdout.count('OTEL_EXPORTER_OTLP_ENDPOINT: "https://otel.example"') == 3
    assert "OTEL_" not in (deployed.checkout / "build/worker.env.yaml").read_text()


def test_a_collectors_key_is_a_secret_and_its_other_settings_are_passed_on(cloud: Cloud) -> None:
    key = "api-key=key-of-the-collector"
    with (cloud.memory / "secrets").open("a") as secrets:
        secrets.write(f"{key}\n")
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://otel.example"}
    (cloud.checkout / "reel.env").write_text("OTEL_TRACES_SAMPLER=always_on\n")
    options = (*OPTIONS, "--env-file", "reel.env")

    first = cloud.deploy(*options, **settings, OTEL_EXPORTER_OTLP_HEADERS=key)
    before = cloud.changes
    second = cloud.deploy(*options, **settings)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert cloud.changes == before
    for name in ("library", "worker", "lease-cleanup"):
        reference = "OTEL_EXPORTER_OTLP_HEADERS=editai-collector-headers:1"
        assert reference in cloud.function(name)["--set-secrets"]
        text = (cloud.checkout / f"build/{name.replace('-', '_')}.env.yaml").read_text()
        assert 'OTEL_TRACES_SAMPLER: "always_on"' in text
        assert "HEADERS" not in text
    assert key not in first.stdout + first.stderr
    assert not any(key in argument for call in cloud.calls for argument in call)
    assert set((cloud.memory / "leaks").read_text().split()) == {"supabase"}


def test_the_bucket_is_private_and_limited(deployed: Cloud) -> None:
    bucket = json.loads((deployed.memory / "bucket").read_text())
    assert bucket["public"] is False
    assert bucket["file_size_limit"] == 500_000_000
    assert bucket["allowed_mime_types"] == list(BUCKET_TYPES)
