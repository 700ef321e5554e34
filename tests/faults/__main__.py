"""`python -m tests.faults`: a run, its report, and exit status 1 when a rule was broken."""

import asyncio
import logging
import secrets
import sys
from argparse import ArgumentParser
from dataclasses import replace

from tests.faults.breaks import BREAKS
from tests.faults.runner import Plan
from tests.faults.setting_up import run, run_controls


def main(arguments: list[str]) -> int:
    """Run once and print the report."""
    parser = ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of load and faults")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--workers", type=int, default=4, help="quick worker processes")
    parser.add_argument(
        "--break",
        dest="broken",
        choices=[*sorted(BREAKS), "each"],
        help="break this rule, or one after another: the run must fail, and ends when it does",
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)
    print(f"seed {options.seed}", flush=True)
    plan = Plan(seconds=options.seconds, seed=options.seed, workers=options.workers)
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
