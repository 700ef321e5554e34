"""deploy.sh against stand-ins of gcloud, supabase and curl that remember what was made."""

import re

import pytest

from tests.deploy.conftest import OPTIONS, SECRETS, Cloud, was_killed

FUNCTIONS = ("library", "worker", "lease-cleanup")


def test_a_first_deployment_makes_everything(deployed: Cloud) -> None:
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
    }
    assert "The library answers at https://editai-library-123456789012" in deployed.output


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
    # Once after each change, and once more for each function that was active but open to nobody yet.
    assert kills == len(set(made)) + len(FUNCTIONS) > 30
    # A function whose deployment was cut short is deployed again; everything else is made once.
    again = sorted(change for change in set(made) if made.count(change) > 1)
    assert again == [
        *(f"functions deploy editai-{name}" for name in sorted(FUNCTIONS)),
        "supabase functions deploy start-job",
    ]


def test_a_changed_file_deploys_what_is_made_of_it_and_nothing_else(deployed: Cloud) -> None:
    before = len(deployed.changes)
    with (deployed.checkout / "functions" / "worker" / "main.py").open("a") as file:
        file.write("\n")

    deployed.deploy()

    assert deployed.changes[before:] == ["functions deploy editai-worker"]


def test_a_changed_edge_function_is_deployed_again_and_nothing_else(deployed: Cloud) -> None:
    before = len(deployed.changes)
    with (deployed.checkout / "supabase/functions/_shared/problem.ts").open("a") as file:
        file.write("\n")

    deployed.deploy()

    assert deployed.changes[before:] == [
        "supabase functions deploy start-job",
        "supabase secrets set EDITAI_FINGERPRINT",
    ]


def test_an_edge_function_or_a_setting_that_somebody_removed_comes_back(deployed: Cloud) -> None:
    before = len(deployed.changes)
    (deployed.memory / "edge-function").unlink()
    (deployed.memory / "edge-settings" / "LIBRARY_URL").unlink()

    deployed.deploy()

    assert deployed.changes[before:] == [
        "supabase secrets set LIBRARY_URL",
        "supabase functions deploy start-job",
    ]


def test_a_library_that_somebody_closed_is_opened_again(deployed: Cloud) -> None:
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
def test_what_could_not_be_read_is_not_taken_for_missing(deployed: Cloud, call: str) -> None:
    before = deployed.changes
    (deployed.memory / "away").write_text(f"{call}\n")

    for secrets in (SECRETS, dict.fromkeys(SECRETS, "")):
        run = deployed.deploy(**secrets)

        assert run.returncode != 0, run.stdout
        assert "UNAVAILABLE: try again later" in run.stderr
        assert deployed.changes == before


def test_a_storage_that_is_away_is_not_taken_for_one_without_a_bucket(deployed: Cloud) -> None:
    before = deployed.changes
    (deployed.memory / "storage-away").touch()

    run = deployed.deploy()

    assert run.returncode == 1
    assert "could not read what is there: bucket editai" in run.stderr
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


def test_destroy_removes_what_was_made_and_can_run_again(deployed: Cloud) -> None:
    first = deployed.deploy(*OPTIONS, "--destroy", "--yes")
    changes = deployed.changes
    second = deployed.deploy(*OPTIONS, "--destroy", "--yes")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert [f for f in (deployed.memory / "things").rglob("*") if f.is_file()] == []
    assert deployed.changes == changes
    assert "Left as they are: the Supabase project" in first.stdout


def test_destroy_names_what_it_could_not_remove_and_fails(deployed: Cloud) -> None:
    (deployed.memory / "away").write_text(
        "queues describe editai-jobs\nsecrets delete editai-internal-secret\n"
    )

    run = deployed.deploy(*OPTIONS, "--destroy", "--yes")

    assert run.returncode == 1
    assert (
        "tasks queues editai-jobs, secrets editai-internal-secret could not be removed"
        in run.stderr
    )
    left = [file for file in (deployed.memory / "things").rglob("*") if file.is_file()]
    assert {file.name.partition(".")[0] for file in left} == {
        "editai-jobs",
        "editai-internal-secret",
    }


