/**
 * A real HTTP API behind the door of a real server: what a client gets through Dome is what it gets directly, byte for
 * byte; and where the API does not say the truth, the client is never told that all is well.
 */
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlPlane } from "../../src/client/control-plane.ts";
import type { AuditEntry } from "../../src/contract/audit.ts";
import { digestOf, generated } from "../support/http-api/generated.ts";
import { LIES, SILENT } from "../support/http-api/lies.ts";
import { serveHttpApi, type HttpApi } from "../support/http-api/serve.ts";
import { begin, exchange, type Exchanged } from "../support/http-exchange.ts";
import { endEverything, startServer, type RunningServer } from "../support/server.ts";

/** More than all buffers between a client and the API together. */
const LARGE = 64 * 1024 * 1024;
const BUFFERS = 24 * 1024 * 1024;

let api: HttpApi;
let server: RunningServer;
let plane: ControlPlane;
let workspace: string;
/** Keys of agents: one may have large bodies, one of 10 MiB at most. */
let [large, small] = ["", ""];

async function agentOf(name: string, tier: string): Promise<{ readonly id: string; readonly key: string }> {
  const surface = { tools: ["shop", "bare"], pools: [], integrations: [] };
  const { agent, api_key } = await plane.agents.register({ name, workspace, tier, surface });
  await plane.agents.activate({ agent: agent.id });
  return { id: agent.id, key: api_key.secret ?? "" };
}

beforeAll(async () => {
  api = await serveHttpApi();
  server = await startServer({ args: ["--egress-allow", api.origin] });
  plane = new ControlPlane({ url: server.url, token: server.adminToken });
  workspace = (await plane.workspaces.create({ name: "shop" })).name;
  const tool = { workspace, kind: "http", url: api.origin } as const;
  await plane.tools.add({ ...tool, name: "shop", openapi: `${api.origin}/openapi.json` });
  await plane.tools.add({ ...tool, name: "bare" });
  await plane.toolOperations.refresh("shop", {}, { workspace });
  large = (await agentOf("large", "trusted")).key;
  small = (await agentOf("small", "standard")).key;
}, 60_000);

afterAll(async () => {
  await endEverything();
  api.close();
});

const direct = (path: string, asked = {}): Promise<Exchanged> => exchange(`${api.origin}${path}`, asked);

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Iterable<Buffer>;
  readonly key?: string;
  readonly tool?: string;
}

const authorized = ({ headers, key = large }: Asked): Record<string, string> => ({
  ...headers,
  authorization: `Bearer ${key}`,
});
const door = (path: string, tool = "shop"): string => `${server.url}/tools/${tool}${path}`;
const through = (path: string, asked: Asked = {}): Promise<Exchanged> =>
  exchange(door(path, asked.tool), { ...asked, headers: authorized(asked) });

/** The outcome of a call, as it is recorded soon after the end of its answer. */
async function outcomeOf({ headers }: Exchanged): Promise<AuditEntry> {
  const request_id = String(headers["dome-request-id"]);
  let found: AuditEntry | undefined;
  await expect
    .poll(
      async () => {
        for await (const entry of plane.audit.list({ workspace, kind: "call.outcome", request_id }))
          found = entry;
        return found;
      },
      { timeout: 15_000 },
    )
    .toBeDefined();
  if (found === undefined) throw new Error("a call without an outcome");
  return found;
}

async function actsCut(agent: string, halt: { readonly id: string } | null, count: number): Promise<void> {
  const counted = async (): Promise<number | null> =>
    (await plane.agents.halt({ agent }, halt?.id ?? "")).acts_cut;
  await expect.poll(counted, { timeout: 15_000 }).toBe(count);
}

describe("what the API says", () => {
  it.each([
    ["/orders/7", "shop/getOrder"],
    ["/orders/mine", "shop/myOrders"],
    ["/orders/7/lines", "shop/listLines"],
    ["/bytes/100000", "shop/bytes"],
    ["/bytes/0", "shop/bytes"],
    ["/chunks/100000", "shop/chunks"],
    ["/events/500", "shop/events"],
    ["/encoded/identity/100000", "shop/encoded"],
    // The runtime decodes none of these, so they pass as they are.
    ["/encoded/zstd/100000", "shop/encoded"],
    ["/encoded/deflate/100000", "shop/encoded"],
    ["/encoded/x-gzip/100000", "shop/encoded"],
    ["/encoded/GZIP/100000", "shop/encoded"],
  ])("reaches the client byte for byte: %s is %s", async (path, operation) => {
    const [own, here] = [await direct(path), await through(path)];
    expect(here).toMatchObject({ status: 200, isWhole: true, bytes: own.bytes, sha256: own.sha256 });
    for (const name of ["content-type", "content-encoding", "etag"])
      expect([name, here.headers[name]]).toEqual([name, own.headers[name]]);
    const { outcome, target, data } = await outcomeOf(here);
    expect([outcome, target?.id]).toEqual(["completed", operation]);
    expect(data).toMatchObject({ status: 200, received: own.bytes, received_sha256: own.sha256 });
  });

  it.each(["gzip", "br"])(
    "in %s reaches the client decoded, and says nothing of an encoding",
    async (coding) => {
      const here = await through(`/encoded/${coding}/100000`);
      expect(here).toMatchObject({ status: 200, isWhole: true, bytes: 100_000, sha256: digestOf(100_000) });
      expect(here.headers["content-encoding"]).toBeUndefined();
      expect(["100000", undefined]).toContain(here.headers["content-length"]);
    },
  );

  it("is the same for a path that has a more concrete template, and for one that has none", async () => {
    expect(await through("/orders/mine", { method: "DELETE" })).toMatchObject({ status: 403 });
    expect(await through("/orders/7", { method: "DELETE" })).toMatchObject({ status: 200 });
    expect(await through("/orders/yours")).toMatchObject({ status: 422 });
    expect(await through("/orders/7/lines/1")).toMatchObject({ status: 403 });
  });
});

