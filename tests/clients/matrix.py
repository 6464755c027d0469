"""The matrix: every client, and everything that it is tried with. docs/simulator-reference.md shows it."""

from collections.abc import Sequence

from fixtures.profiles import load_profiles
from simulator.arrangement import Fault, Limits
from tests.clients.cases import Case, Client, Push

CLASSIC, CONTAINERD = r"docker-[\d.]+", r".*-containerd"
"""The names of the daemons with each image store."""

EXHAUSTED = Limits(anonymous=0, personal=0)

BREAKS_OFF = Fault("reset", at="layer", method="GET", skip=1, times=1, after=1 << 20)
"""The CDN breaks off in the middle of a layer, once: the exchange before it is the redirect to it."""

FROM_CDN = (
    "hub GET layer library/(app|oci) 307 bearer https (registry-1|index).docker.io",
    "hub GET layer library/(app|oci) 200 none https production.cloud(flare|front).docker.com",
)
"""Layers are asked of the registry with a token, and taken from the CDN without one."""


def _until(words: str, command: str) -> str:
    """A script that ends a command as soon as it has said these words: it would go on for minutes."""
    return f"{command} >said 2>&1 &\nuntil grep '{words}' said; do sleep 0.05; done\nkill $!\ncat said"


_DOCKER_LOGIN = "echo $PASSWORD | docker login -u ada --password-stdin\n"

