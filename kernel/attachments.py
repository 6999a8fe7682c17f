"""Files that people attach as proof: what is taken, told from name and content together."""

from __future__ import annotations

import json
from typing import Any

from django import forms

MOST_BYTES = 10 << 20
ENDINGS = ".pdf,.png,.jpg,.jpeg,.txt,.json"
_MAGIC = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_OF_ENDING = {
    "pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "txt": "text/plain",
    "json": "application/json",
}  # fmt: skip


class NotEvidence(Exception):
    """The file cannot be kept; the text says why and what to do."""


def kind_of(name: str, content: bytes) -> str:
    """The media type, from name and content together. Raises NotEvidence."""
    ending = name.rpartition(".")[2].lower()
    kind = _OF_ENDING.get(ending)
    if kind is None:
        raise NotEvidence("Only PDF, PNG, JPG, TXT and JSON are taken. Save it as one of these.")
    if not content:
        raise NotEvidence("The file is empty. Choose another.")
    if len(content) > MOST_BYTES:
        raise NotEvidence(
            "The file is larger than 10 MB. Send a smaller one, such as a PDF of the certificate alone."
        )
    found = next((known for magic, known in _MAGIC.items() if content.startswith(magic)), None)
    if found is None and kind in ("text/plain", "application/json"):
        found = _text(content, kind)
    if found != kind:
        raise NotEvidence(f"The file is called .{ending}, but its content is something else. Save it again.")
    return kind


def _text(content: bytes, kind: str) -> str | None:
    """`kind` if the content is text (and JSON, if it should be)."""
    try:
        text = content.decode("utf-8-sig")
        if kind == "application/json":
            json.loads(text)
    except ValueError:
        return None
    return None if "\x00" in text else kind


class AttachmentField(forms.FileField):
    """One such file, checked; its content can be read again. `help_text` says who can fetch it."""

    def __init__(self, **more: Any) -> None:
        widget = forms.ClearableFileInput(attrs={"accept": ENDINGS})
        super().__init__(**{"required": False, "widget": widget, **more})

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if not file:
            return None
        if file.size > MOST_BYTES:
            raise forms.ValidationError(
                "The file is larger than 10 MB. Send a smaller one.", code="file.size"
            )
        try:
            kind_of(file.name, file.read())
        except NotEvidence as problem:
            raise forms.ValidationError(str(problem), code="file.kind") from problem
        file.seek(0)
        return file