describe("a large body", () => {
  it("comes whole from the API, and its digest is in the outcome", async () => {
    const here = await through(`/bytes/${LARGE}`);
    expect(here).toMatchObject({ status: 200, isWhole: true, bytes: LARGE, sha256: digestOf(LARGE) });
    expect((await outcomeOf(here)).data).toMatchObject({ received: LARGE, received_sha256: here.sha256 });
  });

  it.each(["shop", "bare"])(
    "goes whole to the API, with its length, and its digest is in the outcome (%s)",
    async (tool) => {
      const headers = { "content-type": "application/octet-stream", "content-length": String(LARGE) };
      const here = await through("/digest", { method: "POST", headers, body: generated(LARGE), tool });
      const sha256 = digestOf(LARGE);
      expect(JSON.parse(here.text)).toEqual({ bytes: LARGE, sha256, length: String(LARGE), coding: null });
      expect((await outcomeOf(here)).data).toMatchObject({ sent: LARGE, sent_sha256: sha256 });
    },
  );

  it("passes in both directions at the same time, without a length", async () => {
    const headers = { "content-type": "application/octet-stream" };
    const here = await through("/echo", { method: "PUT", headers, body: generated(LARGE) });
    expect(here).toMatchObject({ status: 200, isWhole: true, bytes: LARGE, sha256: digestOf(LARGE) });
    const sha256 = here.sha256;
    expect((await outcomeOf(here)).data).toMatchObject({ sent_sha256: sha256, received_sha256: sha256 });
  });

  it("is taken from the API no faster than the client reads it, so that no memory holds it", async () => {
    const path = `/chunks/${LARGE}`;
    const before = (await api.counts()).sent[path] ?? 0;
    const request = begin(door(path), { headers: authorized({}) });
    const response = (await once(request.end(), "response"))[0] as NodeJS.ReadableStream & {
      destroy(): void;
    };
    await once(response, "readable"); // and no more is read
    for (let call = 0; call < 20; call += 1) await through("/orders/7");
    expect(((await api.counts()).sent[path] ?? 0) - before).toBeLessThan(BUFFERS);
    response.destroy();
    await expect.poll(async () => (await api.counts()).open, { timeout: 10_000 }).toBe(0);
  });

  it("is taken from the client no faster than the API reads it, and a stop cuts it while it stands still (P3)", async () => {
    const stalled = await agentOf("stalled", "trusted");
    const headers = { ...authorized({ key: stalled.key }), "content-type": "application/octet-stream" };
    const request = begin(door("/unread"), { method: "POST", headers });
    let taken = 0;
    for (const part of generated(LARGE)) {
      const isTaken = new Promise((resolve) => request.write(part, resolve));
      const others = (async () => {
        for (let call = 0; call < 5; call += 1) await through("/orders/7");
      })();
      if ((await Promise.race([isTaken.then(() => "taken"), others.then(() => "not taken")])) === "not taken")
        break;
      taken += part.length;
    }
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(BUFFERS);
    // Nothing moves on either side, so only the stop can end it.
    const { halt } = await plane.agents.suspend({ agent: stalled.id });
    await actsCut(stalled.id, halt, 1);
    await api.read();
    await expect.poll(async () => (await api.counts()).open, { timeout: 10_000 }).toBe(0);
    request.destroy();
  });

  it("ends at what the tier allows, in either direction, and is never told as whole", async () => {
    const most = 10_485_760;
    const down = await through(`/chunks/${most + 1}`, { key: small });
    expect(down).toMatchObject({ status: 200, isWhole: false });
    expect(await outcomeOf(down)).toMatchObject({ outcome: "failed", reason: "upstream_too_large" });
    expect(await through(`/chunks/${most}`, { key: small })).toMatchObject({ isWhole: true, bytes: most });
    const headers = { "content-type": "application/octet-stream" };
    const up = await through("/digest", { method: "POST", headers, body: generated(most + 1), key: small });
    expect([up.status, (JSON.parse(up.text) as { code: string }).code]).toEqual([413, "body_too_large"]);
  });
});

