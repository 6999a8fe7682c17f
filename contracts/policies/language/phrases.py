"""The words for every term of ODRL 2.2 and of the profile, English and German. Fixed templates, never free text.

Actions are verb phrases around what they are done with; operators stand between two sides; left operands are nouns.
"""

from __future__ import annotations

from contracts.policies.language.vocabulary import CC, NS, ODRL

Said = tuple[str, str]  # English, German

_ACTIONS: dict[str, Said] = {
    "use": ("use {what}", "{what} nutzen"),
    "transfer": ("hand over {what} for good", "{what} endgültig weitergeben"),
    "acceptTracking": (
        "accept that the use of {what} is tracked",
        "hinnehmen, dass die Nutzung von {dative} verfolgt wird",
    ),
    "aggregate": ("sum up {what} with other data", "{what} mit anderen Daten zusammenfassen"),
    "annotate": ("add notes to {what}", "{what} mit Anmerkungen versehen"),
    "anonymize": (
        "take out of {what} what identifies people",
        "aus {dative} entfernen, was Personen erkennbar macht",
    ),
    "append": ("add to {what} at its end", "{what} am Ende ergänzen"),
    "appendTo": ("put something at the end of {what}", "etwas an das Ende von {dative} setzen"),
    "archive": ("keep {what} in an archive", "{what} archivieren"),
    "attribute": ("give credit for {what}", "die Quelle von {dative} nennen"),
    "compensate": ("pay for {what}", "für {what} bezahlen"),
    "concurrentUse": ("use {what} in several places at once", "{what} an mehreren Stellen zugleich nutzen"),
    "copy": ("make a copy of {what}", "eine Kopie von {dative} machen"),
    "delete": ("delete {what}", "{what} löschen"),
    "derive": ("make something new from {what}", "aus {dative} Neues ableiten"),
    "digitize": ("make a digital copy of {what}", "{what} digitalisieren"),
    "display": ("show {what}", "{what} anzeigen"),
    "distribute": ("pass on {what} to others", "{what} an andere weitergeben"),
    "ensureExclusivity": (
        "see to it that nobody else uses {what}",
        "dafür sorgen, dass niemand sonst {what} nutzt",
    ),
    "execute": ("run {what}", "{what} ausführen"),
    "extract": ("take out parts of {what}", "Teile von {dative} entnehmen"),
    "extractPage": ("take out pages of {what}", "Seiten aus {dative} entnehmen"),
    "extractWord": ("take out words of {what}", "Wörter aus {dative} entnehmen"),
    "give": ("give away {what} and keep nothing", "{what} verschenken und nichts behalten"),
    "grantUse": ("allow others to use {what}", "anderen die Nutzung von {dative} erlauben"),
    "include": ("include what belongs to {what}", "beifügen, was zu {dative} gehört"),
    "index": ("put {what} into an index", "{what} in ein Verzeichnis aufnehmen"),
    "inform": ("tell those concerned about {what}", "die Betroffenen über {what} informieren"),
    "install": ("install {what}", "{what} installieren"),
    "modify": ("change {what}", "{what} ändern"),
    "move": ("move {what} elsewhere", "{what} verschieben"),
    "nextPolicy": (
        "put those who receive {what} under the same terms",
        "Empfänger von {dative} denselben Bedingungen unterwerfen",
    ),
    "obtainConsent": ("obtain consent for {what}", "für {what} eine Einwilligung einholen"),
    "play": ("play {what}", "{what} abspielen"),
    "present": ("perform {what} in public", "{what} öffentlich vorführen"),
    "preview": ("look at a preview of {what}", "eine Vorschau von {dative} ansehen"),
    "print": ("print {what}", "{what} drucken"),
    "read": ("read {what}", "{what} lesen"),
    "reproduce": ("copy {what}", "{what} kopieren"),
    "reviewPolicy": (
        "have a person review the terms for {what}",
        "die Bedingungen für {what} von einer Person prüfen lassen",
    ),
    "sell": ("sell {what}", "{what} verkaufen"),
    "stream": ("stream {what}", "{what} streamen"),
    "synchronize": ("combine {what} with other media", "{what} mit anderen Medien verbinden"),
    "textToSpeech": ("have {what} read aloud", "{what} vorlesen lassen"),
    "transform": ("convert {what} to another format", "{what} in ein anderes Format umwandeln"),
    "translate": ("translate {what}", "{what} übersetzen"),
    "uninstall": ("uninstall {what}", "{what} deinstallieren"),
    "watermark": ("mark {what} with a watermark", "{what} mit einem Wasserzeichen versehen"),
    "write": ("write {what}", "{what} schreiben"),
    "writeTo": ("write into {what}", "in {what} hineinschreiben"),
}
_PROFILE_ACTIONS: dict[str, Said] = {
    "clean": ("correct mistakes in {what}", "Fehler in {dative} bereinigen"),
    "label": ("label {what}", "{what} mit Kennzeichnungen versehen"),
    "train": ("train AI models on {what}", "mit {dative} KI-Modelle trainieren"),
    "evaluate": ("test AI models with {what}", "mit {dative} KI-Modelle prüfen"),
    "infer": ("let AI models draw conclusions from {what}", "KI-Modelle Schlüsse aus {dative} ziehen lassen"),
    "export": ("take {what} out of the portal", "{what} aus dem Portal ausführen"),
    "reidentify": ("find out whom {what} is about", "herausfinden, um wen es in {dative} geht"),
    "summarise": (
        "reduce {what} to results that are summed up",
        "{what} auf zusammengefasste Ergebnisse verringern",
    ),
    "notifyBreach": ("report a breach of protection of {what}", "eine Schutzverletzung bei {dative} melden"),
    "notify_trust": ("tell the trust about {what}", "den Datentreuhänder über {what} benachrichtigen"),
    "suspend_downloads": (
        "bear that downloads of {what} are stopped",
        "hinnehmen, dass Downloads von {dative} angehalten werden",
    ),
    "suspend_agreement": (
        "bear that the agreement on {what} is suspended",
        "hinnehmen, dass die Vereinbarung über {what} ausgesetzt wird",
    ),
    "own": (
        "keep to a clause of the trust about {what}",
        "eine Klausel des Datentreuhänders zu {dative} beachten",
    ),
}
_COMMONS: dict[str, Said] = {
    "Attribution": ("give credit for {what}", "die Quelle von {dative} nennen"),
    "CommercialUse": ("use {what} to earn money", "{what} gewerblich nutzen"),
    "DerivativeWorks": ("make new works from {what}", "aus {dative} neue Werke machen"),
    "Distribution": ("publish or pass on {what}", "{what} veröffentlichen oder weitergeben"),
    "Notice": ("keep the notices of rights on {what}", "die Rechtehinweise an {dative} erhalten"),
    "Reproduction": ("make copies of {what}", "{what} vervielfältigen"),
    "ShareAlike": ("share what is made from {what} under the same terms", "aus {dative} Entstandenes zu gleichen Bedingungen teilen"),
    "Sharing": ("share {what} without earning money", "{what} nicht gewerblich teilen"),
    "SourceCode": ("give the source code with {what}", "zu {dative} den Quelltext mitgeben"),
}  # fmt: skip
ACTIONS: dict[str, Said] = {
    **{ODRL + name: said for name, said in _ACTIONS.items()},
    **{NS + name: said for name, said in _PROFILE_ACTIONS.items()},
    **{CC + name: said for name, said in _COMMONS.items()},
}

