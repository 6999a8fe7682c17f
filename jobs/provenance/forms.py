"""What the actions ask for."""

from __future__ import annotations

from typing import Any

from django import forms

from jobs.deliveries.models import Delivery
from jobs.provenance.services import MOST_VALUES, received
from kernel.doors import ActionForm, ReasonForm
from kernel.registry import asks_with
from trusts.datasets.machines import DATASET, VERSION
from trusts.datasets.models import Column


class Exports(forms.ModelMultipleChoiceField):
    def label_from_instance(self, delivery: Any) -> str:
        return f"{delivery.ref}: {delivery.agreement.dataset.title_text}, {delivery.created:%-d %b %Y}, from {delivery.provider.name}"


@asks_with(VERSION, "made_from")
class MadeFromForm(ActionForm):
    save_label = "Save"
    deliveries = Exports(
        label="Exports that it was made from", required=False, queryset=Delivery.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text="Only exports that your organisation received before. None: nothing is stated.",
        error_messages={
            "invalid_choice": "One of these is not an export that your organisation received before.",
            "invalid_pk_value": "“%(pk)s” is not the id of an export.",
        },
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.subject is not None:
            found = received(self.subject).select_related("agreement__dataset", "provider")
            self.fields["deliveries"].queryset = found  # type: ignore[attr-defined]
            self.initial.setdefault("deliveries", [o.delivery_id for o in self.subject.origins.all()])


class Lines(forms.Textarea):
    """Lines typed, or the repeated values that a list in JSON comes as."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return "\n".join(data.getlist(name)) if hasattr(data, "getlist") else data.get(name)


class LinesField(forms.Field):
    """One value a line, cleaned to a list without repetitions."""

    widget = Lines(attrs={"rows": 5})

    def to_python(self, value: Any) -> Any:
        lines = (value or "").splitlines()
        return list(dict.fromkeys(line.strip() for line in lines if line.strip()))


@asks_with(DATASET, "withdraw_rows")
class WithdrawRowsForm(ReasonForm):
    save_label = "Withdraw these rows"
    column = forms.ChoiceField(label="Column that tells which rows")
    values = LinesField(
        label="Its values in the withdrawn rows",
        help_text=f"One a line, at most {MOST_VALUES:,}, written as in the data. They are kept encrypted and shown to nobody.",
    )
    field_order = ["column", "values", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = "Kept in your organisation's audit trail. Name no person here."
        if self.subject is not None:
            names = Column.objects.filter(version__dataset=self.subject).order_by("name").values_list("name", flat=True).distinct()  # fmt: skip
            self.fields["column"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]

    def clean_values(self) -> list[str]:
        values: list[str] = self.cleaned_data["values"]
        if len(values) > MOST_VALUES:
            raise forms.ValidationError(
                f"These are {len(values):,} values; at most {MOST_VALUES:,} fit in one withdrawal."
            )
        return values
