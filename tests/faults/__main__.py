"""`python -m tests.faults`: runs once, prints the report, and exits with 1 if a rule was broken."""

import asyncio
import logging
import secrets
import sys
from argparse import ArgumentParser
from dataclasses import replace

from tests.faults.injection.breaks import BREAKS
from tests.faults.outage import observe
from tests.faults.rules.observation import Outage
from tests.faults.runner import Plan
from tests.faults.setting_up import run, run_controls


def main(arguments: list[str]) -> int:
    """Run once and print the report."""
    parser = ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="duration of load and faults")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--workers", type=int, default=4, help="quick worker processes")
    parser.add_argument(
        "--pace", type=float, default=Plan.pace_seconds, help="seconds between faults, on average"
    )
    parser.add_argument(
        "--break",
        dest="broken",
        choices=[*sorted(BREAKS), "each"],
        help="a negative control: break this rule (or each in turn); the run must report it, and ends then",
    )
    parser.add_argument(
        "--outage", type=float, help="instead of a run: stop the database for this many seconds"
    )
    parser.add_argument(
        "--hanging",
        action="store_true",
        help="with --outage: the database hangs",
    )
    parser.add_argument(
        "--ttl",
        type=float,
        default=60,
        help="with --outage: the time to live of leases, in seconds",
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)
    if options.outage:
        outage = Outage(seconds=options.outage, ttl_seconds=options.ttl, hanging=options.hanging)
        seen = asyncio.run(observe(outage))
        print(seen)
        return 1 if seen.broken else 0
    print(f"seed {options.seed}", flush=True)
    plan = Plan(
        seconds=options.seconds,
        seed=options.seed,
        workers=options.workers,
        pace_seconds=options.pace,
    )
    if options.broken:
        names = sorted(BREAKS) if options.broken == "each" else [options.broken]
        asyncio.run(_break_each([replace(plan, broken=name) for name in names]))
        return 1
    report = asyncio.run(run(plan))
    print(report)
    return 0 if report.passed else 1


async def _break_each(plans: list[Plan]) -> None:
    async for report in run_controls(plans):
        rules = BREAKS[report.broken or ""].rules
        expected = [v for v in report.violations if v.rule in rules]
        caught = f"caught in {report.seconds:.1f} s" if expected else "not caught"
        print(f"{report.broken}: {caught}", *expected[:1], sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