DOCKER = Client(
    "docker",
    tuple(dict.fromkeys(profile.version for profile in load_profiles())),
    (
        Case(
            "pull",
            "docker pull app:1.0",
            says=("Digest: $MULTI",),
            asks=("hub HEAD manifest-by-tag library/app 200 bearer", *FROM_CDN),
        ),
        Case(
            "pull under Hub's other names",
            "docker pull index.docker.io/library/app:1.0\ndocker pull docker.io/library/app:2.0",
            says=("$MULTI", "$SINGLE"),
            asks=FROM_CDN,
        ),
        Case(
            "pull of an unknown image",
            "docker pull nothing",
            says=("pull access denied for nothing, repository does not exist or may require 'docker login'",),
            asks=("hub .* manifest-by-tag library/nothing 401 bearer https",),
            fails=True,
        ),
        Case(
            "pull of an unknown tag",
            "docker pull app:9.9",
            says=("not found|manifest unknown",),
            asks=("hub .* manifest-by-tag library/app 404 bearer https",),
            fails=True,
        ),
        Case(
            "pull all tags",
            "docker pull --all-tags app\ndocker images --digests",
            says=("$MULTI", "$SINGLE"),
            asks=("hub GET tags library/app 200 bearer",),
        ),
        Case(
            "pull by digest",
            "docker pull oci@$OCI",
            says=("Digest: $OCI",),
            asks=("hub .* manifest-by-digest library/oci 200 bearer", *FROM_CDN),
            never=("manifest-by-tag",),
        ),
        Case(
            "pull by platform",
            "docker pull --platform linux/arm64 oci\ndocker image inspect --format {{.Architecture}} oci",
            says=("arm64",),
            asks=FROM_CDN,
        ),
        Case(
            "manifest inspect",
            "docker manifest inspect app:1.0",
            says=('"architecture": "arm64"',),
            asks=("hub GET manifest-by-tag library/app 200 bearer",),
        ),
        Case("search", "docker search app", says=("[OK]",), asks=("hub GET other - 200 none https",)),
        Case(
            "login refused",
            "echo wrong | docker login -u ada --password-stdin",
            says=("incorrect username or password",),
            asks=("hub GET token - 401 basic https",),
            fails=True,
        ),
        Case(
            "login with password, pull private",
            f"{_DOCKER_LOGIN}docker pull ada/secret:1.0",
            says=("Login Succeeded", "Digest: $SINGLE"),
            asks=("hub GET token - 200 basic ada", "hub GET layer ada/secret 307 bearer ada"),
        ),
        Case(
            "login with access token, pull private",
            "echo $ACCESS_TOKEN | docker login -u ada --password-stdin\ndocker pull ada/secret:1.0",
            says=("Login Succeeded", "Digest: $SINGLE"),
            asks=("hub GET token - 200 basic ada", "hub GET layer ada/secret 307 bearer ada"),
        ),
        Case(
            "logout",
            f"{_DOCKER_LOGIN}docker logout\ndocker pull ada/secret:1.0",
            says=("Removing login credentials", "pull access denied"),
            asks=("hub GET token ada/secret 200 none https", "hub .* manifest-by-tag ada/secret 401 bearer https"),
            fails=True,
        ),
        Case(
            "push",
            f"{_DOCKER_LOGIN}docker pull app:2.0\ndocker tag app:2.0 ada/pushed:1\ndocker push ada/pushed:1",
            asks=("hub POST upload ada/pushed 20[12] bearer ada", "hub PUT manifest-by-tag ada/pushed 201 bearer ada"),
            push=Push("docker.io/ada/pushed:1", "single", "bytes"),
            note="with the classic store a pushed image has the layers of the one that was pulled, compressed anew "
            "or mounted, under a manifest of docker's own; with the containerd store it has the same bytes",
        ),
        Case(
            "push of all platforms",
            f"{_DOCKER_LOGIN}docker pull --platform linux/amd64 oci\ndocker pull --platform linux/arm64 oci\n"
            "docker tag oci ada/pushed:1\ndocker push ada/pushed:1",
            asks=("hub PUT manifest-by-.* ada/pushed 201 bearer ada",),
            push=Push("docker.io/ada/pushed:1", "oci", "bytes"),
            daemons=CONTAINERD,
            note="26.1.5 with the containerd store pushes the manifest of each platform under the tag, and the index "
            "last; 28.5.2 pushes all but the index by digest",
        ),
        Case(
            "manifest create, manifest push",
            f"{_DOCKER_LOGIN}docker pull app:2.0\ndocker tag app:2.0 ada/pushed:1\ndocker push ada/pushed:1\n"
            "docker manifest create ada/list:1 ada/pushed:1\ndocker manifest push ada/list:1",
            asks=("hub PUT manifest-by-tag ada/list 201 bearer ada",),
            push=Push("docker.io/ada/list:1", "single", "layers"),
        ),
        Case(
            "push elsewhere",
            "docker pull large\ndocker tag large registry.elsewhere.test/team/large:1\n"
            "docker push registry.elsewhere.test/team/large:1",
            asks=("elsewhere PATCH upload team/large 202 none|elsewhere PUT upload team/large 201 none",),
            push=Push("registry.elsewhere.test/team/large:1", "large", "bytes"),
        ),
        Case(
            "push refused",
            "docker pull app:2.0\ndocker tag app:2.0 library/app:3.0\ndocker push library/app:3.0",
            asks=("hub PUT manifest-by-tag library/app 401 bearer https",),
            never=("hub PUT .* 201",),
            fails=True,
        ),
        Case(
            "build FROM",
            "printf 'FROM app:2.0\\nLABEL tried=yes\\n' >Dockerfile\n"
            "DOCKER_BUILDKIT=0 docker build --pull --tag tried .",
            says=("Successfully built",),
            asks=("hub GET layer library/app 307 bearer",),
        ),
        Case(
            "pull limit shown",
            "docker pull app:1.0",
            says=("You have reached your pull rate limit",),
            asks=("hub .* manifest-by-.* library/app 429 bearer",),
            limits=EXHAUSTED,
            fails=True,
        ),
        Case(
            "account's pull limit shown",
            f"{_DOCKER_LOGIN}docker pull app:1.0",
            says=("You have reached your pull rate limit",),
            asks=("hub .* manifest-by-.* library/app 429 bearer ada",),
            limits=EXHAUSTED,
            fails=True,
        ),
        Case(
            "abuse limit shown",
            "docker pull app:1.0",
            says=("toomanyrequests|Too Many Requests",),
            asks=("hub GET ping - 429 none|hub HEAD manifest-by-tag library/app 429 none",),
            limits=Limits(requests=0),
            fails=True,
            note="20.10 shows the abuse limit as `error parsing HTTP 429 response body`, since that body is no JSON",
        ),
        Case(
            "pull resumed",
            "docker pull large",
            says=("$LARGE",),
            asks=("hub GET layer library/large 206 none",),
            fault=BREAKS_OFF,
            daemons=CLASSIC,
            note="when a download breaks off, the classic store asks for the rest by itself, five seconds later",
        ),
        Case(
            "pull again after a break",
            "if docker pull large; then exit 1; fi\ndocker pull large",
            says=("$LARGE",),
            fault=BREAKS_OFF,
            daemons=CONTAINERD,
            note="with the containerd store a pull whose download breaks off fails, and the next begins it anew",
        ),
        Case(
            "pull by registry-mirrors",
            "docker pull app:1.0",
            says=("$MULTI",),
            asks=("mirror-1 GET layer library/app 200 none https",),
            never=("^hub",),
            mirrors=("https://mirror.gcr.io",),
        ),
        Case(
            "pull by registry-mirrors, plain HTTP",
            "docker pull app:1.0",
            says=("$MULTI",),
            asks=("mirror-2 GET layer library/app 200 none http mirror-2.test:5000",),
            never=("^hub",),
            mirrors=("http://mirror-2.test:5000",),
            daemons=r"(?!docker-26\.1\.5-containerd).*",
        ),
        Case(
            "pull past registry-mirrors, plain HTTP",
            "docker pull app:1.0",
            says=("$MULTI",),
            asks=FROM_CDN,
            never=("^mirror-2 GET layer",),
            mirrors=("http://mirror-2.test:5000",),
            daemons=r"docker-26\.1\.5-containerd",
            note="26.1.5 with the containerd store speaks TLS to a plain mirror, and so takes everything from Hub",
        ),
        Case(
            "pull by a pull-through mirror",
            "docker pull oci",
            says=("$OCI",),
            asks=("mirror-3 GET layer library/oci 200 none https mirror-3.test", *FROM_CDN),
            mirrors=("https://mirror-3.test",),
        ),
        Case(
            "pull from the mirror",
            "docker pull mirror.gcr.io/library/app:1.0",
            says=("$MULTI",),
            asks=("mirror-1 GET layer library/app 200 none https",),
            never=("^hub",),
        ),
    ),
)

