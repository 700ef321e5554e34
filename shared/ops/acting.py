"""What operators do. Each is one SQL function, which keeps the rules of leases."""

from uuid import UUID

from shared.database.client import call


async def requeue(job_id: UUID) -> str:
    """Queue an active job again, without its holder: requeued, ended or job_not_found. Cleanup dispatches it."""
    return await call("requeue_by_operator", str, job_id=str(job_id))


async def drain(holder: str) -> None:
    """Give the workers whose holder begins with this text no further jobs; an empty text means all of them."""
    await call("drain", type(None), repeatable=True, holder=holder)


async def resume(holder: str) -> bool:
    """End a drain; return False if there was none of this name."""
    return await call("resume", bool, holder=holder)
