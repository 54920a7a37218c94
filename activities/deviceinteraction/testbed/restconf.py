"""RESTCONF of a simulated Catalyst switch, on the configuration that its command line changes too.

Behaviour follows RFC 8040 (3.1 ``host-meta``, 3.4.1 the entity tag of the datastore, which each resource has that keeps
none of its own, 3.5.3 paths, 4.5 to 4.7 ``PUT``, ``PATCH``, ``DELETE``, 7 errors) and Cisco, "Programmability
Configuration Guide, Cisco IOS XE", chapter "RESTCONF Protocol" (``cisco-ia:save-config``; a change holds at once and is
not saved). An edit is made whole or not at all.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Final
from urllib.parse import unquote

from activities.deviceinteraction.testbed import restconf_xml as xml
from activities.deviceinteraction.testbed.commands import Broken
from activities.deviceinteraction.testbed.model import Fault, FaultKind, Result
from activities.deviceinteraction.testbed.platforms.indented import IndentedDevice
from activities.deviceinteraction.testbed.platforms.iosxe_model import ROOT, Data, lines_between, of_tree
from activities.deviceinteraction.testbed.restconf_xml import Invalid, Place
from activities.deviceinteraction.testbed.web import Request, Response

BEGINS: Final = "/restconf"
_FAULTS: Final[tuple[FaultKind, ...]] = ("hang", "drop", "reject", "garbage", "empty", "no_space", "locked")
_RESULTS: Final[Mapping[FaultKind, Result]] = {"hang": "hung", "drop": "dropped", "empty": "ok", "garbage": "ok"}
_META: Final = (
    f"<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>\n    <Link rel='restconf' href='{BEGINS}'/>\n</XRD>\n"
)


async def restconf(request: Request, device: IndentedDevice) -> Response:
    """Answer a request."""
    if request.path == "/.well-known/host-meta":
        return Response(200, _META, "application/xrd+xml")
    below, _, path = request.path.removeprefix(f"{BEGINS}/").partition("/")
    line = f"{request.method} {unquote(request.path)}"
    slow = device.faults.take("slow", line=line)
    if slow is not None:
        await asyncio.sleep(slow.seconds)
    fault = device.faults.take(*_FAULTS, line=line)
    if fault is not None and fault.phase == "before":
        return _faulty(request, device, line, fault)
    device.take_effect()
    response = _answered(request, device, below, path)
    result: Result = "ok" if response.status < 400 else "rejected"
    if fault is not None and fault.kind in {"hang", "drop"}:
        result = "hung" if fault.kind == "hang" else "dropped"
    device.log.command(request.session, request.user, "restconf", line, result, device.take_effect())
    if fault is not None:
        _broken(fault)
    return response


def _faulty(request: Request, device: IndentedDevice, line: str, fault: Fault) -> Response:
    """A fault that keeps the request from taking effect."""
    device.log.command(request.session, request.user, "restconf", line, _RESULTS.get(fault.kind, "rejected"), None)
    match fault.kind:
        case "reject":
            return _error(request, Invalid(400, "invalid-value", "the device does not take this"))
        case "locked":
            return _error(request, Invalid(409, "lock-denied", "the datastore is locked by session 78"))
        case "no_space":
            return _error(request, Invalid(500, "operation-failed", "No space left on device"))
        case _:
            _broken(fault)
            return Response(204)


def _broken(fault: Fault) -> None:
    if fault.kind in {"hang", "drop", "garbage"}:
        raise Broken("hang" if fault.kind == "hang" else "drop" if fault.kind == "drop" else "garbage")


def _answered(request: Request, device: IndentedDevice, below: str, path: str) -> Response:
    try:
        match below, request.method:
            case "data", "GET" | "HEAD":
                return _read(request, device, path)
            case "data", "PUT" | "PATCH" | "DELETE":
                return _edited(request, device, path)
            case "operations", "POST" if path == "cisco-ia:save-config":
                device.save()
                said = xml.element("output", "cisco-ia", xml.element("result", "", "Save running-config successful"))
                return Response(200, said, xml.MEDIA)
            case _:
                raise Invalid(404, "invalid-value", f"uri keypath not found: {path}")
    except Invalid as invalid:
        return _error(request, invalid)


def _read(request: Request, device: IndentedDevice, path: str) -> Response:
    data = of_tree(device.running)
    tag = {"ETag": _tag(data)}
    if path == "ietf-yang-library:modules-state":
        return Response(200, xml.library(), xml.MEDIA, tag)
    if path == "ietf-interfaces:interfaces-state":
        return Response(200, xml.interfaces(device.ports()), xml.MEDIA, tag)
    if not path:
        return Response(200, xml.datastore(xml.written(ROOT, data)), xml.MEDIA, tag)
    place = Place.found(path, data)
    if place.value is None:
        raise Invalid(404, "invalid-value", "uri keypath not found")
    if "json" in request.headers.get("accept", ""):
        name = f"{place.node.module}:{place.node.name}"
        said = [place.value] if place.entry else place.value
        return Response(200, json.dumps({name: xml.as_json(place.node, said)}), "application/yang-data+json", tag)
    return Response(200, xml.written(place.node, place.value, entry=place.entry), xml.MEDIA, tag)


def _edited(request: Request, device: IndentedDevice, path: str) -> Response:
    before = of_tree(device.running)
    wanted = request.headers.get("if-match")
    if wanted is not None and wanted != _tag(before):
        raise Invalid(412, "operation-failed", "the entity tag is another one")
    data = deepcopy(before)
    if not path:
        if request.method != "PATCH":
            raise Invalid(405, "operation-not-supported", "Method Not Allowed")
        xml.merge(data, request.body, within="data")
    else:
        place = Place.found(path, data)
        match request.method:
            case "DELETE":
                place.delete()
            case "PUT":
                place.put(request.body)
            case _:
                place.patch(request.body)
    _type(device, request.user, lines_between(before, data))
    return Response(204, headers={"ETag": _tag(of_tree(device.running))})


def _type(device: IndentedDevice, user: str, lines: list[str]) -> None:
    """Do lines as the command line would, all of them or none."""
    if not lines:
        return
    before = device.running.copy()
    cli = device.cli(0, user)
    for line in ("enable", "configure terminal", *lines, "end"):
        reply = cli.execute(line)
        if line == "enable" and reply.question is not None:
            reply = reply.question.answer(device.login.enable_secret)
        if reply.result == "rejected":
            device.replace(before, user)
            device.take_effect()
            raise Invalid(400, "invalid-value", re.sub(r"\s+", " ", f"{line}: {reply.text}").strip())


def _tag(data: Data) -> str:
    return f'"{hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]}"'


def _error(request: Request, invalid: Invalid) -> Response:
    """An error in the form that was asked for (RFC 8040, 7.1)."""
    parts = {"error-type": "application", "error-tag": invalid.tag, "error-message": invalid.words}
    if "json" in request.headers.get("accept", ""):
        body = json.dumps({"ietf-restconf:errors": {"error": [parts]}})
        return Response(invalid.status, body, "application/yang-data+json")
    inside = "".join(xml.element(name, "", text) for name, text in parts.items())
    body = f'<errors xmlns="{xml.RESTCONF}"><error>{inside}</error></errors>'
    return Response(invalid.status, body, xml.MEDIA)