_CTR = 'ctr() { command ctr --namespace tried "$@"; }\n'

_CTR_PULLS_AGAIN = (
    f"{_CTR}image=docker.io/library/large:latest\nif ctr images pull $image; then exit 1; fi\n"
    "ctr images pull $image\nctr images ls"
)

CTR = Client(
    "ctr",
    ("1.4", "1.6", "1.7", "2.1"),
    (
        Case(
            "pull",
            f"{_CTR}ctr images pull docker.io/library/app:1.0\nctr images ls",
            says=("$MULTI",),
            asks=("hub HEAD manifest-by-tag library/app 200 bearer", *FROM_CDN),
        ),
        Case(
            "pull by digest",
            f"{_CTR}ctr images pull docker.io/library/oci@$OCI",
            asks=("hub .* manifest-by-digest library/oci 200 bearer", *FROM_CDN),
            never=("manifest-by-tag",),
        ),
        Case(
            "pull by hosts.toml mirror",
            f"{_CTR}mkdir -p hosts/docker.io\ncat >hosts/docker.io/hosts.toml <<'END'\n"
            'server = "https://registry-1.docker.io"\n[host."https://mirror.gcr.io"]\n'
            'capabilities = ["pull", "resolve"]\nEND\n'
            "ctr images pull --hosts-dir $HOME/hosts docker.io/library/app:1.0\nctr images ls",
            says=("$MULTI",),
            asks=("mirror-1 GET layer library/app 200 none https mirror.gcr.io",),
            never=("^hub",),
            daemons=r"(?!docker-20\.10\.5$).*",
        ),
        Case(
            "pull of an unknown image",
            f"{_CTR}ctr images pull docker.io/library/nothing:1.0",
            says=("insufficient_scope: authorization failed",),
            asks=("hub HEAD manifest-by-tag library/nothing 401 bearer https",),
            fails=True,
        ),
        Case(
            "content fetch",
            f"{_CTR}ctr content fetch docker.io/library/app:2.0\nctr content ls",
            says=("$SINGLE",),
            asks=FROM_CDN,
        ),
        Case(
            "pull private",
            f"{_CTR}ctr images pull --user ada:$PASSWORD docker.io/ada/secret:1.0\nctr images ls",
            says=("$SINGLE",),
            asks=("hub POST token .* 200 other ada|hub GET token .* 200 basic ada", "layer ada/secret 307 bearer ada"),
        ),
        Case(
            "push",
            f"{_CTR}ctr images pull --all-platforms docker.io/library/oci:latest\n"
            "ctr images tag --force docker.io/library/oci:latest docker.io/ada/pushed:1\n"
            "ctr images push --user ada:$PASSWORD docker.io/ada/pushed:1",
            asks=("hub POST upload ada/pushed 20[12] bearer ada", "hub PUT manifest-by-tag ada/pushed 201 bearer ada"),
            push=Push("docker.io/ada/pushed:1", "oci", "bytes"),
        ),
        Case(
            "pull limit shown",
            f"{_CTR}ctr images pull docker.io/library/app:1.0",
            says=("429 Too Many Requests",),
            asks=("hub .* library/app 429 bearer",),
            limits=EXHAUSTED,
            fails=True,
        ),
        Case(
            "pull again after a break",
            _CTR_PULLS_AGAIN,
            says=("$LARGE",),
            fault=BREAKS_OFF,
            note="a pull whose download breaks off fails; from 1.7 on, the next asks for the rest alone, unless "
            "containerd has collected what it had as garbage",
        ),
        Case(
            "pull from the mirror",
            f"{_CTR}ctr images pull mirror.gcr.io/library/app:1.0\nctr images ls",
            says=("$MULTI",),
            asks=("mirror-1 GET layer library/app 200 none https",),
        ),
        Case(
            "pull from the mirror, plain HTTP",
            f"{_CTR}ctr images pull --plain-http mirror-2.test:5000/library/app:1.0\nctr images ls",
            says=("$MULTI",),
            asks=("mirror-2 GET layer library/app 200 none http mirror-2.test:5000",),
        ),
    ),
)

