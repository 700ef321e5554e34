"""The options and settings files of deploy.sh, and the errors for invalid ones."""

import pytest

from tests.deploy.conftest import OPTIONS, Cloud


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
            "your Supabase account cannot see project aaaaaaaaaaaaaaaaaaaa",
        ),
    ],
)
def test_invalid_options_are_reported_before_anything_is_changed(
    cloud: Cloud, options: tuple[str, ...], message: str
) -> None:
    run = cloud.deploy(*(options or ("--region=europe-west1",)))

    assert run.returncode == 1
    assert message in run.stderr
    assert cloud.changes == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"WORKER_MEMORY": "4Gi"}, "WORKER_MEMORY=4Gi is too small: its parts may take 5422 MiB"),
        ({"WORKER_CONCURRENCY": "2"}, "WORKER_MEMORY=6Gi is too small"),
        ({"MAX_FILE_BYTES": "2000000000"}, "LIBRARY_MEMORY=2Gi is too small"),
        ({"LIBRARY_MEMORY": "a lot"}, "LIBRARY_MEMORY takes a size such as 6Gi, not 'a lot'"),
    ],
)
def test_settings_that_do_not_fit_an_instance_s_memory_are_refused(
    cloud: Cloud, settings: dict[str, str], message: str
) -> None:
    run = cloud.deploy(**settings)

    assert run.returncode == 1
    assert message in run.stderr
    assert cloud.changes == []


def test_a_missing_login_permission_or_key_is_named(cloud: Cloud) -> None:
    (cloud.memory / "logged-out").touch()
    assert "run 'gcloud auth login'" in cloud.deploy().stderr
    (cloud.memory / "logged-out").unlink()

    for permission in ("cloudtasks.queues.setIamPolicy", "secretmanager.versions.access"):
        (cloud.memory / "missing-permission").write_text(permission)
        error = cloud.deploy().stderr
        assert f"your account lacks {permission} on" in error
        assert "roles/cloudtasks.admin, roles/iam.serviceAccountAdmin" in error
    (cloud.memory / "missing-permission").unlink()

    run = cloud.deploy(SUPABASE_SERVICE_ROLE_KEY="")
    assert "SUPABASE_SERVICE_ROLE_KEY is needed for the first deployment" in run.stderr
    assert cloud.changes == []


def test_settings_come_from_a_file_that_is_not_executed(cloud: Cloud) -> None:
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


def test_help_shows_the_options_and_no_linter_comments(cloud: Cloud) -> None:
    run = cloud.deploy("--help")

    assert run.returncode == 0
    assert "--dry-run    print every command" in run.stdout
    assert "shellcheck" not in run.stdout


def test_an_unknown_setting_is_refused(cloud: Cloud) -> None:
    (cloud.checkout / "reel.env").write_text("PROJCT=reel-studio-1234\n")

    run = cloud.deploy("--env-file", "reel.env")

    assert "unknown setting: PROJCT" in run.stderr