def test_destroy_needs_a_login_and_a_project_that_is_there(deployed: Cloud) -> None:
    before = deployed.changes
    other = deployed.deploy("--project", "other-project-9", *OPTIONS[2:], "--destroy", "--yes")
    (deployed.memory / "logged-out").touch()
    logged_out = deployed.deploy(*OPTIONS, "--destroy", "--yes")

    assert (other.returncode, logged_out.returncode) == (1, 1)
    assert "there is no project other-project-9" in other.stderr
    assert "run 'gcloud auth login'" in logged_out.stderr
    assert deployed.changes == before


def test_destroy_without_a_terminal_asks_for_yes(cloud: Cloud) -> None:
    run = cloud.deploy(*OPTIONS, "--destroy")

    assert run.returncode == 1
    assert "add --yes" in run.stderr
    assert cloud.changes == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "--project takes a Google Cloud project id"),
        (("--project", "reel-studio-1234"), "--supabase-ref takes the 20 letters"),
        ((*OPTIONS, "--region", "Belgium"), "--region takes a region"),
        ((*OPTIONS, "--force"), "there is no option --force"),
        ((*OPTIONS, "--env-file", "nothing.env"), "there is no file nothing.env"),
        (("--project", "other-project-9", *OPTIONS[2:]), "there is no project other-project-9"),
        (
            (*OPTIONS[:3], "aaaaaaaaaaaaaaaaaaaa"),
            "Supabase shows no project aaaaaaaaaaaaaaaaaaaa to you",
        ),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_changed(
    cloud: Cloud, options: tuple[str, ...], message: str
) -> None:
    run = cloud.deploy(*(options or ("--region=europe-west1",)))

    assert run.returncode == 1
    assert message in run.stderr
    assert cloud.changes == []


def test_a_missing_login_permission_or_key_is_named(cloud: Cloud) -> None:
    (cloud.memory / "logged-out").touch()
    assert "run 'gcloud auth login'" in cloud.deploy().stderr
    (cloud.memory / "logged-out").unlink()

    for permission in ("cloudtasks.queues.setIamPolicy", "secretmanager.versions.access"):
        (cloud.memory / "missing-permission").write_text(permission)
        refusal = cloud.deploy().stderr
        assert f"your account lacks {permission} on" in refusal
        assert "roles/cloudtasks.admin, roles/iam.serviceAccountAdmin" in refusal
    (cloud.memory / "missing-permission").unlink()

    run = cloud.deploy(SUPABASE_SERVICE_ROLE_KEY="")
    assert "SUPABASE_SERVICE_ROLE_KEY is needed for the first deployment" in run.stderr
    assert cloud.changes == []


def test_settings_come_from_a_file_which_is_not_run(cloud: Cloud) -> None:
    file = cloud.checkout / "reel.env"
    file.write_text(
        "# the studio\nPROJECT=reel-studio-1234\nSUPABASE_REF=abcdefghijklmnopqrst\n"
        "REGION=\"us-east1\"\nQUEUE='$(touch run)'\n"
    )

    run = cloud.deploy("--env-file", "reel.env", "--region", "europe-north1", "--dry-run")

    assert run.returncode == 0, run.stderr
    assert "europe-north1" in run.stdout
    assert "queues create \\$\\(touch\\ run\\)" in run.stdout
    assert "us-east1" not in run.stdout
    assert not (cloud.checkout / "run").exists()


def test_help_is_for_people(cloud: Cloud) -> None:
    run = cloud.deploy("--help")

    assert run.returncode == 0
    assert "--dry-run    print every command" in run.stdout
    assert "shellcheck" not in run.stdout


def test_a_setting_that_nobody_knows_is_refused(cloud: Cloud) -> None:
    (cloud.checkout / "reel.env").write_text("PROJCT=reel-studio-1234\n")

    run = cloud.deploy("--env-file", "reel.env")

    assert "no setting: PROJCT" in run.stderr