SKOPEO = Client(
    "skopeo",
    ("1.22",),
    (
        Case(
            "inspect",
            "skopeo inspect docker://docker.io/library/app:1.0",
            says=("$MULTI",),
            asks=("hub GET manifest-by-tag library/app 200 bearer", "hub GET tags library/app 200 bearer"),
        ),
        Case(
            "list-tags",
            "skopeo list-tags docker://docker.io/library/app",
            says=('"1.0"', '"2.0"'),
            asks=("hub GET tags library/app 200 bearer",),
        ),
        Case(
            "copy from Hub, all platforms",
            "skopeo copy --all docker://docker.io/library/app:1.0 dir:read\n"
            "sha256sum read/manifest.json | sed s/^/sha256:/",
            says=("$MULTI",),
            asks=FROM_CDN,
        ),
        Case(
            "copy from Hub by digest, one platform",
            "skopeo copy --override-arch arm64 docker://docker.io/library/oci@$OCI oci:read:1\n"
            "skopeo inspect --override-arch arm64 oci:read:1",
            says=('"Architecture": "arm64"',),
            asks=FROM_CDN,
            never=("manifest-by-tag",),
        ),
        Case(
            "login refused",
            "skopeo login -u ada -p wrong docker.io",
            says=("invalid username/password",),
            asks=("hub GET token - 401 basic https",),
            fails=True,
        ),
        Case(
            "login with access token, copy within Hub",
            "skopeo login -u ada -p $ACCESS_TOKEN docker.io\n"
            "skopeo copy --all --preserve-digests docker://docker.io/library/oci docker://docker.io/ada/pushed:1",
            says=("Login Succeeded",),
            asks=("hub GET token - 200 basic ada", "hub PUT manifest-by-tag ada/pushed 201 bearer ada"),
            push=Push("docker.io/ada/pushed:1", "oci", "bytes"),
        ),
        Case(
            "copy to Hub",
            "skopeo copy --all --preserve-digests --dest-creds ada:$PASSWORD "
            "docker://registry.elsewhere.test/library/app:1.0 docker://docker.io/ada/pushed:1",
            asks=("hub PATCH upload ada/pushed 202 bearer ada", "hub PUT manifest-by-tag ada/pushed 201 bearer ada"),
            push=Push("docker.io/ada/pushed:1", "multi", "bytes"),
        ),
        Case(
            "copy to Hub, as OCI",
            "skopeo copy --format oci --digestfile digest --dest-creds ada:$PASSWORD "
            "docker://docker.io/library/large docker://docker.io/ada/pushed:1\ncat digest",
            asks=("hub PUT manifest-by-tag ada/pushed 201 bearer ada",),
            push=Push("docker.io/ada/pushed:1", "large", "layers"),
        ),
        Case(
            "delete at another registry",
            "skopeo delete docker://registry.elsewhere.test/library/app:1.0\n"
            "if skopeo inspect docker://registry.elsewhere.test/library/app:1.0; then exit 1; fi",
            says=("manifest unknown",),
            asks=("elsewhere DELETE manifest-by-digest library/app 202 none",),
        ),
        Case(
            "inspect private",
            "skopeo inspect --creds ada:$PASSWORD docker://docker.io/ada/secret:1.0",
            says=("$SINGLE",),
            asks=("hub GET token ada/secret 200 basic ada", "hub GET manifest-by-tag ada/secret 200 bearer ada"),
        ),
        Case(
            "private refused",
            "skopeo inspect docker://docker.io/ada/secret:1.0",
            says=("denied",),
            asks=("hub GET manifest-by-tag ada/secret 401 bearer https",),
            fails=True,
        ),
        Case(
            "logout",
            "skopeo login -u ada -p $PASSWORD docker.io\nskopeo logout docker.io\n"
            "skopeo inspect docker://docker.io/ada/secret:1.0",
            says=("Removed login credentials",),
            asks=("hub GET manifest-by-tag ada/secret 401 bearer https",),
            fails=True,
        ),
        Case(
            "sync",
            "skopeo sync --all --src docker --dest docker docker.io/library/oci registry.elsewhere.test/synced",
            asks=("hub GET tags library/oci 200 bearer", "elsewhere PUT manifest-by-tag synced/oci 201 none"),
            push=Push("registry.elsewhere.test/synced/oci:latest", "oci", "bytes"),
        ),
        Case(
            "pull limit met",
            _until("Too many requests to", "skopeo --debug inspect docker://docker.io/library/app:1.0"),
            says=("Detected 'Retry-After' header",),
            asks=("hub GET manifest-by-tag library/app 429 bearer",),
            limits=EXHAUSTED,
            note="waits for as long as `Retry-After` says, a minute at most, and asks again a few times, before its "
            "user hears of a pull limit; so do podman and buildah",
        ),
        Case(
            "copy resumed",
            "skopeo copy docker://docker.io/library/large dir:read",
            asks=("hub GET layer library/large 206 none",),
            fault=BREAKS_OFF,
        ),
        Case(
            "copy from the mirror",
            "skopeo copy --all docker://mirror.gcr.io/library/app:1.0 dir:read\n"
            "sha256sum read/manifest.json | sed s/^/sha256:/",
            says=("$MULTI",),
            asks=("mirror-1 GET layer library/app 200 none https",),
        ),
        Case(
            "copy from the mirror, plain HTTP",
            "skopeo copy --all --src-tls-verify=false docker://mirror-2.test:5000/library/app:1.0 dir:read\n"
            "sha256sum read/manifest.json | sed s/^/sha256:/",
            says=("$MULTI",),
            asks=("mirror-2 GET layer library/app 200 none http mirror-2.test:5000",),
        ),
    ),
)

