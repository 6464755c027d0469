"""docs/simulator-reference.md names every client of the matrix, what it is tried with, and what surprises."""

from tests.clients.matrix import CLIENTS
from tests.docs.test_docs import PAGES, rows

HEADING = "## Clients tried"
PAGE = PAGES["docs/simulator-reference.md"]


def test_the_table_is_the_matrix() -> None:
    assert rows(PAGE, HEADING) == [
        [client.name, ", ".join(client.versions), "; ".join(case.action for case in client.cases)] for client in CLIENTS
    ]


def test_the_surprises_are_those_of_the_matrix() -> None:
    below = PAGE.partition(HEADING)[2].partition("\n## ")[0].splitlines()
    surprises = [f"- {client.name}: {case.note}." for client in CLIENTS for case in client.cases if case.note]
    assert [line for line in below if line.startswith("- ")] == surprises
