"""What leaves in the formats of others: each is checked by what its users check with, and all name the same things."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker
from openlineage.client import event_v2
from openlineage.client.generated import (
    dataset_version_dataset,
    documentation_dataset,
    job_type_job,
    output_statistics_output_dataset,
    schema_dataset,
)
from openlineage.client.serde import Serde
from pyshacl import validate
from rdflib import Graph, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.compare import isomorphic
from rdflib.namespace import DCTERMS, PROV, RDF

from contracts.sharing.models import Request
from jobs.provenance.formats.dcat import legislation
from jobs.provenance.formats.openlineage import CONTRACT
from kernel.iris import iri, of_bytes, sha256_of, uuid_of
from tests import shapes, worlds
from tests.cast import Cast
from tests.test_access import BACKEND, token
from tests.test_lineage import derived
from trusts.datasets import services as datasets

# What the RDF library says of its own parts.
pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")]
DCAT = Namespace("http://www.w3.org/ns/dcat#")
ODRL, CH = Namespace("http://www.w3.org/ns/odrl/2/"), Namespace("urn:commonhold:ns:")
SPDX, CSVW = Namespace("http://spdx.org/rdf/terms#"), Namespace("http://www.w3.org/ns/csvw#")


@pytest.fixture
def request_(cast: Cast) -> Request:
    request = worlds.delivered(cast)
    version = request.agreement.version_of_data
    words = {"dest": {"description": "Where to", "unit": "IATA code"}, "tailnum": {"personal": True}}
    datasets.describe_columns(version.pk, actor=cast.actor("dana"), columns=words)
    derived(cast, request.deliveries.get())
    return request


def text(cast: Cast, name: str, path: str) -> str:
    client = Client()
    client.force_login(cast.users[name], backend=BACKEND)
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def own(cast: Cast, request: Request, path: str, name: str = "dana") -> str:
    return text(cast, name, f"{request.agreement.dataset.get_absolute_url()}{path}")


def rdf(document: str, form: str = "json-ld") -> Graph:
    return Graph().parse(data=document, format=form)


def test_all_formats_name_the_same_things(cast: Cast, request_: Request) -> None:
    """Each is read back by its own means; what they say of version, policies, jobs, exports, hashes and columns is the same."""
    agreement, delivery = request_.agreement, request_.deliveries.get()
    version, dataset = agreement.version_of_data, agreement.dataset
    columns = list(version.column_types())
    policies = {agreement.iri, dataset.offers.get().iri}
    jobs = {job.iri for job in version.jobs.filter(kind__in=["intake", "export"])}
    assert len(jobs) == 2
    data, away = version.parquet_sha256, delivery.data_sha256

    one = rdf(own(cast, request_, "prov.jsonld"))
    name, export = URIRef(version.iri), URIRef(delivery.iri)
    assert set(map(str, one.subjects(RDF.type, PROV.Activity))) == jobs
    assert set(map(str, one.subjects(ODRL.target, URIRef(dataset.iri)))) == policies
    assert (str(one.value(name, CH.sha256)), str(one.value(export, CH.sha256))) == (data, away)
    assert [str(c) for c in Collection(one, one.value(name, CSVW.name))] == columns
    assert {(str(s), str(o)) for s, o in one.subject_objects(PROV.used)} >= {
        (str(delivery.job.iri), version.iri)
    }
    assert set(one.objects(export, PROV.wasDerivedFrom)) == {name}
    assert [str(s) for s in one.subjects(PROV.wasDerivedFrom, export)] == [delivery.derived.get().version.iri]
    assert set(map(str, one.objects(export, ODRL.hasPolicy))) == {agreement.iri}

    runs = [json.loads(line) for line in own(cast, request_, "openlineage.jsonl").splitlines()]
    done = {iri(run["run"]["runId"]): run for run in runs if run["eventType"] == "COMPLETE"}
    assert set(done) == jobs
    made = done[delivery.job.iri]
    assert [i["name"] for i in made["inputs"]] == [version.iri] and [o["name"] for o in made["outputs"]] == [
        delivery.iri
    ]
    assert made["inputs"][0]["facets"]["version"]["datasetVersion"] == data
    assert made["outputs"][0]["facets"]["version"]["datasetVersion"] == away
    assert [f["name"] for f in made["inputs"][0]["facets"]["schema"]["fields"]] == columns
    under = made["run"]["facets"][CONTRACT]
    assert (under["policy"], under["policySha256"]) == (agreement.odrl["uid"], agreement.policy_hash)
    assert {under["policy"]} < policies and under["planSha256"] == delivery.job.plan_hash

    one = rdf(text(cast, "dana", "/catalogue.jsonld"))
    assert (name, DCAT.isVersionOf, URIRef(dataset.iri)) in one
    assert set(map(str, one.objects(name, ODRL.hasPolicy))) == policies
    bytes_ = one.value(name, DCAT.distribution)
    assert sha256_of(str(one.value(bytes_, DCTERMS.identifier))) == data
    assert str(one.value(one.value(bytes_, SPDX.checksum), SPDX.checksumValue)) == data
    listed = Collection(one, one.value(one.value(bytes_, CSVW.tableSchema), CSVW.column))
    assert [str(one.value(c, CSVW.name)) for c in listed] == columns

    croissant = json.loads(own(cast, request_, "versions/1/croissant.json"))
    assert (croissant["@id"], set(croissant["usageInfo"])) == (version.iri, policies)
    assert (croissant["isBasedOn"], croissant["distribution"][0]["sha256"]) == (dataset.iri, data)
    assert [f["name"] for f in croissant["recordSet"][0]["field"]] == columns

    package = json.loads(own(cast, request_, "versions/1/datapackage.json"))
    resource = package["resources"][0]
    assert (package["id"], {t["policy"] for t in package["licenses"]}) == (version.iri, policies)
    assert (
        resource["hash"] == f"sha256:{data}" and [f["name"] for f in resource["schema"]["fields"]] == columns
    )

    contract = yaml.safe_load(own(cast, request_, "odcs.yaml"))
    said = {p["property"]: p["value"] for p in contract["customProperties"]}
    assert (said["version"], said["parquet_sha256"], contract["id"]) == (version.iri, data, str(dataset.pk))
    assert {d["id"] for d in contract["authoritativeDefinitions"]} == policies
    assert [p["name"] for p in contract["schema"][0]["properties"]] == columns


FACETS: dict[str, Any] = {
    "version": dataset_version_dataset.DatasetVersionDatasetFacet, "documentation": documentation_dataset.DocumentationDatasetFacet,
    "schema": schema_dataset.SchemaDatasetFacet, "outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet,
    "jobType": job_type_job.JobTypeJobFacet,
}  # fmt: skip


def facets(given: dict[str, Any]) -> dict[str, Any]:
    """The client's own classes from what we wrote; one that it does not know is kept as it is."""
    found = {}
    for name, values in given.items():
        plain = {k: v for k, v in values.items() if not k.startswith("_")}
        if name == "schema":
            fields = [schema_dataset.SchemaDatasetFacetFields(**f, fields=None) for f in plain["fields"]]
            plain["fields"] = fields
        found[name] = FACETS[name](producer=values["_producer"], **plain) if name in FACETS else values
    return found


