"""A page that uploads with the real supabase-js: uploadToSignedUrl, in both of its forms."""

from pathlib import Path

from shared.storage.factory import get_storage
from tests.api.supabase_api.test_a_cut_upload import announced
from tests.support import javascript
from tests.support.backend import Backend
from tests.support.library_client import SAMPLE, Api
from tests.support.supabase_api import SupabaseApiProcess

PROGRAM = Path(__file__).with_name("signed_upload.ts")


async def test_supabase_js_uploads_with_the_token_of_a_source(
    supabase_api: SupabaseApiProcess, backend: Backend, api: Api, project: str, tmp_path: Path
) -> None:
    assert supabase_api.process
    created = [await announced(api, project) for _ in range(2)]
    uploads = [each["resumable"] for each in created]
    argument = {
        "url": backend.gateway.url,
        "anon_key": backend.gateway.anon_key,
        "uploads": uploads,
        "file": str(SAMPLE),
    }
    paths = [each["metadata"]["objectName"] for each in uploads]
    assert await javascript.run(PROGRAM, argument) == {
        "another": ["400", "Invalid signature"],
        "forged": ["400", "signature verification failed"],
        "text": ["415", "mime type text/plain is not supported"],
        "untyped": ["415", "mime type text/plain;charset=UTF-8 is not supported"],
        "form": f"editai/{paths[0]}",
        "again": ["409", "The resource already exists"],
        "plain": f"editai/{paths[1]}",
    }
    for each, path in zip(created, paths, strict=True):
        stored = await get_storage().fetch(path, tmp_path)
        assert stored.read_bytes() == SAMPLE.read_bytes()
        confirmed = await api.call("POST", f"sources/{each['source']['id']}/confirm")
        assert confirmed.json()["size_bytes"] == SAMPLE.stat().st_size
