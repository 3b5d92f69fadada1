"""An experiment chooses its servers in the same words as everything else."""

from tests.experiments.lab_scenes import GRID, Lab


def test_any_means_every_host_of_the_laboratory_and_names_those_that_are_away(lab: Lab):
    lab.write(GRID + "hosts: any\n")
    told = lab.home / "darkroom.yaml"
    told.write_text(told.read_text() + "  attic: {url: 'http://127.0.0.1:9'}\n")
    report = lab.run()
    (begun,) = lab.opened
    assert [text.startswith("attic") for text in begun.away] == [True]
    assert (report.status, report.images) == ("complete", 8)
    assert {sidecar["engine"]["host"] for sidecar in lab.sidecars()} == {"studio"}


def test_without_hosts_of_its_own_it_has_those_of_the_project(lab: Lab):
    aigen = lab.home / "projects/demo/config/AIGen.yaml"
    aigen.write_text(aigen.read_text().replace("host: studio", "host: 'attic,studio'"))
    told = lab.home / "darkroom.yaml"
    told.write_text(told.read_text() + "  attic: {url: 'http://127.0.0.1:9'}\n")
    assert lab.run().images == 8
