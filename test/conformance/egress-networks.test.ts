/**
 * Dome's way out on the networks of the embedded server, against a server on this machine. Its address is an inside one, so
 * whatever reaches it over the public network has gone through a wall.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { hostname } from "node:os";
import type { AddressInfo } from "node:net";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { bundleWorker } from "../../scripts/worker-bundle.ts";
import { modulesOf, workerConfig } from "../../src/embedded/runtime.ts";

const asked: string[] = [];
/** What waits for the end of a connection, by path. */
const closed = new Map<string, () => void>();

/** Resolves when the answer to a path has lost its connection. */
const connectionClosed = (path: string): Promise<void> =>
  new Promise((resolve) => void closed.set(path, resolve));

const upstream = createServer((request: IncomingMessage, response: ServerResponse) => {
  const path = request.url ?? "";
  asked.push(path);
  response.on("close", () => closed.get(path)?.());
  if (path.startsWith("/silent")) return;
  if (path.startsWith("/endless")) {
    const more = (): void => {
      if (!response.destroyed) response.write("x".repeat(1_000), () => setImmediate(more));
    };
    more();
    return;
  }
  if (path.startsWith("/stalls")) return void response.write("begun");
  if (path.startsWith("/redirect")) {
    response.writeHead(307, { location: `http://127.0.0.1:${port()}/inside` }).end();
    return;
  }
  let size = 0;
  request.on("data", (part: Uint8Array) => (size += part.length));
  request.on("end", () => response.end(JSON.stringify({ headers: request.headers, size })));
});

const port = (): number => (upstream.address() as AddressInfo).port;
const here = (): string => `http://127.0.0.1:${port()}`;

let runtime: Miniflare;
beforeAll(async () => {
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const { EGRESS_PUBLIC, EGRESS_LISTED } = workerConfig({}, {}).env ?? {};
  if (EGRESS_PUBLIC === undefined || EGRESS_LISTED === undefined) throw new Error("no networks");
  const modules = modulesOf(await bundleWorker("test/conformance/egress-worker.ts"));
  runtime = new Miniflare({
    cf: {},
    telemetry: { enabled: false },
    enableDevRegistry: false,
    handleStructuredLogs: () => undefined,
    workers: [
      {
        config: {
          name: "egress",
          compatibilityDate: "2026-10-20",
          manifest: { mainModule: "index.js", modules },
          env: { EGRESS_PUBLIC, EGRESS_LISTED },
        },
      },
    ],
  });
  await runtime.ready;
});
afterAll(async () => {
  await runtime.dispose();
  upstream.closeAllConnections();
  upstream.close();
});

const ask = (order: object) =>
  runtime.dispatchFetch("http://egress/", { method: "POST", body: JSON.stringify(order) });
const outcome = async (order: object): Promise<unknown> => (await ask(order)).json();

describe("the public network", () => {
  // As if the guard had let them through: a name that resolves to an inside address looks like any other.
  test.each(["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "2130706433", hostname()])(
    "refuses %s as it connects",
    async (host) => {
      const before = asked.length;
      const origin = new URL(`http://${host}:${port()}`).origin;
      const order = { url: `${origin}/inside`, allowed: [origin], network: "EGRESS_PUBLIC" };
      expect(await outcome(order)).toEqual({ kind: "unreachable" });
      expect(asked.length).toBe(before);
    },
  );
});

test("both networks trust the certificate authorities that browsers trust: workerd alone trusts none", () => {
  const { EGRESS_PUBLIC, EGRESS_LISTED } = workerConfig({}, {}).env ?? {};
  const tlsOptions = { trustBrowserCas: true };
  expect(EGRESS_PUBLIC).toEqual({ type: "network", allow: ["public"], tlsOptions });
  expect(EGRESS_LISTED).toEqual({ type: "network", allow: ["public", "private"], tlsOptions });
});

describe("an origin that is listed", () => {
  it("is reached on this machine, with the caller's own headers, and beside them only how the answer is wanted", async () => {
    const answer = await outcome({ url: `${here()}/echo`, allowed: [here()] });
    const { text } = answer as { text: string };
    expect(JSON.parse(text)).toEqual({
      headers: {
        authorization: "Bearer upstream",
        "accept-encoding": "identity",
        "cache-control": "no-cache",
        pragma: "no-cache",
        host: `127.0.0.1:${port()}`,
      },
      size: 0,
    });
  });

  it("takes a body that streams", async () => {
    const order = { url: `${here()}/echo`, allowed: [here()], method: "POST", body: "x".repeat(200_000) };
    const { text } = (await outcome(order)) as { text: string };
    expect(JSON.parse(text)).toMatchObject({ size: 200_000 });
  });

  it("does not open another one: a redirect to the inside is handed on, not followed", async () => {
    const before = asked.length;
    expect(await outcome({ url: `${here()}/redirect`, allowed: [here()] })).toMatchObject({
      status: 307,
      location: `${here()}/inside`,
    });
    expect(asked.slice(before)).toEqual(["/redirect"]);
    const other = here().replace("127.0.0.1", "localhost");
    expect(await outcome({ url: `${other}/inside`, allowed: [here()] })).toEqual({
      kind: "address_refused",
      why: "not_https",
    });
  });
});

describe("the connection of the other side is closed", () => {
  it("when its headers are late", async () => {
    const gone = connectionClosed("/silent/1");
    const order = { url: `${here()}/silent/1`, allowed: [here()], headersMs: 200 };
    expect(await outcome(order)).toEqual({ kind: "timed_out" });
    await gone;
  });

  it("when it falls silent in the middle", async () => {
    const gone = connectionClosed("/stalls/1");
    const order = { url: `${here()}/stalls/1`, allowed: [here()], silenceMs: 200 };
    expect(await outcome(order)).toMatchObject({ status: 200, end: "timed_out" });
    await gone;
  });

  it("when its body does not end", async () => {
    const gone = connectionClosed("/endless/1");
    const order = { url: `${here()}/endless/1`, allowed: [here()], bytes: 50_000 };
    expect(await outcome(order)).toMatchObject({ status: 200, end: "too_large" });
    await gone;
  });

  test.each([
    ["abort", "/endless/2", "aborted"],
    ["abort", "/stalls/2", "aborted"],
    ["cancel", "/endless/3", undefined],
    ["cancel", "/stalls/3", undefined],
  ])("when we %s %s", async (next, path, end) => {
    const gone = connectionClosed(path);
    const answer = (await outcome({ url: here() + path, allowed: [here()], next })) as { end?: string };
    expect(answer.end).toBe(end);
    await gone;
  });

  it("when whoever asked us goes away in the middle", async () => {
    const gone = connectionClosed("/endless/4");
    const entry = await runtime.ready;
    const client = new AbortController();
    const answer = await fetch(entry, {
      method: "POST",
      body: JSON.stringify({ url: `${here()}/endless/4`, allowed: [here()], next: "stream" }),
      signal: client.signal,
    });
    await answer.body?.getReader().read();
    client.abort();
    await gone;
    expect(asked).toContain("/endless/4");
  });
});
