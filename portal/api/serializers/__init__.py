"""What each kind of object looks like outside. Reading only; writing goes through the verbs' forms."""

from __future__ import annotations

from portal.api.serializers.access import AccessReviewOut, DomainOut, JoinRequestOut, ProviderOut
from portal.api.serializers.contracts import (
    AgreementOut,
    DutyOut,
    NegotiationIn,
    NegotiationOut,
    OfferIn,
    OfferOut,
    ProposalOut,
    SuccessionIn,
)
from portal.api.serializers.datasets import (
    ColumnOut,
    ContractIn,
    DatasetIn,
    DatasetOut,
    SourceIn,
    SourceOut,
    UploadIn,
    UploadOut,
    VersionIn,
    VersionOut,
)
from portal.api.serializers.evidence import (
    ActionOut,
    CommandsOut,
    ConsistencyOut,
    CosignedOut,
    EventOut,
    ForetoldOut,
    HeadOut,
    InclusionOut,
    LogKeysOut,
    ReasonOut,
)
from portal.api.serializers.jobs import DeliveryOut, JobOut, TrialOut
from portal.api.serializers.mergers import MergerIn, MergerOut
from portal.api.serializers.people import DeputyshipOut, GroupOut, PersonOut
from portal.api.serializers.rights import EmergencyOut, GrantIn, GrantOut
from portal.api.serializers.sharing import RecipeIn, RecipeOut, RequestIn, RequestOut
from portal.api.serializers.trusts import (
    CharterOut,
    MembershipIn,
    MembershipOut,
    MeOut,
    OrganisationOut,
    TrustIn,
    TrustOut,
)
from portal.api.serializers.votes import TrustProposalIn, TrustProposalOut
from portal.api.serializers.witnesses import ChallengeOut, SplitViewOut, WitnessIn, WitnessOut

__all__ = [
    "AccessReviewOut",
    "ActionOut",
    "AgreementOut",
    "ChallengeOut",
    "CharterOut",
    "ColumnOut",
    "CommandsOut",
    "ConsistencyOut",
    "ContractIn",
    "CosignedOut",
    "DatasetIn",
    "DatasetOut",
    "DeliveryOut",
    "DeputyshipOut",
    "DomainOut",
    "DutyOut",
    "EmergencyOut",
    "EventOut",
    "ForetoldOut",
    "GrantIn",
    "GrantOut",
    "GroupOut",
    "HeadOut",
    "InclusionOut",
    "JobOut",
    "JoinRequestOut",
    "LogKeysOut",
    "MeOut",
    "MembershipIn",
    "MembershipOut",
    "MergerIn",
    "MergerOut",
    "NegotiationIn",
    "NegotiationOut",
    "OfferIn",
    "OfferOut",
    "OrganisationOut",
    "PersonOut",
    "ProposalOut",
    "ProviderOut",
    "ReasonOut",
    "RecipeIn",
    "RecipeOut",
    "RequestIn",
    "RequestOut",
    "SourceIn",
    "SourceOut",
    "SplitViewOut",
    "SuccessionIn",
    "TrialOut",
    "TrustIn",
    "TrustOut",
    "TrustProposalIn",
    "TrustProposalOut",
    "UploadIn",
    "UploadOut",
    "VersionIn",
    "VersionOut",
    "WitnessIn",
    "WitnessOut",
]
