"""Puts a VLAN on the access switches of a site: a definition in Python, printed as YAML."""

from workflows.definition.builder import actions, approve, definition, fan_out, notify, parallel, to_yaml, when

vlan = {"vlan_id": "${{ inputs.vlan_id }}", "name": "${{ inputs.vlan_name }}"}

look = fan_out(
    "look",
    "inventory",
    actions.snapshot("vlans", as_="state"),
    actions.check({"the VLAN is free": "inputs.vlan_id not in state.vlans"}),
    actions.propose(actions.change(template="vlan.j2", vars=vlan), as_="change"),
    concurrency=50,
    on_failure="stop",
)
consent = approve("consent", by="netops-leads", not_by=["requester"], binds="steps.look.change", timeout="1h")
deploy = fan_out(
    "deploy",
    "steps.look.succeeded",
    actions.apply("steps.look.change", save=True),
    waves=[1, "20%", {"name": "rest", "size": "100%"}],
    concurrency=20,
    accept={"succeeded": ">= 95%"},
    undo=["native", "inverse", "restore"],
    on_failure={"undo": "wave"},
)

built = definition(
    "built-vlan",
    "1.0.0",
    look,
    when("steps.look.total > 10", consent),
    deploy,
    parallel(
        notify(
            "tell_people", "netops", "VLAN ${{ inputs.vlan_id }} is on ${{ steps.deploy.changed | length }} devices"
        ),
        notify("tell_audit", "audit", "${{ run.id }} changed ${{ steps.deploy.changed | join(', ') }}"),
    ),
    inputs={"vlan_id": {"type": "vlan_id"}, "vlan_name": {"type": "string", "max_length": 32}},
    inventory={"source": "nautobot", "select": 'device.role == "access"', "expect": {"min": 1, "max": 200}},
    defaults={"credential": "device_rw", "timeout": "60s"},
)

if __name__ == "__main__":
    print(to_yaml(built), end="")
