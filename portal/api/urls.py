"""Routes of the API."""

from __future__ import annotations

from typing import Any

from django.urls import path

from portal.api import docs, evidence, kinds, people, robots, scim, votes, waiting
from portal.api.log import Consistency, Cosign, Inclusion, Keys, NewestCheckpoint
from portal.api.mergers import Mergers
from portal.api.policies import Evaluate
from portal.api.provenance import LineageOfDataset, LineageOfVersion
from portal.api.rights import Emergencies, Grants
from portal.api.sources import Sources
from portal.api.stop import Running
from portal.api.uploads import Uploads
from portal.api.witnesses import SplitViews, Witnesses

KINDS: dict[str, type[Any]] = {
    "organisations": kinds.Organisations,
    "people": people.People,
    "deputyships": people.Deputyships,
    "groups": people.Groups,
    "domains": people.Domains,
    "sign-in-providers": people.Providers,
    "join-requests": people.JoinRequests,
    "access-reviews": people.AccessReviews,
    "trusts": kinds.Trusts,
    "memberships": kinds.Memberships,
    "proposals": votes.Proposals,
    "datasets": kinds.Datasets,
    "sources": Sources,
    "uploads": Uploads,
    "versions": kinds.Versions,
    "offers": kinds.Offers,
    "negotiations": kinds.Negotiations,
    "agreements": kinds.Agreements,
    "duties": kinds.Duties,
    "recipes": kinds.Recipes,
    "requests": kinds.Requests,
    "trials": kinds.Trials,
    "jobs": kinds.Jobs,
    "deliveries": kinds.Deliveries,
    "grants": Grants,
    "emergencies": Emergencies,
    "mergers": Mergers,
    "witnesses": Witnesses,
    "split-views": SplitViews,
}


def _routes() -> list[Any]:
    found: list[Any] = []
    for name, view in KINDS.items():
        many = {"get": "list"} | ({"post": "create"} if hasattr(view, "create") else {})
        found += [
            path(f"{name}", view.as_view(many), name=f"api_{name}"),
            path(f"{name}/<uuid:pk>", view.as_view({"get": "retrieve"}), name=f"api_{name}_one"),
            path(f"{name}/<uuid:pk>/actions", view.as_view({"get": "actions"}), name=f"api_{name}_actions"),
            path(
                f"{name}/<uuid:pk>/actions/<slug:action>",
                view.as_view({"post": "act"}),
                name=f"api_{name}_act",
            ),
        ]
        if any(action.foretold for action in view.machine.actions):
            one = f"{name}/<uuid:pk>/actions/<slug:action>/foretold"
            found.append(path(one, view.as_view({"get": "foretold"}), name=f"api_{name}_foretold"))
    return found


urlpatterns = [
    *_routes(),
    path("datasets/<uuid:pk>/rules", kinds.Datasets.as_view({"get": "rules"}), name="api_rules"),
    path(
        "datasets/<uuid:pk>/odcs",
        kinds.Datasets.as_view({"get": "contract", "post": "bring"}),
        name="api_odcs",
    ),
    path("datasets/<uuid:pk>/lineage", LineageOfDataset.as_view({"get": "graph"}), name="api_lineage"),
    path(
        "datasets/<uuid:pk>/withdrawn", LineageOfDataset.as_view({"get": "withdrawn"}), name="api_withdrawn"
    ),
    *(
        path(f"datasets/<uuid:pk>/{form}", LineageOfDataset.as_view({"get": form}), name=f"api_{form}")
        for form in ("prov", "openlineage")
    ),
    *(
        path(f"versions/<uuid:pk>/{form}", LineageOfVersion.as_view({"get": form}), name=f"api_{form}")
        for form in ("croissant", "datapackage")
    ),
    path("catalogue", LineageOfDataset.as_view({"get": "catalogue"}), name="api_catalogue"),
    path("catalogue.ttl", LineageOfDataset.as_view({"get": "turtle"}), name="api_catalogue_turtle"),
    path("versions/<uuid:pk>/holders", LineageOfVersion.as_view({"get": "holders"}), name="api_holders"),
    path("witnesses/challenge", Witnesses.as_view({"get": "challenge"}), name="api_challenge"),
    path("uploads/<uuid:pk>/chunks/<int:index>", Uploads.as_view({"put": "chunk"}), name="api_chunk"),
    path("trusts/<uuid:pk>/charter", kinds.Trusts.as_view({"get": "charter"}), name="api_charter"),
    path("versions/<uuid:pk>/profile", kinds.Versions.as_view({"get": "profile"}), name="api_profile"),
    path("deliveries/<uuid:pk>/package", kinds.Deliveries.as_view({"post": "package"}), name="api_package"),
    path("policies/evaluate", Evaluate.as_view(), name="api_evaluate"),
    path("agreements/<uuid:pk>/to-sign", kinds.Agreements.as_view({"get": "to_sign"}), name="api_to_sign"),
    path("agreements/<uuid:pk>/signed", kinds.Agreements.as_view({"get": "signed"}), name="api_signed"),
    path("organisations/<uuid:pk>/keys", kinds.Organisations.as_view({"get": "key_set"}), name="api_keys"),
    path(
        "agreements/<uuid:pk>/succession",
        kinds.Agreements.as_view({"post": "succeed"}),
        name="api_succession",
    ),
    path("scim/v2/Users", scim.Users.as_view(), name="scim_users"),
    path("scim/v2/Users/<uuid:pk>", scim.User.as_view(), name="scim_user"),
    path("scim/v2/ServiceProviderConfig", scim.ServiceProviderConfig.as_view(), name="scim_config"),
    path("events", kinds.Events.as_view({"get": "list"}), name="api_events"),
    path("events/<uuid:pk>/proof", evidence.Entries.as_view({"get": "proof"}), name="api_proof"),
    path("events/<uuid:pk>/receipt", evidence.Entries.as_view({"get": "receipt"}), name="api_entry_receipt"),
    path(
        "deliveries/<uuid:pk>/receipt",
        evidence.ReceiptOfDelivery.as_view({"get": "receipt"}),
        name="api_receipt",
    ),
    path(
        "agreements/<uuid:pk>/evidence",
        evidence.EvidenceOfAgreement.as_view({"post": "take"}),
        name="api_evidence",
    ),
    path(
        "datasets/<uuid:pk>/evidence",
        evidence.EvidenceOfDataset.as_view({"post": "take"}),
        name="api_evidence_of_dataset",
    ),
    path("inbox", waiting.Inbox.as_view(), name="api_inbox"),
    path("running", Running.as_view(), name="api_running"),
    path("robots", robots.Robots.as_view(), name="api_robots"),
    path("notices", waiting.Notices.as_view(), name="api_notices"),
    path("me", kinds.Me.as_view(), name="api_me"),
    path("log/head", kinds.Head.as_view(), name="api_head"),
    path("log/checkpoint", NewestCheckpoint.as_view(), name="api_checkpoint"),
    path("log/keys", Keys.as_view(), name="api_log_keys"),
    path("log/consistency", Consistency.as_view(), name="api_consistency"),
    path("log/inclusion/<slug:leaf_hash>", Inclusion.as_view(), name="api_inclusion"),
    path("log/cosign", Cosign.as_view(), name="api_cosign"),
    path("docs/", docs.Docs.as_view(), name="api_docs"),
    path("docs/script.js", docs.DocsScript.as_view(), name="api_docs_script"),
    path("schema/", docs.Schema.as_view(), name="api_schema"),
]
