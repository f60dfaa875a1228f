"""
The least a client could do: one process, keep-alive, a fixed number of services in flight; post the parents,
server-side-apply the very children the operator would, patch each status. Nothing is watched, compared or remembered.

``python -m tests.figures.engine.floor post|all NAMESPACE COUNT IN_FLIGHT``; prints its CPU seconds.
"""

import asyncio
import resource
import sys

import aiohttp
import orjson
import uvloop

from concordat.api import parse
from concordat.cluster.connection.access import find_access
from concordat.facts import Facts
from concordat.manifest import digest
from concordat.manifest.conventions import ANNOTATION_HASH, GROUP, VERSION
from concordat.plan.service import plan
from tests.engine.rig import OPTIONAL_KINDS, routed

PARENTS = f"/apis/{GROUP}/{VERSION}/namespaces/{{}}/microservices"
FACTS = Facts(installed=frozenset(OPTIONAL_KINDS))
STATUS = {
    "observedGeneration": 1,
    "conditions": [
        {
            "type": kind,
            "status": "False",
            "reason": "Unavailable",
            "message": "0 of 2 replicas are available",
            "observedGeneration": 1,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
        for kind in ("Ready", "Reconciled", "Available", "Observed")
    ],
    "children": [
        {"kind": "Deployment", "name": f"service-{n}", "ready": True, "fingerprint": "d9e3cfc870d9d643"}
        for n in range(11)
    ],
    "replicas": "0/2",
    "url": "http://service.namespace.svc.cluster.local",
}


async def main(what: str, namespace: str, count: int, in_flight: int) -> None:
    access = find_access()
    connector = aiohttp.TCPConnector(limit=0, ssl=access.tls or True)
    headers = {"User-Agent": "floor", "Authorization": f"Bearer {access.token()}"} if access.token() else {}
    async with aiohttp.ClientSession(connector=connector, headers={"User-Agent": "floor", **headers}) as session:
        slots = asyncio.Semaphore(in_flight)

        async def send(method: str, path: str, body: object, content_type: str) -> bytes:
            async with (
                slots,
                session.request(
                    method, access.server + path, data=orjson.dumps(body), headers={"Content-Type": content_type}
                ) as response,
            ):
                answer = await response.read()
                assert response.status < 300, answer
                return answer

        async def parent(number: int) -> dict[str, object]:
            manifest = routed(f"service-{number}", namespace)
            answer = await send("POST", PARENTS.format(namespace), manifest, "application/json")
            return orjson.loads(answer)

        async def child(path: str, plural: str, name: str, manifest: dict[str, object]) -> None:
            url = f"{path}/namespaces/{namespace}/{plural}/{name}?fieldManager=floor&force=true"
            await send("PATCH", url, manifest, "application/apply-patch+yaml")

        async def service(number: int) -> None:
            posted = await parent(number)
            if what == "post":
                return
            children = plan(parse(posted), FACTS).children
            for planned in children:
                annotations = planned.manifest["metadata"].setdefault("annotations", {})
                annotations[ANNOTATION_HASH] = digest(planned.manifest)
            await asyncio.gather(*(child(c.kind.path, c.kind.plural, c.name, c.manifest) for c in children))
            url = f"{PARENTS.format(namespace)}/service-{number}/status?fieldManager=floor"
            await send("PATCH", url, {"status": STATUS}, "application/merge-patch+json")

        await asyncio.gather(*map(service, range(count)))

    used = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_utime + used.ru_stime)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