_MIRRORED = """\
export CONTAINERS_REGISTRIES_CONF=$HOME/registries.conf
cat >registries.conf <<'END'
[[registry]]
location = "docker.io"
[[registry.mirror]]
location = "mirror.gcr.io"
END
"""

PODMAN = Client(
    "podman",
    ("5.8",),
    (
        Case(
            "pull",
            "podman pull docker.io/library/app:1.0\n"
            "podman image inspect --format {{.RepoDigests}} docker.io/library/app:1.0",
            says=("docker.io/library/app@$MULTI",),
            asks=FROM_CDN,
        ),
        Case(
            "pull by digest, by platform",
            "podman pull --platform linux/arm64 docker.io/library/oci@$OCI\n"
            "podman image inspect --format {{.Architecture}} docker.io/library/oci@$OCI",
            says=("arm64",),
            asks=FROM_CDN,
            never=("manifest-by-tag",),
        ),
        Case(
            "search",
            "podman search docker.io/app",
            says=("docker.io/library/app",),
            asks=("hub GET other - 200 none https",),
        ),
        Case(
            "login refused",
            "podman login -u ada -p wrong docker.io",
            says=("invalid username/password",),
            asks=("hub GET token - 401 basic https",),
            fails=True,
        ),
        Case(
            "login with password, pull private, logout",
            "podman login -u ada -p $PASSWORD docker.io\npodman pull docker.io/ada/secret:1.0\npodman logout docker.io",
            says=("Login Succeeded", "Removed login credentials"),
            asks=("hub GET token - 200 basic ada", "hub GET layer ada/secret 307 bearer ada"),
        ),
        Case(
            "push with access token",
            "podman pull docker.io/library/large\npodman login -u ada -p $ACCESS_TOKEN docker.io\n"
            "podman push --digestfile digest docker.io/library/large docker.io/ada/pushed:1\ncat digest",
            asks=("hub POST upload ada/pushed 20[12] bearer ada", "hub PUT manifest-by-tag ada/pushed 201 bearer ada"),
            push=Push("docker.io/ada/pushed:1", "large", "layers"),
        ),
        Case(
            "manifest create, manifest push",
            "podman login -u ada -p $PASSWORD docker.io\npodman manifest create tried docker.io/library/app:1.0\n"
            "podman manifest push --all --digestfile digest tried docker://docker.io/ada/pushed:1\ncat digest",
            asks=("hub PUT manifest-by-digest ada/pushed 201 bearer ada", "hub PUT manifest-by-tag ada/pushed 201"),
            push=Push("docker.io/ada/pushed:1", "multi", "layers"),
        ),
        Case(
            "pull limit met",
            _until("Too many requests to", "podman --log-level debug pull docker.io/library/app:1.0"),
            asks=("hub GET manifest-by-tag library/app 429 bearer",),
            limits=EXHAUSTED,
        ),
        Case(
            "pull resumed",
            "podman pull docker.io/library/large",
            asks=("hub GET layer library/large 206 none",),
            fault=BREAKS_OFF,
        ),
        Case(
            "pull by registries.conf mirror",
            f"{_MIRRORED}podman pull docker.io/library/app:1.0",
            asks=("mirror-1 GET layer library/app 200 none https",),
            never=("^hub",),
        ),
        Case(
            "pull from the mirror, plain HTTP",
            "podman pull --tls-verify=false mirror-2.test:5000/library/app:1.0",
            asks=("mirror-2 GET layer library/app 200 none http mirror-2.test:5000",),
        ),
    ),
)

