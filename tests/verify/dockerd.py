"""What real dockerds were seen to do with a daemon.json: the truth that remarks are held against.

Each file was given to dockerd 20.10.5, 20.10.24, 26.1.5 and 28.5.2, started for real. ``test_with_an_engine`` does it
again with the newest one.
"""

from dataclasses import dataclass

from tests.verify.setups import written

EVERY = frozenset({"20.10.24", "26.1.5", "28.5.2"})
NONE: frozenset[str] = frozenset()
OLDEST = frozenset({"20.10.24"})
NEWER = EVERY - OLDEST


@dataclass(frozen=True)
class Case:
    """A file, the remark that it earns, and the versions that refuse to start with it."""

    name: str
    text: str | bytes
    code: str
    refused_by: frozenset[str]


CASES = (
    Case("good", written("https://mirror.gcr.io"), "", NONE),
    Case("with a slash", written("https://mirror.gcr.io/"), "", NONE),
    Case("with a port", written("https://mirror.gcr.io:5000"), "", NONE),
    Case("without a port after the colon", written("https://mirror.gcr.io:"), "", NONE),
    Case("an underscore", written("https://a_b.test"), "", NONE),
    Case("no list", written(), "no-mirror", NONE),
    Case("null", '{"registry-mirrors": null}', "no-mirror", NONE),
    Case("null as a file", "null", "no-mirror", NONE),
    Case("empty", written(""), "mirror-empty", EVERY),
    Case("null in the list", written(None), "mirror-empty", EVERY),
    Case("no scheme", written("mirror.gcr.io"), "mirror-without-scheme", EVERY),
    Case("no scheme, but a port", written("mirror.gcr.io:5000"), "mirror-without-scheme", EVERY),
    Case("no slashes", written("http:mirror.gcr.io"), "mirror-without-scheme", frozenset({"28.5.2"})),
    Case("ftp", written("ftp://mirror.gcr.io"), "mirror-with-wrong-scheme", EVERY),
    Case("a path", written("https://mirror.gcr.io/v2"), "mirror-with-path", OLDEST),
    Case("a path and a slash", written("https://mirror.gcr.io/v2/"), "mirror-with-path", OLDEST),
    Case("two slashes", written("https://mirror.gcr.io//"), "mirror-with-path", OLDEST),
    Case("a query", written("https://mirror.gcr.io?a=b"), "mirror-with-query", EVERY),
    Case("an empty query", written("https://mirror.gcr.io/?"), "mirror-with-query", NONE),
    Case("a fragment", written("https://mirror.gcr.io#x"), "mirror-with-fragment", EVERY),
    Case("an empty fragment", written("https://mirror.gcr.io/#"), "mirror-with-query", NONE),
    Case("credentials", written("https://user:pw@mirror.gcr.io"), "mirror-with-credentials", EVERY),
    Case("an empty user", written("https://@mirror.gcr.io"), "mirror-with-credentials", EVERY),
    Case("spaces around", written(" https://mirror.gcr.io "), "mirror-is-no-url", EVERY),
    Case("a space in the host", written("https://mir ror.gcr.io"), "mirror-is-no-url", EVERY),
    Case("quotes in quotes", written("'https://mirror.gcr.io'"), "mirror-is-no-url", EVERY),
    Case("letters as a port", written("https://mirror.gcr.io:abc"), "mirror-is-no-url", EVERY),
    Case("a bad escape", written("https://a%zz.test"), "mirror-is-no-url", EVERY),
    Case("a line break", written("https://mirror.gcr.io\n"), "mirror-is-no-url", EVERY),
    Case("a great port", written("https://mirror.gcr.io:99999"), "mirror-with-wrong-port", NONE),
    Case("no host", written("https://"), "mirror-without-host", NONE),
    Case("several in one", written("https://a.test,b.test"), "mirror-with-comma", NONE),
    Case("plain http", written("http://mirror.gcr.io"), "mirror-in-plain-http", NONE),
    Case("loopback", written("http://127.0.0.1:5000"), "mirror-on-loopback", NONE),
    Case("loopback by name", written("https://localhost:5000"), "mirror-on-loopback", NONE),
    Case("loopback in IPv6", written("https://[::1]:5000"), "mirror-on-loopback", NONE),
    Case("Docker Hub", written("https://registry-1.docker.io"), "mirror-is-hub", NONE),
    Case("twice", written("https://a.test", "https://a.test"), "mirror-repeated", NONE),
    Case("twice but for a slash", written("https://a.test", "https://a.test/"), "mirror-repeated", NONE),
    Case("many", written(*(f"https://{n}.test" for n in range(4))), "many-mirrors", NONE),
    Case(
        "insecure",
        written("https://a.test:5000", insecure_registries=["a.test:5000"]),
        "mirror-insecure",
        NONE,
    ),
    Case(
        "a network of insecure ones",
        written("https://10.1.2.3", insecure_registries=["10.0.0.0/8"]),
        "mirror-insecure",
        NONE,
    ),
    Case(
        "a URL of an insecure one",
        written("https://b.test", insecure_registries=["https://a.test"]),
        "insecure-with-scheme",
        NONE,
    ),
    Case("a string for a list", '{"registry-mirrors": "https://a.test"}', "wrong-type", EVERY),
    Case("a number for a list", '{"registry-mirrors": 5}', "wrong-type", EVERY),
    Case("a number in the list", written(5), "wrong-type", EVERY),
    Case("an object for a list", '{"registry-mirrors": {"a": "b"}}', "wrong-type", EVERY),
    Case("a string for insecure ones", '{"insecure-registries": "a.test"}', "wrong-type", EVERY),
    Case("a list as a file", "[]", "wrong-type", EVERY),
    Case("singular", '{"registry-mirror": ["https://a.test"]}', "wrong-key", NONE),
    Case("singular, and no list", '{"insecure-registry": "a.test"}', "wrong-key", NONE),
    Case("underscores", '{"registry_mirrors": ["https://a.test"]}', "wrong-key", EVERY),
    Case("capitals", '{"Registry-Mirrors": ["https://a.test"]}', "wrong-key", EVERY),
    Case("capitals, and an object", '{"Registry-Mirrors": {}}', "wrong-key", EVERY),
    Case("misspelt", '{"registry-mirrrors": ["https://a.test"]}', "wrong-key", EVERY),
    Case("half of the name", '{"mirrors": ["https://a.test"]}', "wrong-key", EVERY),
    Case("unknown", '{"foo": 1}', "unknown-key", EVERY),
    Case("unknown, in an object", '{"docker": {"x": {"registry-mirrors": []}}}', "unknown-key", EVERY),
    Case("a key of newer ones", '{"http-proxy": "http://a.test"}', "unknown-key", OLDEST),
    Case("a key of older ones", '{"graph": "/docker"}', "unknown-key", NEWER),
    Case("in another object", '{"docker": {"registry-mirrors": ["https://a.test"]}}', "nested-key", NONE),
    Case("the key twice", '{"registry-mirrors": ["https://a.test"], "registry-mirrors": []}', "repeated-key", NONE),
    Case("a comma at the end", '{"registry-mirrors": ["https://a.test",]}', "trailing-comma", EVERY),
    Case("a comma before the brace", '{"registry-mirrors": ["https://a.test"],\n}', "trailing-comma", EVERY),
    Case("cut short", '{"registry-mirrors": ["https://a.test"]', "broken-json", EVERY),
    Case("a comment", '{ // mine\n"registry-mirrors": []}', "broken-json", EVERY),
    Case("typographic quotes", "{\u201ca\u201d: 1}", "broken-json", EVERY),
    Case("single quotes", "{'registry-mirrors': []}", "broken-json", EVERY),
    Case("a tab in a string", '{"registry-mirrors": ["https://a.test\t"]}', "broken-json", EVERY),
    Case("not a number", '{"debug": NaN}', "broken-json", EVERY),
    Case("nothing", "", "empty-file", OLDEST),
    Case("white space", " \n", "empty-file", OLDEST),
    Case("a byte order mark", "\ufeff{}", "byte-order-mark", OLDEST),
    Case("UTF-16", "\ufeff{}".encode("utf-16-le"), "byte-order-mark", OLDEST),
    Case("not UTF-8", b'{"registry-mirrors": ["https://\xe9.test"]}', "not-utf8", NEWER),
    Case("more after the end", '{"registry-mirrors": []} x', "text-after-json", NEWER),
    Case("what docker writes itself", '{"features": {"buildkit": true}, "builder": {"gc": {}}}', "", NONE),
    Case("options of logs", '{"log-opts": {"max-size": "1m"}, "log-driver": "local"}', "", NONE),
)  # fmt: skip
