"""What is asked from where a real daemon stands."""

import pytest

from fixtures.lab.lab import Lab
from fixtures.playing import Player
from tests.verify.standing import Standing


@pytest.fixture(scope="session")
def standing(lab: Player, tmp_path_factory: pytest.TempPathFactory) -> Standing:
    if not isinstance(lab, Lab):
        pytest.skip("a model stands nowhere: tests/verify/test_model_predictions.py is for it")
    return Standing.of(lab, tmp_path_factory.mktemp("authority") / "authority.pem")
