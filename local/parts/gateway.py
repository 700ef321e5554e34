"""A Supabase project's gateway: one origin, an API key on every call, each part under a path."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from local.files import write_private
from local.parts.hosted import lost_responses, refused_calls, refused_on_demand
from local.processes.process import Part
from local.processes.readiness import responds_ok
from local.programs import script

# As on Supabase, the API key is checked before a request is forwarded, and it replaces a missing
# bearer token. A browser's preflight request has no key. Edge functions need none either, because
# their runtime checks tokens itself.
_CADDYFILE = """\
{{
	admin off
	auto_https off
	persist_config off
	grace_period 5s
	log {{
		level WARN
	}}
}}

# A page of another origin reads this too: otherwise its browser would report nothing but a CORS error.
(refused_key) {{
	header Content-Type application/json
	header Access-Control-Allow-Origin *
	respond @any_key `{{"message":"Invalid API key"}}` 401
	respond `{{"message":"No API key in the request"}}` 401
}}

http://127.0.0.1:{port} {{
	bind 127.0.0.1

	@preflight method OPTIONS
	@known_key expression `{{http.request.header.apikey}} in [{known}]`
	@any_key header apikey *

	{refused_on_demand}

	handle_path /rest/v1* {{
		@key_as_token {{
			header apikey *
			header !Authorization
		}}
		request_header @key_as_token Authorization "Bearer {{http.request.header.apikey}}"
		route {{
			reverse_proxy @preflight 127.0.0.1:{postgrest_port}
			handle @known_key {{
				{refused_calls}
				reverse_proxy 127.0.0.1:{postgrest_port} {{
					header_up -apikey
					{lost_responses}
				}}
			}}
			import refused_key
		}}
	}}

	handle /auth/v1* {{
		route {{
			reverse_proxy @preflight 127.0.0.1:{supabase_api_port}
			reverse_proxy @known_key 127.0.0.1:{supabase_api_port}
			import refused_key
		}}
	}}

	handle /realtime/v1* {{
		reverse_proxy 127.0.0.1:{supabase_api_port}
	}}

	handle_path /functions/v1* {{
		reverse_proxy 127.0.0.1:{edge_port}
	}}

	# Storage needs no key: a signed token says what it permits. While the part restarts, a request waits for it:
	# tus-js-client begins an upload anew when it gets a 502 to its question how far it came.
	handle /storage/v1* {{
		reverse_proxy 127.0.0.1:{supabase_api_port} {{
			lb_try_duration 10s
			lb_retry_match {{
				method GET HEAD
			}}
		}}
	}}

	handle {{
		header Content-Type application/json
		respond `{{"message":"Nothing is served at this path"}}` 404
	}}

	handle_errors {{
		header Content-Type application/json
		respond `{{"message":"An upstream part is not reachable"}}` {{err.status_code}}
	}}
}}
"""


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """The gateway's port, the ports behind it, and the keys that it accepts.

    `refusal_rate` is above 0 in the hosted mode (see local.parts.hosted).
    """

    port: int
    postgrest_port: int
    edge_port: int
    supabase_api_port: int
    anon_key: str
    service_role_key: str
    home: Path
    refusal_rate: float = 0.0

    @property
    def url(self) -> str:
        """The project's URL for a Supabase client."""
        return f"http://127.0.0.1:{self.port}"

    def part(self, log: Path, environment: Mapping[str, str]) -> Part:
        """The gateway as a part of a stack; ready when PostgREST responds through it."""
        caddyfile = self.home / "Caddyfile"
        command = [script("caddy"), "run", "--adapter", "caddyfile", "--config", str(caddyfile)]
        ready = partial(
            responds_ok, f"{self.url}/rest/v1/", {"apikey": self.service_role_key}, method="HEAD"
        )
        private = {"XDG_DATA_HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home)}
        return Part(
            name="gateway",
            command=command,
            log=log,
            is_ready=ready,
            environment={**environment, **private},
            prepare=partial(self._write_caddyfile, caddyfile),
        )

    def _write_caddyfile(self, file: Path) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        known = f'"{self.anon_key}", "{self.service_role_key}"'
        text = _CADDYFILE.format(
            port=self.port,
            postgrest_port=self.postgrest_port,
            edge_port=self.edge_port,
            supabase_api_port=self.supabase_api_port,
            known=known,
            refused_calls=refused_calls(self.refusal_rate),
            lost_responses=lost_responses(self.refusal_rate),
            refused_on_demand=refused_on_demand(self.refusal_rate),
        )
        write_private(file, text)
