"""The graph of where data came from and where it went. Pure: every page, answer and export is a view of this.

A node is named by its IRI. An edge points from what came later to what it came from, as in PROV:

    version    derived_from   source, file, delivery     delivery   generated_by   job
    version    generated_by   job that read it           delivery   derived_from   version
    version    revision_of    version before             delivery   delivered_to   organisation, person
    version    part_of        dataset                    job, delivery   under     agreement
    job        used           version, source, file      agreement, offer   about  dataset
    dataset, delivery, agreement, offer   attributed_to  organisation
    agreement  granted_to     organisation
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# Kinds of edges along which data flows; the others say who, and under what.
FLOW = frozenset({"used", "generated_by", "derived_from"})
# What is drawn; the others are told beside.
DRAWN = frozenset({"source", "file", "version", "job", "delivery"})


@dataclass(frozen=True, slots=True)
class Node:
    """`kind` is one of source, file, dataset, version, job, delivery, agreement, offer, organisation, person.

    `facts` by kind. version: number, dataset, parquet_sha256, original_sha256, rows, columns (name, type, and what the
    dictionary says), withdrawn. delivery: ref, sha256, package_sha256, name, format, bytes, rows, columns (names), erased,
    withdrawn. job: ref, kind, state, started, ended, plan_sha256. agreement, offer: policy (IRI), policy_sha256.
    """

    iri: str
    kind: str
    title: str
    at: datetime | None = None
    url: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """The hash of its bytes, if it has any."""
        return str(self.facts.get("sha256") or self.facts.get("parquet_sha256") or "")


@dataclass(frozen=True, slots=True)
class Edge:
    later: str
    kind: str
    earlier: str


class Graph:
    """Nodes by IRI and edges between them; an edge to what is not in it is left out, so nothing hidden is named."""

    def __init__(self, nodes: Iterable[Node], edges: Iterable[Edge]) -> None:
        self.nodes = {node.iri: node for node in nodes}
        self.edges = [e for e in dict.fromkeys(edges) if e.later in self.nodes and e.earlier in self.nodes]
        self._out: dict[str, list[Edge]] = {}
        self._in: dict[str, list[Edge]] = {}
        for edge in self.edges:
            self._out.setdefault(edge.later, []).append(edge)
            self._in.setdefault(edge.earlier, []).append(edge)

    def of(self, *kinds: str) -> list[Node]:
        """Nodes of these kinds, the oldest first."""
        found = [node for node in self.nodes.values() if node.kind in kinds]
        return sorted(found, key=lambda n: (n.at.timestamp() if n.at else 0.0, n.iri))

    def earlier(self, iri: str, *kinds: str) -> list[Node]:
        """What this node points to by edges of these kinds."""
        return [self.nodes[e.earlier] for e in self._out.get(iri, []) if e.kind in kinds]

    def later(self, iri: str, *kinds: str) -> list[Node]:
        """What points to this node by edges of these kinds."""
        return [self.nodes[e.later] for e in self._in.get(iri, []) if e.kind in kinds]

    def downstream(self, roots: Collection[str]) -> set[str]:
        """All that came of these, and they themselves."""
        return self._walk(roots, self._in, "later")

    def upstream(self, roots: Collection[str]) -> set[str]:
        """All that these came from, and they themselves."""
        return self._walk(roots, self._out, "earlier")

    def _walk(self, roots: Collection[str], along: Mapping[str, list[Edge]], end: str) -> set[str]:
        found, waiting = set(), [iri for iri in roots if iri in self.nodes]
        while waiting:
            iri = waiting.pop()
            if iri not in found:
                found.add(iri)
                waiting += [getattr(e, end) for e in along.get(iri, []) if e.kind in FLOW]
        return found

    def only(self, iris: Collection[str]) -> Graph:
        """These nodes of the flow, and of the others those that they speak of."""
        told, waiting = set(iris), list(iris)
        while waiting:
            for edge in self._out.get(waiting.pop(), []):
                if edge.earlier not in told and self.nodes[edge.earlier].kind not in DRAWN:
                    told.add(edge.earlier)
                    waiting.append(edge.earlier)
        return Graph((n for iri, n in self.nodes.items() if iri in told), self.edges)

    def between(self, since: datetime | None, until: datetime | None) -> Graph:
        """What came to be in this time, with all that it came from."""
        if since is None and until is None:
            return self
        inside = [
            node.iri
            for node in self.of(*DRAWN)
            if node.at is not None
            and (since is None or node.at >= since)
            and (until is None or node.at < until)
        ]
        return self.only(self.upstream(inside))

    def connected(self, roots: Collection[str]) -> Graph:
        """What these came from and what came of them: nothing that hangs together only through something hidden."""
        return self.only(self.upstream(roots) | self.downstream(roots))

    def steps(self) -> list[tuple[str, str]]:
        """What is drawn: pairs from earlier to later, without the short way where a job stands between."""
        found = []
        for edge in self.edges:
            if edge.kind not in FLOW:
                continue
            by_job = any(
                edge.earlier in {n.iri for n in self.earlier(job.iri, "used")}
                for job in self.earlier(edge.later, "generated_by")
            )
            if edge.kind != "derived_from" or not by_job:
                found.append((edge.earlier, edge.later))
        return found

    def without_readings(self) -> Graph:
        """Without the jobs that only read what a version was made from."""
        kept = (n for n in self.nodes.values() if n.kind != "job" or n.facts["kind"] != "intake")
        return Graph(kept, self.edges)

    def folded(self, most: int) -> Graph:
        """Small enough to draw: past `most` nodes jobs are left out, and exports of the same versions under the same
        contract from which nothing came back become one node."""
        if len(self.of(*DRAWN)) <= most:
            return self
        nodes = {iri: node for iri, node in self.nodes.items() if node.kind != "job"}
        edges = [e for e in self.edges if e.later in nodes and e.earlier in nodes]
        groups: dict[tuple[str, ...], list[Node]] = {}
        for node in self.of("delivery"):
            contract = self.earlier(node.iri, "under")
            if contract and not self.later(node.iri, "derived_from"):
                of = sorted(n.iri for n in self.earlier(node.iri, "derived_from"))
                groups.setdefault((contract[0].iri, *of), []).append(node)
        for (contract_iri, *of), members in groups.items():
            if len(members) < 2:
                continue
            contract_node, last = self.nodes[contract_iri], members[-1]
            name = f"{last.iri}:and-before"
            nodes[name] = Node(
                name, "delivery", f"{len(members)} exports, {contract_node.title}", last.at, contract_node.url
            )
            edges += [
                Edge(name, e.kind, e.earlier)
                for e in self.edges
                if e.later == last.iri and e.earlier in nodes
            ]
            edges += [Edge(name, "derived_from", one) for one in of]
            for node in members:
                del nodes[node.iri]
        return Graph(nodes.values(), edges)

    def tree(self) -> list[tuple[int, Node, bool]]:
        """The drawing as lines: depth, node, and whether it was shown above, where more than one way leads to it."""
        after: dict[str, list[str]] = {}
        starts = {n.iri for n in self.of(*DRAWN)}
        for earlier, later in self.steps():
            after.setdefault(earlier, []).append(later)
            starts.discard(later)
        lines: list[tuple[int, Node, bool]] = []
        shown: set[str] = set()
        order = {n.iri: at for at, n in enumerate(self.of(*DRAWN))}
        waiting = [(0, iri) for iri in sorted(starts, key=order.__getitem__, reverse=True)]
        while waiting:
            depth, iri = waiting.pop()
            lines.append((depth, self.nodes[iri], iri in shown))
            if iri not in shown:
                shown.add(iri)
                waiting += [
                    (depth + 1, i) for i in sorted(after.get(iri, []), key=order.__getitem__, reverse=True)
                ]
        return lines