BUILDAH = Client(
    "buildah",
    ("1.43",),
    (
        Case(
            "from",
            "buildah from docker.io/library/oci",
            says=("oci-working-container",),
            asks=FROM_CDN,
        ),
        Case(
            "login with password, commit, push",
            "buildah from --name tried docker.io/library/oci\nbuildah login -u ada -p $PASSWORD docker.io\n"
            "buildah config --label tried=yes tried\n"
            "buildah commit tried localhost/tried\n"
            "buildah push --digestfile digest localhost/tried docker://docker.io/ada/built:1\ncat digest",
            says=("Login Succeeded",),
            asks=("hub PUT manifest-by-tag ada/built 201 bearer ada",),
            push=Push("docker.io/ada/built:1", "oci", "layers"),
        ),
        Case(
            "bud FROM",
            "printf 'FROM docker.io/library/app:2.0\\nLABEL tried=yes\\n' >Containerfile\nbuildah build --tag tried .",
            says=("localhost/tried",),
            asks=FROM_CDN,
        ),
    ),
)

_CRANE_LOGIN = "crane auth login -u ada -p $PASSWORD index.docker.io\n"

CRANE = Client(
    "crane",
    ("0.20",),
    (
        Case(
            "digest",
            "crane digest library/app:1.0",
            says=("$MULTI",),
            asks=("hub HEAD manifest-by-tag library/app 200 bearer",),
        ),
        Case(
            "manifest",
            "crane manifest library/app:1.0 >manifest\nsha256sum manifest | sed s/^/sha256:/",
            says=("$MULTI",),
            asks=("hub GET manifest-by-tag library/app 200 bearer",),
        ),
        Case("ls", "crane ls library/app", says=("1.0\n2.0",), asks=("hub GET tags library/app 200 bearer",)),
        Case(
            "pull by digest, by platform",
            "crane pull --platform linux/arm64 library/oci@$OCI image.tar\nls image.tar",
            says=("image.tar",),
            asks=FROM_CDN,
            never=("manifest-by-tag",),
        ),
        Case("validate", "crane validate --remote library/app:1.0", says=("PASS",), asks=FROM_CDN),
        Case(
            "login with password, digest of private",
            f"{_CRANE_LOGIN}crane digest ada/secret:1.0",
            says=("$SINGLE",),
            asks=("hub GET token ada/secret 200 basic ada", "hub HEAD manifest-by-tag ada/secret 200 bearer ada"),
        ),
        Case(
            "login with access token, push",
            "crane auth login -u ada -p $ACCESS_TOKEN index.docker.io\ncrane pull --format oci library/large layout\n"
            "crane push layout docker.io/ada/pushed:1",
            asks=("hub PATCH upload ada/pushed 202 bearer ada", "hub PUT manifest-by-tag ada/pushed 201 bearer ada"),
            push=Push("docker.io/ada/pushed:1", "large", "bytes"),
        ),
        Case(
            "copy within Hub",
            f"{_CRANE_LOGIN}crane copy library/app:1.0 ada/pushed:1",
            says=("mounted blob",),
            asks=("hub POST upload ada/pushed 201 bearer ada",),
            never=("hub PATCH",),
            push=Push("docker.io/ada/pushed:1", "multi", "bytes"),
        ),
        Case(
            "private refused",
            "crane digest ada/secret:1.0",
            says=("UNAUTHORIZED",),
            asks=("hub HEAD manifest-by-tag ada/secret 401 bearer https",),
            fails=True,
        ),
        Case(
            "pull limit shown",
            "crane manifest library/app:1.0",
            says=("TOOMANYREQUESTS: You have reached your pull rate limit",),
            asks=("hub GET manifest-by-tag library/app 429 bearer",),
            limits=EXHAUSTED,
            fails=True,
        ),
        Case(
            "pull broken off",
            "crane pull library/large image.tar",
            asks=("hub GET layer library/large 200 none",),
            fault=BREAKS_OFF,
            fails=True,
        ),
        Case(
            "digest from the mirror",
            "crane digest mirror.gcr.io/library/app:1.0",
            says=("$MULTI",),
            asks=("mirror-1 HEAD manifest-by-tag library/app 200 none https",),
        ),
        Case(
            "validate the mirror, plain HTTP",
            "crane validate --insecure --remote mirror-2.test:5000/library/app:1.0",
            says=("PASS",),
            asks=("mirror-2 GET layer library/app 200 none http mirror-2.test:5000",),
        ),
        Case(
            "validate a pull-through mirror, catalog",
            "crane validate --remote mirror-3.test/library/oci\ncrane catalog mirror-3.test",
            says=("PASS", "library/oci"),
            asks=("mirror-3 GET layer library/oci 200 none https mirror-3.test", *FROM_CDN),
        ),
        Case(
            "catalog of the mirror refused",
            "crane catalog mirror.gcr.io",
            says=("404",),
            asks=("mirror-1 GET other - 404 none",),
            fails=True,
        ),
    ),
)

