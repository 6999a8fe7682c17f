"""The package that leaves: data, dictionary, contract in words and ODRL, quality, receipt, verifier."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from django.conf import settings

from contracts.negotiations.models import Agreement
from contracts.negotiations.signing import bundle
from contracts.policies.terms import Terms
from contracts.policies.words import sentences


def _safe(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and text else text


def dictionary_csv(columns: list[dict[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["column", "type", "meaning", "unit", "from", "treatment"])
    for column in columns:
        writer.writerow(
            [
                _safe(str(column.get(k, "")))
                for k in ("name", "type", "description", "unit", "origin", "treatment")
            ]
        )
    return out.getvalue().encode()


def contract_text(agreement: Agreement) -> bytes:
    lines = [
        f"Contract {agreement.ref}",
        f"{agreement.provider.name} gives, {agreement.consumer.name} receives: {agreement.dataset.title_text}",
        "",
    ]
    lines += [f"- {s.text}" for s in sentences(Terms.from_dict(agreement.terms), agreement.consumer.name)]
    lines += ["", f"Policy SHA-256: {agreement.policy_hash}", ""]
    return "\n".join(lines).encode()


def readme(data_name: str, credit: str, mark: str = "") -> bytes:
    text = [
        "This package was made by Commonhold under a contract; see contract.txt.", "",
        "To check that the data is what was agreed and nothing was changed:", "",
        "    pip install cryptography", f"    python verify.py receipt.json {data_name}",
        "    python verify.py contract.signed.json", "",
    ]  # fmt: skip
    if mark:
        text += [mark, ""]
    if credit:
        text += [f"Credit line: {credit}", ""]
    return "\n".join(text).encode()


def texts(data_name: str, agreement: Agreement, columns: list[dict[str, Any]], quality: dict[str, Any],
          receipt: dict[str, Any]) -> dict[str, str]:  # fmt: skip
    """What goes into the package beside the data: file name → content."""
    credit = (agreement.terms.get("attribution") or {}).get("text", "")
    found = {
        "README.txt": readme(data_name, credit, receipt["body"].get("mark", {}).get("text", "")),
        "contract.odrl.json": json.dumps(agreement.odrl, indent=2, ensure_ascii=False).encode(),
        "contract.signed.json": json.dumps(bundle(agreement), indent=2, ensure_ascii=False).encode(),
        "contract.txt": contract_text(agreement),
        "dictionary.csv": dictionary_csv(columns),
        "quality.json": json.dumps(quality, indent=2, ensure_ascii=False).encode(),
        "receipt.json": json.dumps(receipt, indent=2, ensure_ascii=False).encode(),
        "verify.py": (Path(settings.BASE_DIR) / "verify.py").read_bytes(),
    }
    return {name: content.decode() for name, content in found.items()}
