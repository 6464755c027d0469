"""What is said of a test that could not be judged."""

from suites.collector import reason

SHRUNK = """
    def search(files): ...
E   httpx.ConnectError: [Errno 111] Connection refused

The above exception was the direct cause of the following exception:

    raise LabError(str(error)) from error
E   fixtures.errors.LabError: The API of docker-28.5.2 broke off: ConnectError.
E   Failing test case: search(
E       files=['{}'],
E   )

suites/trial.py:98: LabError
"""

GROUP = """
  | hypothesis.errors.FlakyFailure: Hypothesis test produces unreliable results (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |     raise LabError("A script ended with 1.")
    | fixtures.errors.LabError: A script ended with 1.
    +------------------------------------
"""


def test_the_sentence_of_the_last_exception_is_the_reason_and_no_note_on_it() -> None:
    assert reason(SHRUNK) == "fixtures.errors.LabError: The API of docker-28.5.2 broke off: ConnectError."


def test_what_is_no_exception_is_told_by_its_last_line() -> None:
    assert reason("INTERNALERROR> first\nINTERNALERROR> last\n") == "INTERNALERROR> last"
    assert reason("") == "no reason was given"


def test_what_a_group_ended_with_is_told_without_its_frame() -> None:
    assert reason(GROUP) == "fixtures.errors.LabError: A script ended with 1."
