"""Which client made a change, and under which operation. Evidence: recorded (annotations of the real resources)."""

from dataclasses import replace

from cloudrun_cli import __version__
from cloudrun_cli.core.annotations import CLIENT_NAME, CLIENT_VERSION, OPERATION_ID
from cloudrun_cli.core.stamping import noted, stamped, unsigned
from tests.builders import a_service, a_template, seeded


def test_a_change_leaves_client_and_operation_on_the_service_and_the_client_on_the_template() -> None:
    made = stamped(a_service(annotations={"example.com/kept": "yes", CLIENT_NAME: "gcloud"}), seeded())
    assert made.annotations[CLIENT_NAME] == "cloudrun"
    assert made.annotations[CLIENT_VERSION] == __version__
    assert made.annotations["example.com/kept"] == "yes"
    assert made.template.annotations == {CLIENT_NAME: "cloudrun", CLIENT_VERSION: __version__}


def test_every_change_is_an_operation_of_its_own() -> None:
    random = seeded()
    first = noted(a_service(), random)
    again = noted(first, random)
    assert first.template == again.template == a_service().template
    assert len(first.annotations[OPERATION_ID]) == 36
    assert first.annotations[OPERATION_ID] != again.annotations[OPERATION_ID]


def test_who_wrote_a_template_does_not_make_it_another() -> None:
    plain = a_template(annotations={"example.com/kept": "yes"})
    written = stamped(a_service(template=plain), seeded()).template
    assert unsigned(written) == unsigned(plain)
    assert unsigned(replace(written, concurrency=3)) != unsigned(plain)


def test_a_client_that_names_itself_is_the_one() -> None:
    made = noted(a_service(), seeded(), {CLIENT_NAME: "terraform", CLIENT_VERSION: "6"})
    assert (made.annotations[CLIENT_NAME], made.annotations[CLIENT_VERSION]) == ("terraform", "6")
