"""What is predicted of a pull is what a real daemon then does: drawn scenarios, on every daemon."""

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from fixtures.addresses import SERVER_OF_HOST
from fixtures.lab.lab import Lab
from fixtures.naming import Naming
from fixtures.playing import Player
from fixtures.scenario import Pull, Scenario
from suites.verify.answers import Image
from suites.verify.facts import Kind, Setup
from suites.verify.predict import Prediction, predict
from suites.verify.probe import probe
from tests.verify.equality import Reality, differences, faults, insecure_hosts, scenarios
from tests.verify.standing import Standing

pytestmark = pytest.mark.engine

EXAMPLES = 25


@pytest.fixture(scope="session")
def standing(lab: Player, tmp_path_factory: pytest.TempPathFactory) -> Standing:
    if not isinstance(lab, Lab):
        pytest.skip("a model stands nowhere: tests/verify/test_model_predictions.py is for it")
    return Standing.of(lab, tmp_path_factory.mktemp("authority") / "authority.pem")


def told_and_real(lab: Lab, standing: Standing, scenario: Scenario) -> tuple[Prediction, Reality]:
    """What is predicted of a scenario's last step, a pull, and what then comes of it."""
    *before, pull = scenario.steps
    assert isinstance(pull, Pull)
    with lab.open(scenario) as play:
        for step in before:
            play.do(step)
        naming = Naming(play.history().salt)
        image = Image(naming.repository(pull.reference.repository), naming.version(pull.reference, play.contents))
        kind = Kind(lab.profile.version, lab.profile.store)
        setup = Setup(kind, (), lab.daemon.shown_mirrors(), ("127.0.0.0/8", *insecure_hosts(scenario)))
        told = predict(kind, standing.do(lambda: probe(setup, image, network=standing.network)))
        outcome = play.do(pull)
        return told, Reality.of(play.history(), outcome)


def test_what_is_predicted_is_what_a_daemon_does(lab: Lab, standing: Standing, pytestconfig: pytest.Config) -> None:
    @seed(pytestconfig.getoption("--seed"))
    @settings(
        deadline=None,
        max_examples=round(EXAMPLES * pytestconfig.getoption("--scale")),
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios(faults(lab.profile.store)))
    def equal(scenario: Scenario) -> None:
        told, reality = told_and_real(lab, standing, scenario)
        assert list(differences(told, reality, SERVER_OF_HOST)) == [], (told, reality)

    equal()
