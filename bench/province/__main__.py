"""`python -m bench.province --dossiers 5 --seed 7`: JSON lines; on stderr the awkward facts' coverage."""

import argparse
import sys

import msgspec

from bench.province import FACTS, coverage, load_tables, submissions


def main() -> int:
    """Print the stream; exit 0 always, the coverage is information."""
    parser = argparse.ArgumentParser(prog="python -m bench.province", description=__doc__)
    parser.add_argument("--dossiers", type=int, default=5, help="how many (default 5)")
    parser.add_argument("--seed", type=int, default=7, help="which stream (default 7)")
    wanted = parser.parse_args()
    made = list(submissions(wanted.dossiers, wanted.seed, load_tables()))
    for submission in made:
        print(msgspec.json.encode(submission).decode())
    found = coverage(submission.record for submission in made)
    for fact in FACTS:
        print(f"{found.counts[fact.id]:6d}  {fact.id:24}{fact.vietnamese}", file=sys.stderr)
    print(f"{len(found.covered)} of {len(FACTS)} awkward facts covered", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
