"""Datasets and their frozen versions."""

from __future__ import annotations

from kernel.machine import Action, Machine, State
from kernel.registry import register
from kernel.roles import OWNER, STEWARD, side
from trusts.datasets.rules import not_named, not_typed_in_place

NEW = frozenset({""})
SYSTEM = frozenset({"system"})
HOLDER = side("holder", OWNER, STEWARD)

DATASET = register(
    Machine(
        name="dataset",
        model="datasets.Dataset",
        label="dataset",
        states=(
            State("private", "Private", "neutral", "Only your organisation knows of it.", "holder"),
            State("listed", "Listed", "good", "Members of the trust find it in the catalogue."),
            State("retired", "Retired", "neutral", "No new negotiations; contracts run on."),
        ),
        final=frozenset({"retired"}),
        creates=(Action("register", "Register a dataset", HOLDER, NEW, to="private", kind="primary"),),
        actions=(
            Action(
                "describe",
                "Edit description",
                HOLDER,
                frozenset({"private", "listed"}),
                asks=True,
                done="Description saved.",
            ),
            Action(
                "add_version",
                "Upload a new version",
                HOLDER,
                frozenset({"private", "listed"}),
                asks=True,
                done="The file is kept. A worker reads it now.",
            ),
            Action(
                "take_version",
                "Read the source into a new version",
                HOLDER | SYSTEM,
                frozenset({"private", "listed"}),
                hidden=True,
            ),
            Action(
                "set_rules",
                "Change the quality rules",
                HOLDER,
                frozenset({"private", "listed"}),
                asks=True,
                then=("dataset.rules_changed",),
                help="All rules of the dataset at once. The page of rules changes them one by one.",
                done="Saved. A worker checks the rules on the newest version.",
            ),
            Action(
                "enlist",
                "List in the catalogue",
                HOLDER,
                frozenset({"private", "listed"}),
                to="listed",
                hidden=True,
            ),
            Action(
                "unlist",
                "Take out of the catalogue",
                HOLDER | SYSTEM,
                frozenset({"listed"}),
                to="private",
                hidden=True,
            ),
            Action(
                "withdraw_rows",
                "Withdraw rows",
                HOLDER,
                frozenset({"private", "listed", "retired"}),
                asks=True,
                kind="danger",
                then=("dataset.rows_withdrawn",),
                help="Somebody took back what they had given. A worker finds the versions that hold such rows, and the "
                "lineage page which exports were made from them. Nothing is deleted or stopped by that.",
                done="Noted. A worker counts such rows in each version; see the lineage page.",
            ),
            Action(
                "retire",
                "Retire",
                HOLDER,
                frozenset({"private", "listed"}),
                to="retired",
                asks=True,
                kind="danger",
                done="Retired. Existing contracts run on.",
            ),
        ),
    )
)

VERSION = register(
    Machine(
        name="version",
        model="datasets.DatasetVersion",
        label="version",
        states=(
            State("registered", "Registered", "active", "The file is kept; a worker will read it.", "system"),
            State("profiling", "Being read", "active", "A worker reads and measures it.", "system"),
            State("profiled", "Ready", "good", "It was read and measured, and can be offered."),
            State(
                "choosing",
                "Choose what to read",
                "active",
                "There are several tables in the file; choose the one to read.",
                "holder",
            ),
            State(
                "failed",
                "Could not be read",
                "bad",
                "See what is wrong; correct how it is read, or upload again.",
                "holder",
            ),
            State("retired", "Retired", "neutral", "Superseded; kept for the contracts that name it."),
        ),
        final=frozenset({"retired"}),
        creates=(
            Action(
                "register",
                "Register a version",
                HOLDER | SYSTEM,
                NEW,
                to="registered",
                then=("version.registered",),
            ),
        ),
        actions=(
            Action(
                "start",
                "Start reading",
                SYSTEM,
                frozenset({"registered", "profiling"}),
                to="profiling",
                hidden=True,
            ),
            Action(
                "finish",
                "Finish reading",
                SYSTEM,
                frozenset({"profiling"}),
                to="profiled",
                hidden=True,
                then=("version.profiled",),
            ),
            Action(
                "fail",
                "Could not be read",
                SYSTEM,
                frozenset({"registered", "profiling"}),
                to="failed",
                hidden=True,
                then=("version.failed",),
            ),
            Action(
                "ask_choice",
                "Ask which table to read",
                SYSTEM,
                frozenset({"profiling"}),
                to="choosing",
                hidden=True,
                then=("version.choosing",),
            ),
            Action(
                "retry",
                "Read again",
                HOLDER,
                frozenset({"failed"}),
                to="registered",
                kind="primary",
                then=("version.registered",),
            ),
            Action(
                "correct",
                "Correct how it was read",
                HOLDER,
                frozenset({"profiled", "failed", "choosing"}),
                to="registered",
                needs=(not_named, not_typed_in_place),
                asks=True,
                then=("version.registered",),
                help="The file stays as it is; a worker reads it again. Remembered for the next version.",
                done="Saved. A worker reads the file again.",
            ),
            Action(
                "describe_columns",
                "Edit dictionary",
                HOLDER,
                frozenset({"profiled"}),
                asks=True,
                done="Dictionary saved.",
            ),
            Action(
                "record_checks",
                "Record the checked rules",
                SYSTEM,
                frozenset({"profiled"}),
                hidden=True,
            ),
            Action(
                "made_from",
                "Say what it was made from",
                HOLDER,
                frozenset({"profiled"}),
                asks=True,
                help="Exports that your organisation received and this version was made from. Who sees both sees the link.",
                done="Saved. The lineage page shows it.",
            ),
            Action(
                "count_withdrawn",
                "Record the withdrawn rows in it",
                SYSTEM,
                frozenset({"profiled", "retired"}),
                hidden=True,
            ),
            Action(
                "retire",
                "Retire this version",
                HOLDER,
                frozenset({"profiled", "failed", "choosing"}),
                to="retired",
                asks=True,
                kind="danger",
            ),
        ),
    )
)