def test_openlineage_events_are_what_its_client_makes(cast: Cast, request_: Request) -> None:
    """The client's classes check ids and times, and add the schema's address of each part: theirs is then ours."""
    lines = own(cast, request_, "openlineage.jsonl").splitlines()
    assert len(lines) == 4, "two runs, each began and was completed"
    for event in map(json.loads, lines):

        def of(kind: Any, one: dict[str, Any], more: str) -> Any:
            extra = {more: facets(one[more]) if more in one else None}
            return kind(one["namespace"], one["name"], facets=facets(one["facets"]), **extra)

        theirs = event_v2.RunEvent(
            eventType=event_v2.RunState[event["eventType"]], eventTime=event["eventTime"], producer=event["producer"],
            run=event_v2.Run(event["run"]["runId"], facets=event["run"]["facets"]),
            job=event_v2.Job(event["job"]["namespace"], event["job"]["name"], facets=facets(event["job"]["facets"])),
            inputs=[of(event_v2.InputDataset, i, "inputFacets") for i in event["inputs"]],
            outputs=[of(event_v2.OutputDataset, o, "outputFacets") for o in event["outputs"]],
        )  # fmt: skip
        assert json.loads(Serde.to_json(theirs)) == event
    demands = Draft202012Validator(shapes.RUN_EVENT, format_checker=FormatChecker(("date-time", "uuid")))
    for event in map(json.loads, lines):
        assert not [f"{list(e.path)}: {e.message}" for e in demands.iter_errors(event)]
    wrong = json.loads(lines[0]) | {"eventTime": "yesterday"}
    del wrong["job"]["name"]
    assert len(list(demands.iter_errors(wrong))) == 2, "the schema does look"
    schema = Client().get("/schemas/openlineage/contract-run-facet-1.json").json()
    own_facet = json.loads(lines[-1])["run"]["facets"][CONTRACT]
    assert own_facet["_schemaURL"].startswith(schema["$id"] + "#/$defs/")
    wanted = schema["$defs"]["ContractRunFacet"]["allOf"][1]
    assert set(wanted["required"]) <= set(own_facet) <= {*wanted["properties"], "_producer", "_schemaURL"}


