"""What the Prefect server does by itself: mark dead runs, and tell an operator how runs ended.

Owns the automations and the webhook block they use. A run that is carried out tells of
itself (`tasks.notify`); the server tells only what nobody else can or does: that a run
crashed, and how flows ended that do not tell of themselves. So nothing is told twice. A crash
that `reconcile` mends is nobody's business, and what it gives up it tells itself: here only what
it never looked at.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from uuid import UUID

from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events import (
    AutomationCore,
    CallWebhook,
    ChangeFlowRunState,
    EventTrigger,
    Posture,
    ResourceSpecification,
)
from prefect.types import SecretDict

from darkroom.adapters.settings import Lab
from darkroom.core.notices import FLOW_RUN_SCHEMA, standing_token
from flows.recovering import GOES_ON, recoveries

ZOMBIES = "darkroom: a run whose process died"
TELLING = "darkroom: tell that a flow run"
BLOCK = "darkroom-notify"
TELL_THEMSELVES = frozenset({"iterate", "refine", "experiment"})
TELL_FAILURES = TELL_THEMSELVES | {"generate", "verify"}
TOO_OFTEN = frozenset({"sync", "reconcile", "query"})
"""Nobody wants to be told every hour that nothing happened; only that it failed."""
_SILENT_FOR = timedelta(seconds=90)  # three heartbeats
_MENDED_WITHIN = timedelta(minutes=30)  # reconcile looks every ten minutes
STANDS_STILL = "stands still"


def make_automations(client: SyncPrefectClient, lab: Lab, flows: Iterable[str]) -> None:
    """Have exactly those that are configured; doing it again changes nothing."""
    _made(client, _zombies())
    for one in recoveries(client):
        _made(client, one)
    wanted = {one.name: one for one in _telling(lab, frozenset(flows))}
    for known in client.read_automations():
        if not known.name.startswith(TELLING):
            continue
        if known.name in wanted:
            client.update_automation(known.id, wanted.pop(known.name))
        else:
            client.delete_automation(known.id)
    for one in wanted.values():
        client.create_automation(one)


def _made(client: SyncPrefectClient, wanted: AutomationCore) -> None:
    """Have it as it is wanted, whatever an earlier version of ours left there."""
    known = client.read_automations_by_name(name=wanted.name)
    if known:
        client.update_automation(known[0].id, wanted)
    else:
        client.create_automation(wanted)


def _zombies() -> AutomationCore:
    return AutomationCore(
        name=ZOMBIES,
        description="Marks runs as crashed whose process gave no sign of life.",
        trigger=EventTrigger(
            # its beginning counts as well: it may die before its first sign of life
            after={"prefect.flow-run.heartbeat", "prefect.flow-run.Running"},
            expect={"prefect.flow-run.*"},
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            # only deployed runs give signs of life
            match_related=ResourceSpecification({"prefect.resource.role": ["deployment"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=_SILENT_FOR,
        ),
        actions=[
            ChangeFlowRunState(
                name=None,
                # unforced, it leaves a run alone that has ended: its last sign of life may be
                # heard after its end
                force=False,
                state=StateType.CRASHED,
                message="Its process gave no sign of life; run it again and it goes on.",
            )
        ],
    )


def _telling(lab: Lab, flows: frozenset[str]) -> Iterator[AutomationCore]:
    url = lab.secrets.notify_url
    if url is None:
        return
    events = lab.config.notify.events
    endings = {
        "Crashed": flows - GOES_ON if "failed" in events else frozenset[str](),
        "Failed": flows - TELL_FAILURES if "failed" in events else frozenset[str](),
        "Completed": flows - TELL_THEMSELVES - TOO_OFTEN if "done" in events else frozenset[str](),
    }
    mended = flows & GOES_ON if "failed" in events else frozenset[str]()
    if mended or any(endings.values()):
        block = _block(lab, url.get_secret_value())
        for state, names in endings.items():
            if names:
                yield _ending(state, sorted(names), block)
        if mended:
            yield _standing_still(sorted(mended), block)


def _block(lab: Lab, url: str) -> CallWebhook:
    """The address as a block: it is stored encrypted, and no API hands it out."""
    headers = {"Content-Type": "application/json", "User-Agent": "darkroom"}
    if secret := lab.secrets.notify_secret:
        headers["X-Darkroom-Token"] = standing_token(secret.get_secret_value())
    block = Webhook(
        url=url,  # pyright: ignore[reportArgumentType] - pydantic makes it a secret
        headers=SecretDict(headers),
        allow_private_urls=lab.config.notify.allow_private,
    )
    saved = block.save(BLOCK, overwrite=True)
    assert isinstance(saved, UUID)  # it was called without a running loop
    return CallWebhook(block_document_id=saved, payload=_payload())


def _payload() -> str:
    """The message, filled in by the server; no parameters, so no prompts."""
    said = {
        "schema": json.dumps(FLOW_RUN_SCHEMA),
        "flow": "{{ flow.name|tojson }}",
        "name": "{{ flow_run.name|tojson }}",
        "state": "{{ flow_run.state.name|tojson }}",
        "id": "{{ (flow_run.id|string)|tojson }}",
        "link": "{{ (flow_run|ui_url)|tojson }}",
        "at": "{{ (event.occurred|string)|tojson }}",
    }
    return "{" + ", ".join(f'"{name}": {value}' for name, value in said.items()) + "}"


def _ending(state: str, flows: list[str], action: CallWebhook) -> AutomationCore:
    return AutomationCore(
        name=f"{TELLING} {state.lower()}",
        description="Calls DARKROOM_NOTIFY_URL; see docs/deployments.md.",
        trigger=EventTrigger(
            expect={f"prefect.flow-run.{state}"},
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            match_related=_of(flows),
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[action],
    )


def _standing_still(flows: list[str], action: CallWebhook) -> AutomationCore:
    return AutomationCore(
        name=f"{TELLING} {STANDS_STILL}",
        description="It crashed, and nothing has had it go on: does any worker live?",
        trigger=EventTrigger(
            after={"prefect.flow-run.Crashed"},
            expect={"prefect.flow-run.*"},
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            match_related=_of(flows),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=_MENDED_WITHIN,
        ),
        actions=[action],
    )


def _of(flows: list[str]) -> ResourceSpecification:
    return ResourceSpecification(
        {"prefect.resource.role": ["flow"], "prefect.resource.name": flows}
    )