describe("an upload of several parts", () => {
  const file = Buffer.concat([...generated(3_000_000)]);
  const photo = (type: string): RequestInit => {
    const form = new FormData();
    form.set("caption", "Zürich");
    form.set("file", new File([file], "a b.png", { type }));
    return { method: "POST", body: form };
  };
  const post = (url: string, type: string): Promise<Response> =>
    fetch(url, { ...photo(type), headers: { authorization: `Bearer ${large}` } });

  it("reaches the API as another program reads it", async () => {
    const [own, here] = [
      await fetch(`${api.origin}/photos`, photo("image/png")),
      await post(door("/photos"), "image/png"),
    ];
    const parts = await here.json();
    expect(parts).toEqual(await own.json());
    expect(parts).toMatchObject({
      caption: "Zürich",
      file: { size: 3_000_000, type: "image/png", sha256: digestOf(3_000_000) },
    });
  });

  it("is decided on: a part of another type does not reach the API", async () => {
    const { requests } = await api.counts();
    expect((await post(door("/photos"), "text/html")).status).toBe(422);
    expect((await api.counts()).requests).toBe(requests);
  });
});

/** What a client is told, for each lie of the API that has an end. */
const TOLD: Readonly<Record<string, "whole" | "broken off" | "no answer" | "encoded">> = {
  "less-than-its-length": "broken off",
  "more-than-its-length": "whole", // the rest is not part of the message (RFC 9112 §6.3)
  "two-lengths": "no answer",
  "negative-length": "no answer",
  "length-and-chunks": "broken off", // an error, as RFC 9112 §6.3 advises
  "no-last-chunk": "broken off",
  "no-such-chunk": "broken off",
  "chunk-without-end": "broken off",
  "until-it-closes": "whole",
  "is-no-gzip": "broken off",
  "half-a-gzip": "broken off",
  "brotli-that-is-gzip": "broken off",
  "encoded-twice": "encoded",
  "gzip-bomb": "broken off",
  "brotli-bomb": "broken off",
  "is-no-http": "no answer",
  "has-no-such-status": "no answer",
  "has-no-status": "no answer",
  "changes-protocol": "no answer",
  "only-continues": "no answer",
  "hints-first": "whole",
  "large-headers": "no answer",
  "many-headers": "no answer",
  "endless-headers": "no answer",
  "endless-chunks": "broken off",
  "endless-events": "broken off",
  "endless-event": "broken off",
  "says-nothing": "no answer",
};
/** Bodies that all came, and are not what their headers say. */
const MISNAMED: ReadonlySet<string> = new Set([
  "length-and-chunks",
  "is-no-gzip",
  "half-a-gzip",
  "brotli-that-is-gzip",
]);
const BY_UPSTREAM = { outcome: "failed", data: { who: "upstream" } } as const;

describe("an API that does not say the truth", () => {
  it("does so in every way that is tried here", () => {
    expect([...Object.keys(TOLD), ...SILENT].toSorted()).toEqual(LIES.toSorted());
  });

  const told = (how: string, as: (typeof TOLD)[string]): object => {
    if (as === "whole") return { status: 200, isWhole: true, text: "only this", outcome: "completed" };
    if (as === "encoded") return { status: 200, isWhole: true, outcome: "completed" };
    if (as === "no answer")
      return { status: 502, isWhole: true, ...BY_UPSTREAM, reason: "upstream_unreachable" };
    const isTooLarge = how.endsWith("bomb") || how.startsWith("endless");
    return {
      status: 200,
      isWhole: false,
      ...BY_UPSTREAM,
      reason: isTooLarge ? "upstream_too_large" : MISNAMED.has(how) ? "upstream_failed" : "upstream_lost",
    };
  };

  it.each(Object.entries(TOLD))(
    "%s: the client is told %s, and the record says whose fault it is",
    async (how, as) => {
      const here = await through(`/lies/${how}`, { key: small });
      expect({ ...here, ...(await outcomeOf(here)) }).toMatchObject(told(how, as));
    },
  );

  it("and then nothing more is cut by a stop, so that no connection stays open (P3)", async () => {
    const patient = await agentOf("patient", "trusted");
    const asked = SILENT.map((how) => through(`/lies/${how}`, { key: patient.key }).catch(() => null));
    await expect.poll(async () => (await api.counts()).open).toBe(SILENT.length);
    const { halt } = await plane.agents.suspend({ agent: patient.id });
    await Promise.all(asked);
    await expect.poll(async () => (await api.counts()).sockets, { timeout: 10_000 }).toBe(0);
    await actsCut(patient.id, halt, SILENT.length);
  });

  it("leaves no call open, and no connection", async () => {
    await expect.poll(async () => (await api.counts()).sockets, { timeout: 10_000 }).toBe(0);
    const open = async (): Promise<number> => {
      let count = 0;
      for await (const each of plane.audit.open({ workspace })) count += each.decision_id === "" ? 0 : 1;
      return count;
    };
    await expect.poll(open, { timeout: 10_000 }).toBe(0);
  });
});
