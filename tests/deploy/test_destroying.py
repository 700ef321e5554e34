"""deploy.sh --destroy against stand-ins for gcloud and supabase that record what was created."""

from tests.deploy.conftest import OPTIONS, Cloud


def test_destroy_removes_what_was_created_and_can_run_again(deployed: Cloud) -> None:
    first = deployed.deploy(*OPTIONS, "--destroy", "--yes")
    changes = deployed.changes
    second = deployed.deploy(*OPTIONS, "--destroy", "--yes")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert [f for f in (deployed.memory / "things").rglob("*") if f.is_file()] == []
    assert deployed.changes == changes
    assert "Not removed: the Supabase project" in first.stdout


def test_destroy_names_what_it_could_not_remove_and_fails(deployed: Cloud) -> None:
    (deployed.memory / "away").write_text(
        "queues describe editai-jobs\nsecrets delete editai-supabase-jwt-secret\n"
    )

    run = deployed.deploy(*OPTIONS, "--destroy", "--yes")

    assert run.returncode == 1
    assert (
        "tasks queues editai-jobs, secrets editai-supabase-jwt-secret could not be removed"
        in run.stderr
    )
    left = [file for file in (deployed.memory / "things").rglob("*") if file.is_file()]
    assert {file.name.partition(".")[0] for file in left} == {
        "editai-jobs",
        "editai-supabase-jwt-secret",
    }


def test_destroy_needs_a_login_and_an_existing_project(deployed: Cloud) -> None:
    before = deployed.changes
    other = deployed.deploy("--project", "other-project-9", *OPTIONS[2:], "--destroy", "--yes")
    (deployed.memory / "logged-out").touch()
    logged_out = deployed.deploy(*OPTIONS, "--destroy", "--yes")

    assert (other.returncode, logged_out.returncode) == (1, 1)
    assert "there is no project other-project-9" in other.stderr
    assert "run 'gcloud auth login'" in logged_out.stderr
    assert deployed.changes == before


def test_destroy_without_a_terminal_requires_yes(cloud: Cloud) -> None:
    run = cloud.deploy(*OPTIONS, "--destroy")

    assert run.returncode == 1
    assert "add --yes" in run.stderr
    assert cloud.changes == []