SOURCE = register(
    Machine(
        name="source",
        model="datasets.Source",
        label="source",
        states=(
            State("connected", "Connected", "good", "The portal can read it again."),
            State("forgotten", "Access forgotten", "neutral", "The key is deleted; give it again to read on.", "holder"),
        ),
        final=frozenset(),
        creates=(Action("connect", "Register data that stays where it is", HOLDER, NEW, to="connected", kind="primary"),),
        actions=(
            Action(
                "read",
                "Read the source again",
                HOLDER | SYSTEM,
                frozenset({"connected"}),
                done="A worker reads the source; what it finds becomes the next version.",
            ),
            Action(
                "schedule",
                "Read it on a schedule",
                HOLDER,
                frozenset({"connected"}),
                asks=True,
                help="A worker looks whether the source has changed. Only if it has, the next version is made of it.",
                done="Saved.",
            ),
            Action("look", "Look whether it changed", SYSTEM, frozenset({"connected"}), hidden=True, then=("source.look",)),
            Action("same", "Found it unchanged", SYSTEM, frozenset({"connected"}), hidden=True),
            Action(
                "change",
                "Change address or key",
                HOLDER,
                frozenset({"connected", "forgotten"}),
                to="connected",
                asks=True,
                help="Versions stay as they were read. The next one is read from the new address.",
                done="Saved. Read the source again for a new version.",
            ),
            Action(
                "forget",
                "Forget the access",
                HOLDER,
                frozenset({"connected"}),
                to="forgotten",
                kind="danger",
                help="Keys and passwords are deleted, and the source is not read any more. Versions stay.",
                done="Forgotten. The versions stay.",
            ),
        ),
    )
)  # fmt: skip

UPLOAD = register(
    Machine(
        name="upload",
        model="datasets.Upload",
        label="upload",
        states=(
            State("open", "Being sent", "active", "Pieces are arriving; it can be resumed.", "holder"),
            State(
                "checking",
                "Being checked",
                "active",
                "All is here; a worker makes the checksum of the whole.",
                "system",
            ),
            State("complete", "Complete", "good", "All is here; register it before it expires.", "holder"),
            State("used", "Registered", "neutral", "It became a version of a dataset."),
            State("abandoned", "Abandoned", "neutral", "Given up or expired; nothing of it is kept."),
        ),
        final=frozenset({"used", "abandoned"}),
        creates=(Action("create", "Start an upload", HOLDER, NEW, to="open", kind="primary"),),
        actions=(
            Action("complete", "Finish the upload", HOLDER, frozenset({"open"}), to="checking"),
            Action(
                "check", "Record the checksum", SYSTEM, frozenset({"checking"}), to="complete", hidden=True
            ),
            Action("use", "Register the file", HOLDER, frozenset({"complete"}), to="used", hidden=True),
            Action(
                "abandon",
                "Discard",
                HOLDER | SYSTEM,
                frozenset({"open", "checking", "complete"}),
                to="abandoned",
                kind="danger",
                help="What was sent of this file is deleted.",
                done="Discarded. Nothing of the file is kept.",
            ),
        ),
    )
)
