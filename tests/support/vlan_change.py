"""A VLAN for the four switches of a bench: looked at and proposed in one step, applied in the next, or in one go."""

from activity_bench import Bench, call, call_of
from workflows.contracts import ArtifactRef, Prepared

HOSTS = ("acc-001", "acc-002", "acc-003", "acc-004")

DEFINITION = """
netsaga: 1
name: change
version: 1.0.0
inputs:
  vlan: {type: integer, default: 120}
  name: {type: string, default: cameras}
  limit: {type: integer, default: 64}
inventory: {source: lab}
defaults: {timeout: 20s, retry: {attempts: 3, delay: 10ms, on: [transient]}}
steps:
  - id: look
    devices: inventory
    do:
      - snapshot: [config, vlans, interfaces]
        as: state
      - check:
          free:
            that: inputs.vlan not in state.vlans
            else: VLAN ${{ inputs.vlan }} is called ${{ state.vlans[inputs.vlan].name }} on ${{ device.name }}
          room is left:
            that: state.vlans | length < inputs.limit
            else: ${{ state.vlans | length }} VLANs
            severity: warning
      - propose: {template: vlan.j2, vars: {vlan: "${{ inputs.vlan }}", name: "${{ inputs.name }}"}}
        as: change
    on_failure: stop
  - id: deploy
    devices: steps.look.succeeded
    do:
      - apply: steps.look.change
        save: true
        as: applied
      - snapshot: [vlans]
        as: after
      - check:
          active: after.vlans[inputs.vlan].status == "active"
    on_failure: {undo: wave}
  - id: direct
    devices: inventory
    do:
      - snapshot: [vlans]
        as: before
      - check:
          many VLANs:
            that: before.vlans | length < 2
            severity: warning
      - configure: {template: vlan.j2, vars: {vlan: "${{ inputs.vlan }}", name: "${{ inputs.name }}"}}
      - snapshot: [vlans]
        as: after
      - check:
          there: inputs.vlan in after.vlans and inputs.vlan not in before.vlans
    on_failure: {undo: wave}
"""
TEMPLATE = """
{% if device.platform == "juniper_junos" %}
set vlans {{ name }} vlan-id {{ vlan }}
{% else %}
vlan {{ vlan }}
 name {{ name }}
{% endif %}
"""
COMMIT = {  # the line with which the change takes effect
    "acc-001": r"^ ?name cameras",
    "acc-002": r"^ *name cameras",
    "acc-003": r"^commit",
    "acc-004": r"^commit (?!check)",
}


async def prepared_of(lab: Bench) -> Prepared:
    """The definition, prepared."""
    return await lab.prepared(DEFINITION, {"vlan.j2": TEMPLATE})


async def looked_at(lab: Bench, prepared: Prepared, host: str) -> dict[str, ArtifactRef]:
    """What the first step leaves for the second one."""
    outcome = await call(lab.interact.interact, call_of(prepared, "look", host))
    return {"look": await lab.fold("look", outcome)}
