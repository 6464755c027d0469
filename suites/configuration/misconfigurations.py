"""What people write where mirrors are configured, and should not: a list that tests, tables and `verify` share.

Each is a whole set of settings: a daemon.json and dockerd's arguments. Some are mistakes by the documents, some are
legal and still not what was meant.
"""

import json
from dataclasses import dataclass

from fixtures.scenario import Place, Start, Validate

MIRROR = "https://mirror.gcr.io"
_FLAG = f"--registry-mirror={MIRROR}"


@dataclass(frozen=True)
class Misconfiguration:
    """Settings that do not do what was meant; ``name`` says in a few words what is wrong with them."""

    name: str
    file: str | None = None
    flags: tuple[str, ...] = ()
    place: Place = "file"

    @property
    def check(self) -> Validate:
        """``dockerd --validate`` of them."""
        return Validate(self.file, self.flags, self.place)

    @property
    def start(self) -> Start:
        """A start with them."""
        return Start(self.file, self.flags, self.place)


def _mirrors(value: object, key: str = "registry-mirrors") -> str:
    return json.dumps({key: value})


_URLS = {
    "no scheme": "mirror.gcr.io",
    "no scheme, but a port": "mirror.gcr.io:443",
    "scheme ftp": "ftp://mirror.gcr.io",
    "scheme with one slash": "https:/mirror.gcr.io",
    "a path": f"{MIRROR}/v2/",
    "a path to a repository": f"{MIRROR}/library",
    "two slashes at the end": f"{MIRROR}//",
    "a query": f"{MIRROR}/?ns=docker.io",
    "a fragment": f"{MIRROR}#hub",
    "a user and a password": "https://ada:secret@mirror.gcr.io",
    "a user": "https://ada@mirror.gcr.io",
    "an empty string": "",
    "a scheme and nothing else": "https://",
    "a space before it": f" {MIRROR}",
    "a space after it": f"{MIRROR} ",
    "two in one string": f"{MIRROR},https://mirror-2.test",
    "half an IPv6 address": "https://[::1",
    "a port that is no number": f"{MIRROR}:https",
    "a port that there cannot be": f"{MIRROR}:99999",
    "a colon and no port": f"{MIRROR}:",
}

_VALUES: dict[str, object] = {
    "a string instead of a list": MIRROR,
    "a number instead of a list": 1,
    "an object instead of a list": {"docker.io": [MIRROR]},
    "an empty object instead of a list": {},
    "null instead of a list": None,
    "a number in the list": [1],
    "null in the list": [None],
    "a list in the list": [[MIRROR]],
}

_TEXTS: dict[str, str] = {
    "registry-mirror (the flag's name)": _mirrors([MIRROR], "registry-mirror"),
    "registry_mirrors": _mirrors([MIRROR], "registry_mirrors"),
    "Registry-Mirrors": _mirrors([MIRROR], "Registry-Mirrors"),
    "registry-mirrors with a space": _mirrors([MIRROR], "registry-mirrors "),
    "--registry-mirror as a key": _mirrors([MIRROR], "--registry-mirror"),
    "mirrors": _mirrors([MIRROR], "mirrors"),
    "the key inside of another": json.dumps({"registry": {"registry-mirrors": [MIRROR]}}),
    "the key twice": f'{{"registry-mirrors": ["https://mirror-2.test"], "registry-mirrors": ["{MIRROR}"]}}',
    "a comma at the end": f'{{"registry-mirrors": ["{MIRROR}"],}}',
    "a comment": f'{{"registry-mirrors": ["{MIRROR}"]}} // for Docker Hub',
    "single quotes": f"{{'registry-mirrors': ['{MIRROR}']}}",
    "typographic quotes": f"{{\u201cregistry-mirrors\u201d: [\u201c{MIRROR}\u201d]}}",
    "no braces": f'"registry-mirrors": ["{MIRROR}"]',
    "a brace is missing": f'{{"registry-mirrors": ["{MIRROR}"]',
    "two objects": f'{{"debug": false}}\n{{"registry-mirrors": ["{MIRROR}"]}}',
    "a list around it": f'[{{"registry-mirrors": ["{MIRROR}"]}}]',
    "a byte order mark": f'\ufeff{{"registry-mirrors": ["{MIRROR}"]}}',
    "an empty file": "",
    "nothing but white space": " \n",
    "null": "null",
    "YAML": f"registry-mirrors:\n  - {MIRROR}\n",
    "an option line": f'DOCKER_OPTS="{_FLAG}"\n',
}

MISCONFIGURATIONS: tuple[Misconfiguration, ...] = (
    *(Misconfiguration(f"mirror: {name}", _mirrors([url])) for name, url in _URLS.items()),
    *(Misconfiguration(f"mirrors: {name}", _mirrors(value)) for name, value in _VALUES.items()),
    *(Misconfiguration(f"file: {name}", text) for name, text in _TEXTS.items()),
    Misconfiguration("file: a directory", place="directory"),
    Misconfiguration("file: a link to nothing", place="dangling link"),
    Misconfiguration("file: none where --config-file says", place="elsewhere"),
    Misconfiguration("flag and file: the same mirror", _mirrors([MIRROR]), (_FLAG,)),
    Misconfiguration("flag and file: different mirrors", _mirrors(["https://mirror-2.test"]), (_FLAG,)),
    Misconfiguration("flag and file: an empty list in the file", _mirrors([]), (_FLAG,)),
    Misconfiguration("flag: --registry-mirrors", flags=(f"--registry-mirrors={MIRROR}",)),
    Misconfiguration("flag: nothing behind =", flags=("--registry-mirror=",)),
    Misconfiguration("flag: no value", flags=("--registry-mirror",)),
    Misconfiguration("flag: no scheme", flags=("--registry-mirror=mirror.gcr.io",)),
    Misconfiguration("flag: a path", flags=(f"--registry-mirror={MIRROR}/v2/",)),
    Misconfiguration("flag: two in one", flags=(f"--registry-mirror={MIRROR},https://mirror-2.test",)),
    Misconfiguration("flag: one dash", flags=(f"-registry-mirror={MIRROR}",)),
    Misconfiguration("flag: one dash, and a space", flags=("-registry-mirror", MIRROR)),
    Misconfiguration("flag: no dash", flags=(f"registry-mirror={MIRROR}",)),
    Misconfiguration("flag: a long dash", flags=(f"\u2014registry-mirror={MIRROR}",)),
    Misconfiguration("flag: --registry_mirror", flags=(f"--registry_mirror={MIRROR}",)),
    Misconfiguration("flag: --mirror", flags=(f"--mirror={MIRROR}",)),
    Misconfiguration("flag: spaces around =", flags=("--registry-mirror", "=", MIRROR)),
    Misconfiguration("flag: the next flag for a value", flags=("--registry-mirror", "--debug")),
    Misconfiguration("flag: two behind one", flags=("--registry-mirror", MIRROR, "https://mirror-2.test")),
    Misconfiguration("flag: behind --", flags=("--", f"--registry-mirror={MIRROR}")),
    Misconfiguration("flag: --insecure-registries", flags=("--insecure-registries=mirror.gcr.io",)),
)
"""All of them; their names differ."""
