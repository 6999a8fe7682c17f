"""What DCAT-AP 3 demands, as SHACL, and OpenLineage, as JSON Schema. Written for these tests from the profile's tables of mandatory properties, their ranges and
cardinalities, and read beside the official shapes of 3.0.0 (required properties, ranges); those are not copied here."""

from __future__ import annotations

DCAT_AP = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix dcatap: <http://data.europa.eu/r5r/> .
@prefix eli: <http://data.europa.eu/eli/ontology#> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix odrl: <http://www.w3.org/ns/odrl/2/> .
@prefix spdx: <http://spdx.org/rdf/terms#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix : <urn:test:> .

:Catalogue a sh:NodeShape ; sh:targetClass dcat:Catalog ;
  sh:property [ sh:path dcterms:title ; sh:minCount 1 ; sh:nodeKind sh:Literal ] ;
  sh:property [ sh:path dcterms:description ; sh:minCount 1 ; sh:nodeKind sh:Literal ] ;
  sh:property [ sh:path dcterms:publisher ; sh:minCount 1 ; sh:maxCount 1 ; sh:node :Agent ] ;
  sh:property [ sh:path foaf:homepage ; sh:maxCount 1 ; sh:class foaf:Document ] ;
  sh:property [ sh:path dcterms:license ; sh:maxCount 1 ; sh:class dcterms:LicenseDocument ] ;
  sh:property [ sh:path dcat:dataset ; sh:class dcat:Dataset ] .

:Agent a sh:NodeShape ; sh:targetClass foaf:Agent ;
  sh:property [ sh:path foaf:name ; sh:minCount 1 ; sh:nodeKind sh:Literal ] .

:Dataset a sh:NodeShape ; sh:targetClass dcat:Dataset ;
  sh:property [ sh:path dcterms:title ; sh:minCount 1 ; sh:nodeKind sh:Literal ] ;
  sh:property [ sh:path dcterms:description ; sh:minCount 1 ; sh:nodeKind sh:Literal ] ;
  sh:property [ sh:path dcterms:publisher ; sh:maxCount 1 ; sh:class foaf:Agent ] ;
  sh:property [ sh:path dcterms:accessRights ; sh:maxCount 1 ; sh:class dcterms:RightsStatement ] ;
  sh:property [ sh:path dcterms:issued ; sh:maxCount 1 ; sh:datatype xsd:dateTime ] ;
  sh:property [ sh:path dcterms:provenance ; sh:class dcterms:ProvenanceStatement ] ;
  sh:property [ sh:path dcat:distribution ; sh:class dcat:Distribution ] ;
  sh:property [ sh:path dcat:hasVersion ; sh:class dcat:Dataset ] ;
  sh:property [ sh:path dcat:isVersionOf ; sh:class dcat:Dataset ] ;
  sh:property [ sh:path dcat:version ; sh:maxCount 1 ; sh:nodeKind sh:Literal ] ;
  sh:property [ sh:path dcterms:modified ; sh:maxCount 1 ; sh:datatype xsd:dateTime ] ;
  sh:property [ sh:path dcterms:identifier ; sh:nodeKind sh:Literal ] ;
  sh:property [ sh:path dcat:keyword ; sh:nodeKind sh:Literal ] ;
  sh:property [ sh:path dcat:landingPage ; sh:class foaf:Document ] ;
  sh:property [ sh:path dcatap:applicableLegislation ; sh:class eli:LegalResource ] ;
  sh:property [ sh:path odrl:hasPolicy ; sh:class odrl:Policy ] .

:Distribution a sh:NodeShape ; sh:targetClass dcat:Distribution ;
  sh:property [ sh:path dcat:accessURL ; sh:minCount 1 ; sh:nodeKind sh:IRI ] ;
  sh:property [ sh:path dcat:byteSize ; sh:maxCount 1 ; sh:datatype xsd:nonNegativeInteger ] ;
  sh:property [ sh:path dcat:mediaType ; sh:maxCount 1 ; sh:class dcterms:MediaType ] ;
  sh:property [ sh:path odrl:hasPolicy ; sh:maxCount 1 ; sh:class odrl:Policy ] ;
  sh:property [ sh:path spdx:checksum ; sh:maxCount 1 ; sh:class spdx:Checksum ; sh:node :Checksum ] .

:Checksum a sh:NodeShape ;
  sh:property [ sh:path spdx:algorithm ; sh:minCount 1 ; sh:maxCount 1 ; sh:nodeKind sh:IRI ] ;
  sh:property [ sh:path spdx:checksumValue ; sh:minCount 1 ; sh:maxCount 1 ; sh:datatype xsd:hexBinary ] .
"""

# What the public schema of OpenLineage 2-0-2 demands of a run event, read beside it and said again here: members, kinds, formats.
_FACET = {
    "type": "object",
    "required": ["_producer", "_schemaURL"],
    "properties": {
        "_producer": {"type": "string", "format": "uri"},
        "_schemaURL": {"type": "string", "format": "uri"},
    },
}
_FACETS = {"type": "object", "additionalProperties": _FACET}
_NAMED = {
    "namespace": {"type": "string", "minLength": 1},
    "name": {"type": "string", "minLength": 1},
    "facets": _FACETS,
}


def _dataset(more: str) -> dict[str, object]:
    return {"type": "object", "required": ["namespace", "name"], "properties": {**_NAMED, more: _FACETS}}


RUN_EVENT = {
    "type": "object",
    "required": ["eventTime", "producer", "schemaURL", "run", "job"],
    "properties": {
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "eventTime": {"type": "string", "format": "date-time"},
        "producer": {"type": "string", "format": "uri"},
        "schemaURL": {"type": "string", "format": "uri"},
        "run": {
            "type": "object",
            "required": ["runId"],
            "properties": {"runId": {"type": "string", "format": "uuid"}, "facets": _FACETS},
        },
        "job": {"type": "object", "required": ["namespace", "name"], "properties": _NAMED},
        "inputs": {"type": "array", "items": _dataset("inputFacets")},
        "outputs": {"type": "array", "items": _dataset("outputFacets")},
    },
}
