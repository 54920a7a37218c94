"""The APIs of simulated devices, asked as any other client would: with a plain HTTP client, on the wire's own terms."""

import json
import ssl
from pathlib import Path

import httpx
import pytest
import yaml

from activities.deviceinteraction.testbed import Testbed
from activities.deviceinteraction.testbed.model import APIS, SimulatedName
from activities.inventory.yaml_file import YamlInventory

PLATFORMS: tuple[SimulatedName, ...] = tuple(APIS)
AUTH = ("netsaga", "netsaga-lab")


async def test_a_fleet_with_apis_is_described_as_it_is_reached(tmp_path: Path) -> None:
    async with Testbed.start(state=tmp_path, devices=4, platforms=(*PLATFORMS, "juniper_junos"), api_port=0) as testbed:
        found = {str(device.name): device for device in await YamlInventory(testbed.inventory).devices()}
        for name, api in testbed.devices.items():
            device = found[name]
            assert (device.port, device.address) == (api.api_port or api.port, api.address)
            match api.spec.api:
                case "restconf":
                    assert (device.platform, device.data["restconf_root"]) == ("restconf", "Cisco-IOS-XE-native:native")
                case None:
                    assert (device.platform, "transport" in device.data) == (api.platform, False)
                case other:
                    assert (device.platform, device.data["transport"]) == (api.platform, other)
        assert (tmp_path / "api.pem").stat().st_mode & 0o077 == 0
        assert yaml.safe_load(testbed.credentials.read_text())

        context = ssl.create_default_context(cafile=str(testbed.authority))
        async with httpx.AsyncClient(verify=context, auth=AUTH, trust_env=False) as client:
            by_api = {
                device.spec.api: f"https://{device.address}:{device.api_port}" for device in testbed.devices.values()
            }
            await _eapi(client, f"{by_api['eapi']}/command-api")
            await _nxapi(client, f"{by_api['nxapi']}/ins")
            await _restconf(client, by_api["restconf"])
        shut = testbed.device("acc-001")
        shut.inject("refuse_connection*0")
        async with httpx.AsyncClient(verify=context, auth=AUTH, trust_env=False) as client:
            with pytest.raises(httpx.ConnectError):
                await client.get(f"https://{shut.address}:{shut.api_port}/")
            shut.clear()
            assert (await client.get(f"https://{shut.address}:{shut.api_port}/")).status_code == 404


async def _eapi(client: httpx.AsyncClient, url: str) -> None:
    def asked(*cmds: object) -> dict[str, object]:
        params = {"version": 1, "cmds": list(cmds), "format": "text"}
        return {"jsonrpc": "2.0", "method": "runCmds", "params": params, "id": "1"}

    said = (await client.post(url, json=asked("enable", "show vlan", "show hostname"))).json()
    assert [sorted(result) for result in said["result"]] == [["output"]] * 3
    error = (await client.post(url, json=asked("enable", "configure", "vlan 7", "frobnicate", "vlan 8"))).json()[
        "error"
    ]
    assert (error["code"], len(error["data"])) == (1002, 4)
    assert error["data"][-1]["errors"] == ["Invalid input"]
    mode = (await client.post(url, json=asked("enable", "vlan 9"))).json()
    assert mode["error"]["data"][-1]["errors"], "the mode of the last request is forgotten"
    assert (await client.post(url, json=asked("enable"), auth=("netsaga", "x"))).status_code == 401


async def _nxapi(client: httpx.AsyncClient, url: str) -> None:
    def asked(*cmds: str) -> list[dict[str, object]]:
        return [
            {"jsonrpc": "2.0", "method": "cli_ascii", "params": {"cmd": cmd, "version": 1}, "id": number}
            for number, cmd in enumerate(cmds, 1)
        ]

    one = await client.post(url, json=asked("show hostname")[0])
    assert one.json()["result"]["msg"].startswith("acc-")
    several = await client.post(url, json=asked("configure terminal", "vlan 7", "frobnicate", "vlan 8"))
    assert (several.status_code, ["error" in answer for answer in several.json()]) == (500, [False, False, True])
    assert (await client.post(url, content="no json")).status_code == 500


async def _restconf(client: httpx.AsyncClient, url: str) -> None:
    data = f"{url}/restconf/data"
    native = "Cisco-IOS-XE-native:native"
    shown = await client.get(f"{data}/{native}/hostname", headers={"Accept": "application/yang-data+json"})
    assert json.loads(shown.text)["Cisco-IOS-XE-native:hostname"].startswith("acc-")
    xml = {"Content-Type": "application/yang-data+xml"}
    body = '<hostname xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-native">other-1</hostname>'
    stale = await client.put(f"{data}/{native}/hostname", content=body, headers={**xml, "If-Match": '"stale"'})
    assert stale.status_code == 412
    bound = await client.put(
        f"{data}/{native}/hostname", content=body, headers={**xml, "If-Match": shown.headers["etag"]}
    )
    assert (bound.status_code, bound.headers["etag"] != shown.headers["etag"]) == (204, True)
    wrong = {
        "malformed-message": ("PATCH", native, "<native"),
        "unknown-element": (
            "PATCH",
            native,
            '<native xmlns="http://cisco.com/ns/yang/Cisco-IOS-XE-native"><x/></native>',
        ),
        "data-missing": ("DELETE", f"{native}/vlan/Cisco-IOS-XE-vlan:vlan-list=7", ""),
        "operation-not-supported": ("DELETE", "", ""),
    }
    for tag, (method, path, content) in wrong.items():
        refused = await client.request(method, f"{data}/{path}".rstrip("/"), content=content, headers=xml)
        assert (refused.is_error, f"<error-tag>{tag}<" in refused.text) == (True, True), tag
