/** An MCP server that answers a listing as slowly as it likes. */
import { expect, it } from "vitest";
import { Egress } from "../../../../src/egress/egress.ts";
import { listServer } from "../../../../src/gateway/mcp/list-server.ts";
import type { KnownEra } from "../../../../src/gateway/mcp/known-server.ts";
import { BoundedMap } from "../../../../src/kernel/bounded-map.ts";
import { ManualTime } from "../../../support/manual-timers.ts";

it("ends after two minutes with a server that never falls silent and never comes to an end", async () => {
  const time = new ManualTime();
  let isClosed = false;
  const fetch = (_url: string, { signal }: RequestInit): Promise<Response> => {
    const body = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          await time.sleep(10_000);
          if (!isClosed) controller.enqueue(new Uint8Array([0x20]));
        },
      },
      { highWaterMark: 0 },
    );
    signal?.addEventListener("abort", () => {
      isClosed = true;
    });
    return Promise.resolve(new Response(body, { headers: { "content-type": "application/json" } }));
  };
  const egress = new Egress({ fetch: { public: fetch, listed: fetch }, timers: time, allowed: new Set() });
  const ports = {
    egress,
    clock: time,
    timers: time,
    derived: [],
    tokens: new BoundedMap<string, never>(1),
    background: (work: Promise<unknown>) => void work,
    eras: new BoundedMap<string, KnownEra>(1),
  };
  const server = { url: "https://tool.example/mcp", auth: { type: "none" as const }, secret: null };
  const listed = listServer(ports, "tol_1", server);
  await time.advance(119_000);
  expect(isClosed).toBe(false);
  await time.advance(1_000);
  expect(isClosed).toBe(true);
  expect(await listed).toEqual({
    ok: false,
    error: { who: "upstream", code: "upstream_timeout", detail: "The server did not answer in time." },
  });
});