_OPERATORS: dict[str, Said] = {
    "eq": ("is", "ist"),
    "neq": ("is not", "ist nicht"),
    "lt": ("is below", "ist kleiner als"),
    "lteq": ("is at most", "ist höchstens"),
    "gt": ("is above", "ist größer als"),
    "gteq": ("is at least", "ist mindestens"),
    "isA": ("is a kind of", "ist eine Art von"),
    "hasPart": ("contains", "enthält"),
    "isPartOf": ("is part of", "ist Teil von"),
    "isAllOf": ("is all of", "ist alles von"),
    "isAnyOf": ("is one of", "ist eines von"),
    "isNoneOf": ("is none of", "ist keines von"),
}
OPERATORS = {ODRL + name: said for name, said in _OPERATORS.items()}
# For moments these read better.
MOMENTS = {
    ODRL + "lt": ("is before", "liegt vor"),
    ODRL + "lteq": ("is not after", "liegt nicht nach"),
    ODRL + "gt": ("is after", "liegt nach"),
    ODRL + "gteq": ("is not before", "liegt nicht vor"),
}

_LEFT: dict[str, Said] = {
    "absolutePosition": ("the position", "die Position"),
    "absoluteSpatialPosition": ("the position in space", "die Position im Raum"),
    "absoluteTemporalPosition": ("the position in time", "die Position in der Zeit"),
    "absoluteSize": ("the size", "die Größe"),
    "count": ("the number of uses", "die Anzahl der Nutzungen"),
    "dateTime": ("the date and time", "der Zeitpunkt"),
    "delayPeriod": ("the time until it is done", "die Zeit bis zur Erledigung"),
    "deliveryChannel": ("the way of delivery", "der Lieferweg"),
    "device": ("the device", "das Gerät"),
    "elapsedTime": ("the time since the first use", "die Zeit seit der ersten Nutzung"),
    "event": ("the event", "das Ereignis"),
    "fileFormat": ("the file format", "das Dateiformat"),
    "industry": ("the industry", "die Branche"),
    "language": ("the language", "die Sprache"),
    "media": ("the kind of medium", "die Art des Mediums"),
    "meteredTime": ("the time of use in all", "die gesamte Nutzungsdauer"),
    "payAmount": ("the amount to pay", "der zu zahlende Betrag"),
    "percentage": ("the share in per cent", "der Anteil in Prozent"),
    "product": ("the product", "das Produkt"),
    "purpose": ("the purpose", "der Zweck"),
    "recipient": ("the recipient", "der Empfänger"),
    "relativePosition": ("the relative position", "die relative Position"),
    "relativeSpatialPosition": ("the relative position in space", "die relative Position im Raum"),
    "relativeTemporalPosition": ("the relative position in time", "die relative Position in der Zeit"),
    "relativeSize": ("the relative size", "die relative Größe"),
    "resolution": ("the resolution", "die Auflösung"),
    "spatial": ("the place", "der Ort"),
    "spatialCoordinates": ("the coordinates", "die Koordinaten"),
    "system": ("the computer system", "das Computersystem"),
    "systemDevice": ("the computer or device", "der Computer oder das Gerät"),
    "timeInterval": ("the time between two uses", "die Zeit zwischen zwei Nutzungen"),
    "unitOfCount": ("what is counted", "was gezählt wird"),
    "version": ("the version", "die Version"),
    "virtualLocation": ("the place online", "der Ort im Netz"),
}
_PROFILE_LEFT: dict[str, Said] = {
    "columns": ("each column", "jede Spalte"),
    "rowFilter": ("the choice of rows", "die Auswahl der Zeilen"),
    "rows": ("the number of rows delivered in all", "die Zahl aller gelieferten Zeilen"),
    "pseudonymisedColumns": ("the set of columns with pseudonyms", "die Menge der Spalten mit Pseudonymen"),
    "generalisation": ("the coarsening of values", "die Vergröberung von Werten"),
    "minGroupSize": ("the size of each group", "die Größe jeder Gruppe"),
    "groupColumns": ("the set of columns that form groups", "die Menge der Spalten, die Gruppen bilden"),
    "aggregateOnly": ("that only summed-up results leave", "dass nur Zusammengefasstes herausgeht"),
    "creditLine": ("the credit line", "die Quellenangabe"),
    "accessMode": ("the way of access", "die Art des Zugangs"),
    "securityLevel": ("the level of security", "die Sicherheitsstufe"),
    "epsilonSpent": ("the privacy budget used (epsilon)", "das verbrauchte Privatsphäre-Budget (Epsilon)"),
    "maskedColumns": ("the set of masked columns", "die Menge der maskierten Spalten"),
    "watermark": ("the watermark", "das Wasserzeichen"),
    "notice": ("the notice", "der Hinweis"),
    "amount": ("the amount", "der Betrag"),
    "evidence": ("the evidence", "der Nachweis"),
}
LEFT_OPERANDS: dict[str, Said] = {
    **{ODRL + name: said for name, said in _LEFT.items()},
    **{NS + name: said for name, said in _PROFILE_LEFT.items()},
}

