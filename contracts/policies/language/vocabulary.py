"""The names: ODRL's own, and those of Commonhold's profile. Actions and what includes them.

ODRL Vocabulary & Expression 2.2, https://www.w3.org/TR/odrl-vocab/. The profile adds what data trusts need:
training and evaluating models, re-identification, group sizes, access modes, security levels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

ODRL = "http://www.w3.org/ns/odrl/2/"
XSD = "http://www.w3.org/2001/XMLSchema#"
NS = "https://commonhold.example/ns/"
PROFILE = NS + "profile"
CONTEXT = "http://www.w3.org/ns/odrl.jsonld"
CC = "http://creativecommons.org/ns#"


def _names(text: str) -> list[str]:
    return text.split()


# action → the broader one. Those of ODRL 2.2 §4 and, with NS, the profile's. `use` and `transfer` are the roots.
_BROADER = {
    **dict.fromkeys(_names(
        "acceptTracking aggregate annotate anonymize archive attribute compensate concurrentUse delete derive digitize "
        "display distribute ensureExclusivity execute grantUse include index inform install modify move nextPolicy "
        "obtainConsent play present print read reproduce reviewPolicy stream synchronize textToSpeech transform "
        "translate uninstall watermark "
        # Deprecated in 2.2, and still asked for.
        "append appendTo copy extractPage extractWord preview write writeTo"),
        "use",
    ),
    "extract": "reproduce",
    "give": "transfer",
    "sell": "transfer",
}  # fmt: skip

# The profile's tree places these under what they are part of in a data trust. To distribute is to transfer, not to
# use: a permission to use data never lets anyone pass it on. A prohibition to use it forbids that all the same.
_PROFILE_BROADER: dict[str, tuple[str, ...]] = {
    ODRL + "aggregate": (ODRL + "derive",),
    ODRL + "anonymize": (ODRL + "derive",),
    NS + "clean": (ODRL + "derive",),
    NS + "label": (ODRL + "derive",),
    NS + "train": (ODRL + "use",),
    NS + "evaluate": (ODRL + "use",),
    NS + "infer": (ODRL + "use",),
    NS + "export": (ODRL + "reproduce",),
    NS + "reidentify": (ODRL + "use",),
    ODRL + "distribute": (ODRL + "transfer",),
    NS + "summarise": (ODRL + "derive",),
    NS + "notifyBreach": (ODRL + "inform",),
    NS + "notify_trust": (ODRL + "inform",),
    # What follows when a duty is late, and a trust's own clauses: said in words, part of nothing else.
    NS + "suspend_downloads": (),
    NS + "suspend_agreement": (),
    NS + "own": (),
}
# Those that ODRL takes from Creative Commons (its common vocabulary names them).
_COMMONS = _names(
    "Attribution CommercialUse DerivativeWorks Distribution Notice Reproduction ShareAlike Sharing SourceCode"
)

# What a permission reaches, and what a prohibition reaches: both trees together.
BROADER: dict[str, tuple[str, ...]] = {ODRL + name: (ODRL + above,) for name, above in _BROADER.items()}
BROADER.update({CC + name: (ODRL + "use",) for name in _COMMONS})
FORBIDDEN_WITH: dict[str, tuple[str, ...]] = {
    **BROADER,
    **{iri: tuple(dict.fromkeys((*BROADER.get(iri, ()), *more))) for iri, more in _PROFILE_BROADER.items()},
}
BROADER.update(_PROFILE_BROADER)
ACTIONS = frozenset({*BROADER, ODRL + "use", ODRL + "transfer"})

OPERATORS = frozenset(
    ODRL + name for name in _names("eq neq lt lteq gt gteq isA hasPart isPartOf isAllOf isAnyOf isNoneOf")
)
SET_OPERATORS = frozenset(ODRL + name for name in ("isAllOf", "isAnyOf", "isNoneOf"))

_LEFT = _names(
    "absolutePosition absoluteSpatialPosition absoluteTemporalPosition absoluteSize count dateTime delayPeriod "
    "deliveryChannel device elapsedTime event fileFormat industry language media meteredTime payAmount percentage "
    "product purpose recipient relativePosition relativeSpatialPosition relativeTemporalPosition relativeSize "
    "resolution spatial spatialCoordinates system systemDevice timeInterval unitOfCount version virtualLocation"
)
_PROFILE_LEFT = _names(
    "columns rowFilter rows pseudonymisedColumns generalisation minGroupSize groupColumns aggregateOnly creditLine "
    "accessMode securityLevel epsilonSpent maskedColumns watermark notice amount evidence"
)
LEFT_OPERANDS = frozenset({*(ODRL + n for n in _LEFT), *(NS + n for n in _PROFILE_LEFT)})

# The profile's own properties: what they mean is part of the rule or constraint at which they stand.
PROPERTIES = frozenset(NS + name for name in _names("phase zone ifLate code en de"))
PROFILES = frozenset([PROFILE, ODRL, ODRL + "core", "http://www.w3.org/ns/odrl/2/core/"])

FUNCTIONS = frozenset(
    ODRL + name
    for name in _names(
        "assigner assignee attributedParty attributingParty compensatedParty compensatingParty consentingParty "
        "consentedParty contractingParty contractedParty informedParty informingParty trackingParty trackedParty"
    )
)


def short(iri: str) -> str:
    """The name without ODRL's or the profile's prefix; another IRI stays whole."""
    return iri.removeprefix(ODRL) if iri.startswith(ODRL) else iri.removeprefix(NS)


def full(name: str) -> str:
    """The IRI of a short name: ODRL's first, then the profile's. An IRI stays as it is; an unknown name too."""
    if ":" in name:
        return ODRL + name[5:] if name.startswith("odrl:") else name
    for known in (ACTIONS, LEFT_OPERANDS, OPERATORS, FUNCTIONS):
        for prefix in (ODRL, NS):
            if prefix + name in known:
                return prefix + name
    return name


def broader(action: str, tree: Mapping[str, tuple[str, ...]] = BROADER) -> frozenset[str]:
    """The action itself and everything that includes it; for prohibitions ask with `FORBIDDEN_WITH`."""
    found, open_ = {action}, [action]
    while open_:
        for above in tree.get(open_.pop(), ()):
            if above not in found:
                found.add(above)
                open_.append(above)
    return frozenset(found)


def narrower(actions: Iterable[str]) -> frozenset[str]:
    """Every known action that one of these includes, themselves among them."""
    wanted = set(actions)
    return frozenset({*wanted, *(a for a in ACTIONS if broader(a) & wanted)})