_ORAS_PUSH = (
    "oras login -u ada -p $ACCESS_TOKEN docker.io\necho signed >note.txt\noras push docker.io/ada/artifact:1 note.txt\n"
)

ORAS = Client(
    "oras",
    ("1.3",),
    (
        Case(
            "manifest fetch",
            "oras manifest fetch --descriptor docker.io/library/app:1.0",
            says=("$MULTI",),
            asks=("hub HEAD manifest-by-tag library/app 200 bearer",),
        ),
        Case(
            "repo tags", "oras repo tags docker.io/library/app", says=("1.0\n2.0",), asks=("hub GET tags library/app",)
        ),
        Case(
            "login refused",
            "oras login -u ada -p wrong docker.io",
            says=("401",),
            asks=("hub GET token - 401 basic https",),
            fails=True,
        ),
        Case(
            "login with access token, push and pull",
            f"{_ORAS_PUSH}mkdir out\noras pull --output out docker.io/ada/artifact:1\ncat out/note.txt\n"
            "oras logout docker.io",
            says=("Login Succeeded", "signed"),
            asks=("hub PUT upload ada/artifact 201 bearer ada", "hub GET manifest-by-tag ada/artifact 200 bearer ada"),
            push=Push("docker.io/ada/artifact:1"),
        ),
        Case(
            "attach, discover",
            f"{_ORAS_PUSH}oras attach --artifact-type application/example docker.io/ada/artifact:1 note.txt\n"
            "oras discover docker.io/ada/artifact:1",
            says=("── application/example",),
            asks=(
                "hub PUT manifest-by-digest ada/artifact 201 bearer ada",
                "hub GET referrers ada/artifact 200 bearer ada",
            ),
        ),
        Case(
            "cp with referrers",
            f"{_ORAS_PUSH}oras attach --artifact-type application/example docker.io/ada/artifact:1 note.txt\n"
            "oras cp --recursive docker.io/ada/artifact:1 registry.elsewhere.test/team/artifact:1\n"
            "oras discover registry.elsewhere.test/team/artifact:1",
            says=("── application/example",),
            asks=("elsewhere GET referrers team/artifact 200 none",),
            push=Push("registry.elsewhere.test/team/artifact:1"),
        ),
        Case(
            "cp to another registry",
            "oras cp docker.io/library/app:1.0 registry.elsewhere.test/team/app:1",
            says=("$MULTI",),
            asks=(*FROM_CDN, "elsewhere PUT upload team/app 201 none"),
            push=Push("registry.elsewhere.test/team/app:1", "multi", "bytes"),
        ),
        Case(
            "fetch again after 429",
            "oras manifest fetch --descriptor docker.io/library/app:1.0",
            says=("$MULTI",),
            asks=(
                "hub HEAD manifest-by-tag library/app 429 bearer",
                "hub HEAD manifest-by-tag library/app 200 bearer",
            ),
            fault=Fault("status", at="manifest", method="HEAD", status=429, skip=1, times=1),
            note="asks six times, within seconds, before its user hears of a pull limit",
        ),
        Case(
            "cp broken off",
            "oras cp --to-oci-layout docker.io/library/large:latest layout:1",
            asks=("hub GET layer library/large 200 none",),
            fault=BREAKS_OFF,
            fails=True,
        ),
        Case(
            "discover at the mirror",
            "oras discover mirror.gcr.io/library/oci:latest",
            says=("$OCI",),
            asks=("mirror-1 GET referrers library/oci 200 none https",),
        ),
        Case(
            "cp from the mirror, plain HTTP",
            "oras cp --from-plain-http --to-oci-layout mirror-2.test:5000/library/oci:latest layout:1",
            says=("$OCI",),
            asks=("mirror-2 GET layer library/oci 200 none http mirror-2.test:5000",),
        ),
    ),
)

BESIDE_A_DAEMON: Sequence[Client] = (DOCKER, CTR)
"""Clients of a daemon's image, tried beside it."""

WITHOUT_A_DAEMON: Sequence[Client] = (SKOPEO, PODMAN, BUILDAH, CRANE, ORAS)
"""Clients of the image of clients."""

CLIENTS: Sequence[Client] = (*BESIDE_A_DAEMON, *WITHOUT_A_DAEMON)
