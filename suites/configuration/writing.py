"""How people write the files of a service: what hypothesis may draw."""

from hypothesis import strategies as st

from fixtures.addresses import MIRROR_HOSTS

_urls = st.sampled_from(MIRROR_HOSTS).map("https://{}".format)

mirrors = st.lists(_urls, min_size=1, max_size=3, unique=True).map(tuple)
"""Some mirrors, in any order."""

_flags = st.tuples(st.sampled_from(("--registry-mirror={}", "--registry-mirror {}")), _urls).map(
    lambda drawn: drawn[0].format(drawn[1])
)
_others = st.sampled_from(("--debug", "-D", "--label a=b", "--max-concurrent-downloads=5", "--log-level info"))
_wrong = st.sampled_from(("--registry-mirrors=https://mirror.gcr.io", "--registry-mirror", "mirror.gcr.io"))
_often_right = st.one_of(_flags, _flags, _flags, _flags, _others, _others, _wrong)
_gaps = st.sampled_from((" ", " ", "  ", "\t"))


@st.composite
def _lists(draw: st.DrawFn, gaps: st.SearchStrategy[str] = _gaps) -> str:
    """Options, one after the other, with gaps between them."""
    first, *rest = draw(st.lists(_often_right, min_size=1, max_size=4))
    return "".join((first, *(f"{draw(gaps)}{option}" for option in rest)))


_broken = _lists(st.sampled_from((" ", " \\\n", "\\\n ")))
_assignments = st.one_of(
    _lists().map('DOCKER_OPTS="{}"'.format),
    _lists().map("DOCKER_OPTS='{}'".format),
    _broken.map('DOCKER_OPTS="{}"'.format),
    _flags.filter(lambda flag: " " not in flag).map("DOCKER_OPTS={}".format),
    _flags.map('DOCKER_OPTS="$DOCKER_OPTS {}"'.format),
    _flags.map('DOCKER_OPTS="${{DOCKER_OPTS}} {}"'.format),
    _lists().map('export DOCKER_OPTS="{}"'.format),
    _lists().map("DOCKER_OPTS={}".format),
    _lists().map('DOCKER_OPTS = "{}"'.format),
    _lists().map('  DOCKER_OPTS="{}"  # what was there before'.format),
    _urls.map("""DOCKER_OPTS='--registry-mirror="{}"'""".format),
    _urls.map("""DOCKER_OPTS="--registry-mirror='{}'" """.format),
    _urls.map("DOCKER_OPTS=--registry-mirror\\ {}".format),
)
_lines = st.one_of(
    _assignments,
    _assignments,
    _lists().map('#DOCKER_OPTS="{}"'.format),
    _lists().map('; DOCKER_OPTS="{}"'.format),
    st.sampled_from(("", "# Use of this file is discouraged.", "OTHER_OPTS='--debug'", 'export HTTP_PROXY=""')),
)

option_files = st.lists(_lines, min_size=1, max_size=4).map(lambda lines: "\n".join([*lines, ""]))
"""Texts for /etc/default/docker."""


@st.composite
def _commands(draw: st.DrawFn) -> str:
    gap = draw(st.sampled_from((" ", " \\\n    ")))
    options = gap.join(["-H fd://", *draw(st.lists(st.one_of(_flags, _others), max_size=3))])
    return f"ExecStart=/usr/sbin/dockerd {options}{draw(st.sampled_from(('', ' $DOCKER_OPTS')))}"


@st.composite
def _services(draw: st.DrawFn) -> str:
    lines = [
        draw(
            st.sampled_from(("# the mirrors", "", 'Environment="DOCKER_OPTS=--registry-mirror=https://mirror-3.test"'))
        ),
        draw(st.sampled_from(("ExecStart=", "ExecStart=", "ExecStart=", ""))),
        draw(_commands()),
        draw(st.sampled_from(("", "EnvironmentFile=-/etc/default/docker"))),
    ]
    return "\n".join(["[Service]", *filter(None, lines), ""])


drop_ins = st.one_of(
    _services(),
    _urls.map('[Service]\nEnvironment="DOCKER_OPTS=--registry-mirror={}"\n'.format),
    st.just("[Service]\nEnvironmentFile=-/etc/default/docker\n"),
)
"""Texts for a file in docker.service.d. One that names no options file is what Docker's documents advise."""


def machine_files(urls: tuple[str, ...]) -> tuple[str, str]:
    """What docker-machine writes: boot2docker's profile, and the drop-in for others, as far as they are about options.
    That the daemon listens to the network, in TLS, is left out: the lab has nobody who would ask.
    """
    each = "".join(f"--registry-mirror {url}\n" for url in urls)
    profile = (
        f"\nEXTRA_ARGS='\n--label provider=virtualbox\n{each}\n'\n"
        "CACERT=/var/lib/boot2docker/ca.pem\nDOCKER_STORAGE=overlay2\nDOCKER_TLS=auto\n\n"
    )
    options = f"--label provider=generic {each}".replace("\n", " ")
    return profile, f"[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// {options}\nEnvironment=\n"
