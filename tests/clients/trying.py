"""Trying a case: its script in a container, its traces in the journal, its push read back by another client."""

import itertools
import re
import shlex
from dataclasses import dataclass
from string import Template

from fixtures.lab.console import Console
from simulator.arrangement import Content
from simulator.client import SimulatorClient
from tests.clients.cases import PASSWORD, Case, Push, arrangement, line, variables

LONGEST = 40
"""Seconds for one script."""

_SALTS = itertools.count(1)

_SETTINGS = """\
export HOME=$(mktemp -d) DOCKER_CLI_EXPERIMENTAL=enabled
export REGISTRY_AUTH_FILE=$HOME/auth.json CONTAINERS_STORAGE_CONF=$HOME/storage.conf
printf '[storage]\\ndriver = "vfs"\\ngraphroot = "/var/lib/containers%s"\\nrunroot = "/run%s"\\n' $HOME $HOME \
 >$CONTAINERS_STORAGE_CONF
cd $HOME
echo {} >$REGISTRY_AUTH_FILE
"""
"""Each try has a home and a storage of its own: no login and no image is left to the next."""

_READERS = {
    "skopeo": "skopeo copy --quiet --all {credentials} docker://{reference} dir:read\n"
    "echo digest sha256:$(sha256sum read/manifest.json | cut -c -64)\n"
    "skopeo inspect --config --raw dir:read",
    "crane": "{login}\ncrane validate --remote {reference}\necho digest $(crane digest {reference})\n"
    "crane config {reference}",
}
"""How a client reads back what another pushed: every byte, with all digests checked."""


@dataclass(frozen=True)
class Tried:
    """What came of a case."""

    status: int
    output: str
    lines: tuple[str, ...]
    contents: dict[str, Content]


def attempt(case: Case, console: Console, simulator: SimulatorClient) -> Tried:
    """Arrange the servers anew and run a case's script."""
    contents = simulator.arrange(arrangement(f"{next(_SALTS)}", case))
    status, output = console.attempt(_script(case.script, variables(contents)), timeout=LONGEST + 5.0)
    page = simulator.journal()
    assert page.errors == ()
    return Tried(status, output, tuple(map(line, page.exchanges)), contents)


def check(case: Case, tried: Tried) -> None:
    """The client ended and spoke as it should, and asked for what it should."""
    seen = "\n".join((f"It ended with {tried.status}:", tried.output, *tried.lines))
    assert (tried.status != 0) == case.fails, seen
    for said in case.says:
        wanted = Template(said).substitute(variables(tried.contents))
        assert any(words in tried.output for words in wanted.split("|")), f"It did not say {wanted!r}. {seen}"
    for pattern in case.asks:
        assert any(re.search(pattern, asked) for asked in tried.lines), f"Nothing asked {pattern!r}. {seen}"
    for pattern in ("hub .* 50", *case.never):
        assert not any(re.search(pattern, asked) for asked in tried.lines), f"Something asked {pattern!r}. {seen}"


def check_push(push: Push, pusher: str, tried: Tried, console: Console) -> None:
    """Another client reads what was pushed: it is the arranged image, or the one that the pusher spoke of."""
    reader = "crane" if pusher == "skopeo" else "skopeo"
    at_hub = push.to.startswith("docker.io/")
    script = _READERS[reader].format(
        reference=push.to,
        credentials=f"--src-creds ada:{PASSWORD}" if at_hub else "",
        login=f"crane auth login -u ada -p {PASSWORD} index.docker.io" if at_hub else "",
    )
    read = console.run(_script(script, {}), timeout=LONGEST + 5.0)
    found = re.search(r"^digest (sha256:[0-9a-f]{64})$", read, re.MULTILINE)
    assert found, read
    if push.kept == "bytes":
        assert found[1] == tried.contents[push.image].root, read
    else:
        assert found[1] in tried.output, tried.output
    if push.kept == "layers":
        assert all(layer in read for layer in tried.contents[push.image].diff_ids), read


def _script(script: str, values: dict[str, str]) -> str:
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())
    return f"timeout {LONGEST} sh -ec {shlex.quote(_SETTINGS + exports + script)}"
