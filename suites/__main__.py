"""The program ``mirror-conformance``. ``verify`` is promised within seconds, and does not wait for the lab to load."""

import sys
import time


def main() -> None:
    """Run the command line."""
    began = time.monotonic()
    if sys.argv[1:2] == ["verify"]:
        from suites.verify import command  # noqa: PLC0415 - whoever verifies does not load what puts daemons on trial

        command.main(sys.argv[2:], began)
    else:
        from suites import cli  # noqa: PLC0415 - and the other way round

        cli.main()


if __name__ == "__main__":
    main()