def test_the_catalogue_keeps_to_dcat_ap(cast: Cast, request_: Request) -> None:
    """Against shapes of what DCAT-AP 3 demands (see tests/shapes.py), and the Turtle says the same as the JSON-LD."""
    for name in ("dana", "piotr", "ada"):
        one, other = (
            rdf(text(cast, name, "/catalogue.jsonld")),
            rdf(text(cast, name, "/catalogue.ttl"), "turtle"),
        )
        assert isomorphic(one, other)
        fits, _, report = validate(one, shacl_graph=rdf(shapes.DCAT_AP, "turtle"))
        assert fits, report
    broken = rdf(text(cast, "dana", "/catalogue.jsonld"))
    broken.remove((URIRef(request_.agreement.dataset.iri), DCTERMS.title, None))
    fits, _, report = validate(broken, shacl_graph=rdf(shapes.DCAT_AP, "turtle"))
    assert not fits and "title" in report


def test_a_catalogue_shows_what_its_reader_may_see(cast: Cast, request_: Request) -> None:
    hidden = worlds.registered(cast, title="Not for others")
    agreement, applicable = request_.agreement, URIRef("http://data.europa.eu/r5r/applicableLegislation")
    mine, partner, third = (text(cast, name, "/catalogue.jsonld") for name in ("dana", "piotr", "ada"))
    assert hidden.iri in mine and hidden.iri not in partner and "Not for others" not in third
    assert agreement.iri in mine and agreement.iri in partner
    assert agreement.iri not in third and agreement.dataset.iri in third
    outside = json.loads(text(cast, "olga", "/catalogue.jsonld"))
    assert outside["@graph"][0]["dataset"] == []
    acts = set(map(str, rdf(third).objects(URIRef(agreement.dataset.iri), applicable)))
    assert "http://data.europa.eu/eli/reg/2016/679/oj" in acts
    assert legislation(["DGA Art. 5(5); EHDS Art. 61(3)", "A bylaw"]) == [
        "http://data.europa.eu/eli/reg/2022/868/oj",
        "http://data.europa.eu/eli/reg/2025/327/oj",
    ]


def test_croissant_and_frictionless_have_what_their_specifications_demand(
    cast: Cast, request_: Request
) -> None:
    found = json.loads(own(cast, request_, "versions/1/croissant.json", "piotr"))
    assert set(found) >= {
        "@context",
        "@type",
        "conformsTo",
        "name",
        "description",
        "license",
        "url",
        "creator",
        "datePublished",
    }
    assert set(found["distribution"][0]) >= {"@type", "@id", "name", "contentUrl", "encodingFormat", "sha256"}
    fields = {f["name"]: f for f in found["recordSet"][0]["field"]}
    files = {f["@id"] for f in found["distribution"]}
    assert all(
        set(f) >= {"@type", "@id", "name", "dataType", "source"} and f["source"]["fileObject"]["@id"] in files
        for f in fields.values()
    )
    assert (fields["distance"]["dataType"], fields["dest"]["description"]) == (
        "sc:Integer",
        "Where to (IATA code)",
    )
    assert found["rai:personalSensitiveInformation"] == ["The column tailnum may identify a person."]
    assert len(list(rdf(json.dumps(found)))) > 60, "it is JSON-LD whose every term is known"
    package = json.loads(own(cast, request_, "versions/1/datapackage.json", "piotr"))
    kinds = {f["name"]: f["type"] for f in package["resources"][0]["schema"]["fields"]}
    assert package["name"] == package["name"].lower() and all("path" in one for one in package["licenses"])
    assert set(package["resources"][0]) >= {"name", "path"} and (kinds["distance"], kinds["dest"]) == (
        "integer",
        "string",
    )


def test_the_api_gives_the_same_documents(cast: Cast, request_: Request) -> None:
    version = request_.agreement.version_of_data
    client, headers, outside = Client(), token(cast, "dana", ["read"]), token(cast, "olga", ["read"])
    pairs = {
        f"datasets/{version.dataset_id}/prov": "prov.jsonld", f"datasets/{version.dataset_id}/openlineage": "openlineage.jsonl",
        f"versions/{version.pk}/croissant": "versions/1/croissant.json", f"versions/{version.pk}/datapackage": "versions/1/datapackage.json",
        f"datasets/{version.dataset_id}/odcs": "odcs.yaml",
    }  # fmt: skip
    for api, page in pairs.items():
        assert client.get(f"/api/v1/{api}", **headers).content.decode() == own(cast, request_, page)
        assert client.get(f"/api/v1/{api}", **outside).status_code == 404
        assert client.get(f"/api/v1/{api}").status_code == 401
    for form, page in (("catalogue", "/catalogue.jsonld"), ("catalogue.ttl", "/catalogue.ttl")):
        assert client.get(f"/api/v1/{form}", **headers).content.decode() == text(cast, "dana", page)


def test_names_can_be_read_back() -> None:
    sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    # The example of RFC 6920's form: base64url without padding.
    assert of_bytes(sha256) == "ni:///sha-256;n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"
    assert sha256_of(of_bytes(sha256)) == sha256
    assert (
        iri(uuid_of("urn:uuid:11111111-2222-4333-8444-555555555555"))
        == "urn:uuid:11111111-2222-4333-8444-555555555555"
    )
