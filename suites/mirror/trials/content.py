"""Manifests and layers of every kind."""

import json
from collections.abc import Iterator
from dataclasses import replace

from fixtures.mirrors.scenario import Artifact, Ask, Fill, Layer, MirrorScenario, Settle, Step
from simulator.arrangement import Break, Copy, Holdings, ImageSpec
from simulator.topology import REGISTRY_HOST
from suites.mirror.trial import Trial
from suites.mirror.trials.common import (
    ACCEPTS,
    BY_DIGEST,
    BY_TAG,
    CONFIG,
    FOUR_MIB,
    HEALED,
    LAYER,
    OCI_MANIFEST,
    OTHER,
    PLATFORMS,
    REPOSITORY,
    TAG,
    broken,
    one,
)
from suites.rules.mirror.blobs import CANARY


def content_trials() -> Iterator[Trial]:
    many = ImageSpec("many", "oci", (64,), PLATFORMS)
    listed = ImageSpec("listed", "docker", (64,), PLATFORMS)
    for name, spec in (("many", many), ("listed", listed)):
        copies = Holdings((Copy(REPOSITORY, TAG, name),))
        scenario = MirrorScenario(images={name: spec}, hub=copies)
        steps: tuple[Step, ...] = (
            Fill(REPOSITORY, TAG, name),
            *(Ask("manifest", REPOSITORY, TAG, headers=(("Accept", accept),)) for accept in ACCEPTS),
            *(Ask("manifest", REPOSITORY, f"@{name}/{platform}:manifest") for platform in PLATFORMS),
        )
        yield Trial(f"index {name}", replace(scenario, steps=steps), ("MANIFEST-5", "MANIFEST-6"))
    yield Trial("by digest", one(BY_DIGEST, CONFIG, LAYER), ("MANIFEST-9", "BLOB-6"), only="pull-through")
    image = Artifact(REPOSITORY, "image", layers=(Layer("application/vnd.oci.image.layer.v1.tar+zstd", 300),))
    proof = Artifact(REPOSITORY, "proof", layers=(Layer("application/vnd.in-toto+json", 100),))
    attested = Artifact(REPOSITORY, "attested", manifests=("image",), attests=("proof",))
    yield Trial(
        "attestations",
        MirrorScenario(
            artifacts={"image": image, "proof": proof, "attested": attested},
            steps=(
                Fill(REPOSITORY, "attested", "attested"),
                Ask("manifest", REPOSITORY, "attested"),
                Ask("manifest", REPOSITORY, "@attested/0:manifest"),
                Ask("manifest", REPOSITORY, "@attested/1:manifest"),
                *(
                    Ask("blob", REPOSITORY, "@image/layer:0", headers=(("Accept-Encoding", encoding),))
                    for encoding in ("identity", "gzip", "zstd, gzip;q=0.5", "*")
                ),
            ),
        ),
        ("MANIFEST-6", "BLOB-3"),
    )
    chart = Artifact(REPOSITORY, "chart", "application/vnd.example.chart.v9", (Layer("text/x-chart", 70),))
    yield Trial(
        "artifact",
        MirrorScenario(
            artifacts={"chart": chart},
            steps=(Fill(REPOSITORY, "chart", "chart"), Ask("manifest", REPOSITORY, "chart")),
        ),
        ("MANIFEST-7",),
    )
    sizes = {"large": FOUR_MIB, "just below": FOUR_MIB - 1}
    large = {name: Artifact(REPOSITORY, name.replace(" ", "-"), padding=size) for name, size in sizes.items()}
    asked = [step for name, of in large.items() for step in (Fill(REPOSITORY, of.tag, name), Ask("manifest", *_at(of)))]
    yield Trial("large manifest", MirrorScenario(artifacts=large, steps=tuple(asked)), ("MANIFEST-8",))
    yield Trial(
        "manifest over the limit",
        one(_too_large(), BY_TAG, HEALED, replace(BY_TAG, repository=OTHER)),
        ("MANIFEST-10",),
        only="pull-through",
    )
    address = f"https://{REGISTRY_HOST}{CANARY}"
    foreign = Layer("application/vnd.oci.image.layer.nondistributable.v1.tar", 64, (address,))
    image = Artifact(REPOSITORY, "foreign", layers=(foreign,))
    yield Trial(
        "foreign layer",
        MirrorScenario(
            artifacts={"foreign": image},
            steps=(Fill(REPOSITORY, "foreign", "foreign"), Ask("manifest", REPOSITORY, "foreign"), Settle()),
        ),
        ("BLOB-4",),
    )


def _at(artifact: Artifact) -> tuple[str, str]:
    return artifact.repository, artifact.tag


def _too_large() -> Break:
    """Hub gives a manifest that is a byte longer than registries must take."""
    empty = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": f"sha256:{'0' * 64}", "size": 2}
    value = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": empty, "layers": [], "annotations": {"x": ""}}
    short = json.dumps(value)
    body = f"{short[:-3]}{'x' * (FOUR_MIB + 1 - len(short))}{short[-3:]}"
    return broken(kind="status", at="manifest", method="GET", status=200, body=body, content_type=OCI_MANIFEST)
