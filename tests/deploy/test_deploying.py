"""deploy.sh against stand-ins for gcloud, supabase and curl that record what was created."""

import re

import pytest

from tests.deploy.conftest import OPTIONS, SECRETS, Cloud, was_killed

FUNCTIONS = ("library", "worker", "lease-cleanup")


def test_a_first_deployment_creates_everything(deployed: Cloud) -> None:
    made = {change.rsplit(" ", 1)[0] for change in deployed.changes}
    assert made >= {
        "supabase db",
        "POST",
        "create iam service-accounts",
        "create secrets",
        "secrets versions add",
        "create tasks queues",
        "functions deploy",
        "create scheduler jobs",
        "create logging metrics",
        "create monitoring dashboards",
        "create monitoring policies",
    }
    assert "The library is available at https://editai-library-123456789012" in deployed.output


def test_a_second_run_changes_nothing(deployed: Cloud) -> None:
    before = deployed.changes

    run = deployed.deploy()

    assert run.returncode == 0, run.stderr
    assert deployed.changes == before


def test_a_later_run_needs_no_secrets(deployed: Cloud) -> None:
    before = deployed.changes

    run = deployed.deploy(**dict.fromkeys(SECRETS, ""))

    assert run.returncode == 0, run.stderr
    assert deployed.changes == before


def test_a_run_killed_after_any_of_its_changes_is_completed_by_the_next_one(cloud: Cloud) -> None:
    kills = 0
    while was_killed(run := cloud.deploy(KILL_AFTER_EACH_CHANGE="yes")):
        kills += 1
        assert kills < 100

    assert run.returncode == 0, run.stderr
    made = cloud.changes
    # Once after each kind of change, and once more for each function that was active but could not be called yet.
    killed = (cloud.memory / "killed").read_text().splitlines()
    assert kills == len(killed) > 25
    assert {f"activate editai-{name}" for name in FUNCTIONS} < set(killed)
    # A function whose deployment was interrupted is deployed again; everything else is created once.
    again = sorted(change for change in set(made) if made.count(change) > 1)
    assert again == [
        *(f"functions deploy editai-{name}" for name in sorted(FUNCTIONS)),
        "supabase functions deploy start-job",
    ]


def test_a_changed_file_deploys_only_the_function_that_has_it(deployed: Cloud) -> None:
    before = len(deployed.changes)
    with (deployed.checkout / "functions" / "worker" / "main.py").open("a") as file:
        file.write("\n")

    deployed.deploy()

    assert deployed.changes[before:] == ["functions deploy editai-worker"]


def test_a_changed_edge_function_is_the_only_one_deployed_again(deployed: Cloud) -> None:
    before = len(deployed.changes)
    with (deployed.checkout / "supabase/functions/_shared/problem.ts").open("a") as file:
        file.write("\n")

    deployed.deploy()

    assert deployed.changes[before:] == [
        "supabase functions deploy start-job",
        "supabase secrets set EDITAI_FINGERPRINT",
    ]


def test_a_removed_edge_function_or_setting_is_restored(deployed: Cloud) -> None:
    before = len(deployed.changes)
    (deployed.memory / "edge-function").unlink()
    (deployed.memory / "edge-settings" / "LIBRARY_URL").unlink()

    deployed.deploy()

    assert deployed.changes[before:] == [
        "supabase secrets set LIBRARY_URL",
        "supabase functions deploy start-job",
    ]


def test_a_library_that_lost_its_public_access_gets_it_back(deployed: Cloud) -> None:
    before = len(deployed.changes)
    grants = deployed.memory / "grants"
    grants.write_text("".join(f"{grant}\n" for grant in deployed.grants if "allUsers" not in grant))

    run = deployed.deploy()

    assert run.returncode == 0, run.stderr
    assert deployed.changes[before:] == ["grant editai-library allUsers roles/run.invoker"]


@pytest.mark.parametrize(
    "call",
    [
        "secrets versions list editai-supabase-jwt-secret",
        "secrets versions access latest --secret=editai-supabase-service-role-key",
        "functions describe editai-worker",
        "tasks queues describe editai-jobs",
        "run services get-iam-policy editai-library",
        "services list",
    ],
)
def test_a_resource_that_could_not_be_read_is_not_taken_for_missing(
    deployed: Cloud, call: str
) -> None:
    before = deployed.changes
    (deployed.memory / "away").write_text(f"{call}\n")

    for secrets in (SECRETS, dict.fromkeys(SECRETS, "")):
        run = deployed.deploy(**secrets)

        assert run.returncode != 0, run.stdout
        assert "UNAVAILABLE: try again later" in run.stderr
        assert deployed.changes == before


def test_an_unreachable_storage_is_not_taken_for_a_missing_bucket(deployed: Cloud) -> None:
    before = deployed.changes
    (deployed.memory / "storage-away").touch()

    run = deployed.deploy()

    assert run.returncode == 1
    assert "could not read the current state: bucket editai" in run.stderr
    assert deployed.changes == before


def test_a_changed_secret_is_stored_and_reaches_the_functions_that_use_it(deployed: Cloud) -> None:
    before = len(deployed.changes)

    deployed.deploy(SUPABASE_JWT_SECRET="another-jwt-secret-of-the-test-long-enough")

    assert deployed.changes[before:] == [
        "secrets versions add editai-supabase-jwt-secret",
        "functions deploy editai-library",
    ]
    assert "editai-supabase-jwt-secret:2" in deployed.function("library")["--set-secrets"]


def test_a_changed_size_updates_the_queue_and_the_worker(deployed: Cloud) -> None:
    before = len(deployed.changes)

    deployed.deploy(WORKER_MAX_INSTANCES="4")

    assert deployed.changes[before:] == [
        "update tasks queues editai-jobs",
        "functions deploy editai-worker",
    ]


def test_a_dry_run_prints_the_plan_and_calls_nothing(cloud: Cloud) -> None:
    run = cloud.deploy(*OPTIONS, "--dry-run")

    assert run.returncode == 0, run.stderr
    assert cloud.calls == []
    assert not (cloud.checkout / "build").exists()
    for part in (
        "gcloud functions deploy",
        "supabase db push",
        "gcloud scheduler jobs create http",
    ):
        assert part in run.stdout
    for secret in SECRETS.values():
        assert secret not in run.stdout


def test_a_dry_run_prints_what_a_first_deployment_does(cloud: Cloud) -> None:
    def commands(output: str) -> list[str]:
        known = output.replace("PROJECT_NUMBER", "123456789012")
        lines = re.findall(r"^  \$ (.*)$", known, re.MULTILINE)
        return [re.sub(r"editai_fingerprint=[\w-]+", "", line) for line in lines]

    plan = cloud.deploy(*OPTIONS, "--dry-run").stdout
    planned = commands(plan)
    labels = re.findall(r"--update-labels=editai_fingerprint=(\S+)", plan)

    # Google's rule for the value of a label.
    assert all(re.fullmatch(r"[a-z0-9_-]{1,63}", label) for label in labels)
    assert len(labels) == len(FUNCTIONS)

    assert planned == commands(cloud.deploy().stdout)
