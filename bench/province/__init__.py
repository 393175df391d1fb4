"""The province as load: dossiers as citizens submit them, in the published mix, with 40 awkward facts.

`submissions` makes the stream, `coverage` measures which awkward facts a list of records really has,
`HOSTILE` (in `bench.province.hostile`) is what must be refused. All of it is pure and seeded.
"""

from bench.province.awkward import FACTS, Coverage, coverage
from bench.province.stream import Submission, submissions
from bench.province.tables import Tables, load_tables

__all__ = ["FACTS", "Coverage", "Submission", "Tables", "coverage", "load_tables", "submissions"]