_FUNCTIONS: dict[str, Said] = {
    "assigner": ("granted by", "gewährt von"),
    "assignee": ("granted to", "gewährt an"),
    "attributedParty": ("credit goes to", "als Quelle zu nennen"),
    "attributingParty": ("credit is given by", "Quelle genannt von"),
    "compensatedParty": ("paid to", "zu zahlen an"),
    "compensatingParty": ("paid by", "zu zahlen von"),
    "consentingParty": ("consent is given by", "Einwilligung durch"),
    "consentedParty": ("consent is given to", "Einwilligung gegenüber"),
    "contractingParty": ("contract offered by", "Vertrag angeboten von"),
    "contractedParty": ("contract made with", "Vertrag geschlossen mit"),
    "informedParty": ("to be told", "zu informieren"),
    "informingParty": ("told by", "informiert durch"),
    "trackingParty": ("tracked by", "verfolgt durch"),
    "trackedParty": ("tracked is", "verfolgt wird"),
}
FUNCTIONS = {ODRL + name: said for name, said in _FUNCTIONS.items()}

CONFLICTS = {
    ODRL + "perm": ("Where two rules disagree, the permission wins.", "Widersprechen sich zwei Regeln, gilt die Erlaubnis."),
    ODRL + "prohibit": ("Where two rules disagree, the prohibition wins.", "Widersprechen sich zwei Regeln, gilt das Verbot."),
    ODRL + "invalid": ("If two rules disagree, the whole policy is void.", "Widersprechen sich zwei Regeln, ist alles ungültig."),
}  # fmt: skip
VALUES = {ODRL + "policyUsage": ("the use under this policy", "die Nutzung nach dieser Vereinbarung")}
JOINTS: dict[str, Said] = {
    "and": ("all of this holds", "alles davon gilt"),
    "or": ("at least one of this holds", "mindestens eines davon gilt"),
    "xone": ("exactly one of this holds", "genau eines davon gilt"),
    "andSequence": ("all of this holds, one after the other", "alles davon gilt, eines nach dem anderen"),
}
# The sentences. Mood of a rule → its frame.
FRAMES: dict[str, Said] = {
    "permission": ("{who} may {do}{if}.", "{who} darf {do}{if}."),
    "prohibition": ("{who} may not {do}{if}.", "{who} darf nicht {do}{if}."),
    "prohibition of all": ("Nobody may {do}{if}.", "Niemand darf {do}{if}."),
    "obligation": ("{who} must {do}{if}.", "{who} muss {do}{if}."),
    "duty pre": ("Before that, {who} must {do}{if}.", "Zuvor muss {who} {do}{if}."),
    "duty ongoing": ("All the while, {who} must {do}{if}.", "Währenddessen muss {who} {do}{if}."),
    "duty post": ("For that, {who} must {do}{if}.", "Dafür muss {who} {do}{if}."),
    "remedy": (
        "If it is done all the same, {who} must {do}{if}.",
        "Geschieht es dennoch, muss {who} {do}{if}.",
    ),
    "consequence": ("If this is not done, {who} must {do}{if}.", "Geschieht das nicht, muss {who} {do}{if}."),
}
PLAIN: dict[str, Said] = {
    "anyone": ("anyone", "jede Person"),
    "doer": ("whoever did it", "wer es getan hat,"),
    "data": ("the data", "die Daten"),
    "data dative": ("the data", "den Daten"),
    "if": (", provided that ", ", sofern gilt: "),
    "so": (", in such a way that ", ", und zwar so: "),
    "by": (", granted by ", ", gewährt von "),
    "and": (" and ", " und "),
    "or": (" or ", " oder "),
    "members": ("the members of {whom}", "die Mitglieder von {whom}"),
    "belonging": ("what belongs to {whom}", "was zu {whom} gehört"),
    "part of": (" (part of {whom})", " (Teil von {whom})"),
    "kind of": (" (a kind of “{term}”)", " (eine Art von „{term}“)"),
    "implies": (" (which implies “{term}”)", " (was „{term}“ einschließt)"),
    "now": (" (now: {value})", " (jetzt: {value})"),
    "some": ("something without a name", "etwas ohne Namen"),
    "those": (" (of which {conditions})", " (wovon gilt: {conditions})"),
    "kept": (" (where {conditions})", " (wobei gilt: {conditions})"),
    "looked": (
        "the value found at {where} (not looked up here)",
        "der Wert unter {where} (hier nicht nachgesehen)",
    ),
    "nothing": ("nothing", "nichts"),
    "ordered": ("in this order: ", "in dieser Reihenfolge: "),
    "unknown": (
        "a term this portal cannot explain: {term}",
        "ein Begriff, den dieses Portal nicht erklären kann: {term}",
    ),
    "unknown_action": (
        "do with {what} what is meant by {term}",
        "mit {dative} tun, was gemeint ist mit: {term}",
    ),
    "at": ("At {path} stands {term}.", "Bei {path} steht {term}."),
    "more": ("Here stands {term}.", "Hier steht {term}."),
    "described": ("Described as “{text}”.", "Beschrieben als „{text}“."),
    "described_by": ("something described by {term}", "etwas, das {term} beschreibt"),
    "parent": (
        "The rules of {term} hold too; they are not in this document.",
        "Auch die Regeln von {term} gelten; sie stehen nicht in diesem Dokument.",
    ),
    "profile": ("It follows a profile: {term}.", "Es folgt einem Profil: {term}."),
    "late": ("If a duty is late: {then}.", "Bei einer verspäteten Pflicht: {then}."),
}
UNITS = {
    "D": (("day", "days"), ("Tag", "Tage")),
    "W": (("week", "weeks"), ("Woche", "Wochen")),
    "M": (("month", "months"), ("Monat", "Monate")),
    "Y": (("year", "years"), ("Jahr", "Jahre")),
    "TH": (("hour", "hours"), ("Stunde", "Stunden")),
    "TM": (("minute", "minutes"), ("Minute", "Minuten")),
}
