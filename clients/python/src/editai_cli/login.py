"""Signing in and out."""

import sys

import click

from editai_cli import session
from editai_cli.failures import Failure
from editai_cli.session import Settings


@click.command()
@click.option("--supabase-url", envvar="SUPABASE_URL", required=True, help="The Supabase project.")
@click.option("--anon-key", envvar="SUPABASE_ANON_KEY", required=True, help="Its public key.")
@click.option("--email", prompt=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.pass_obj
def login(
    settings: Settings, supabase_url: str, anon_key: str, email: str, *, password_stdin: bool
) -> None:
    """Sign in with Supabase, and stay signed in."""
    from editai_client.supabase import SupabaseSession  # noqa: PLC0415

    if not settings.url:
        raise Failure("Say where the library is: editai --url URL login, or EDITAI_URL.")
    if password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = click.prompt("Password", hide_input=True, err=True)
    signed_in = SupabaseSession.sign_in(supabase_url, anon_key, email=email, password=password)
    session.store(settings.url, signed_in)
    click.echo(f"signed in as {email}", err=True)


@click.command()
def logout() -> None:
    """Forget the session that `editai login` has stored."""
    session.forget()
