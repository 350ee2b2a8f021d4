/**
 * A stop cuts the calls of tools that run: all of them, on both sides, in every isolate, and those of descendants when it
 * takes them along (P3). Its receipt counts them.
 */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Halt } from "../../src/contract/halt.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import { whileUndecided } from "../support/while-undecided.ts";
import {
  freshWorkspace,
  operator,
  whenEffective,
  worker,
  type Door,
  type Registered,
} from "../support/worker-api.ts";

const api = operator();
let home: string;
/** Of the calls to the server: aborted when Dome closes the connection. */
let signals: AbortSignal[];

beforeAll(async () => {
  home = await freshWorkspace();
  await api.addTool({ workspace: home, name: "crm", kind: "http", url: "https://crm.example.com" });
});

/** The server's answers say `first`, and then nothing until the connection is closed. */
beforeEach(() => {
  signals = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_input, init) => {
    const { signal } = init ?? {};
    if (signal == null) throw new Error("a call that nobody can end");
    signals.push(signal);
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      controller.enqueue(new TextEncoder().encode("first"));
      signal.addEventListener("abort", () => controller.error(new Error("closed")));
    };
    return new Response(new ReadableStream<Uint8Array>({ start }));
  });
});
afterEach(() => vi.restoreAllMocks());

const started = (name: string, parent: string | null = null): Promise<Registered> =>
  api.start({ name, workspace: home, surface: { tools: ["crm"] }, parent, tier: "trusted" });

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Streams that have begun. */
const begun = (agent: Registered, count: number, door: Door = worker): Promise<Reader[]> =>
  Promise.all(
    Array.from({ length: count }, async (_none, at) => {
      const headers = { authorization: `Bearer ${agent.secret}` };
      const response = await whileUndecided(
        () => door(new Request(`${TEST_ISSUER}/tools/crm/s${at}`, { headers })),
        ({ status }) => status === 503,
      );
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      expect(new TextDecoder().decode((await reader.read()).value)).toBe("first");
      return reader;
    }),
  );

/** `cut` for a stream that was broken off. */
const ends = (readers: readonly Reader[]): Promise<string[]> =>
  Promise.all(
    readers.map((reader) =>
      reader.read().then(
        () => "went on",
        () => "cut",
      ),
    ),
  );

const receiptWith = (count: number, read: () => Promise<Halt>): Promise<Halt> =>
  whenEffective(async () => {
    const halt = await read();
    if (halt.effective_at === null || halt.acts_cut !== count)
      throw new Error(`${halt.effective_at}: ${halt.acts_cut} of ${count} acts`);
    return halt;
  });

const outcomesOf = async (agent: Registered): Promise<(string | undefined)[]> =>
  (await api.audit({ workspace: home, kind: "call.outcome", agent: agent.id })).map(({ outcome }) => outcome);

describe("a stop", () => {
  it("cuts fifty streams in two isolates, at the caller and at the server, and its receipt counts them (P3)", async () => {
    const agent = await started("fifty");
    const other = await anotherIsolate();
    const readers = [...(await begun(agent, 25)), ...(await begun(agent, 25, other))];
    expect(signals.filter(({ aborted }) => aborted)).toEqual([]);
    const { halt } = await api.stop(agent.id, "suspend");
    expect(halt?.acts_cut).toBeNull();
    expect(new Set(await ends(readers))).toEqual(new Set(["cut"]));
    expect(signals).toHaveLength(50);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    await receiptWith(50, () => api.halt(agent.id, halt?.id ?? ""));
    expect(await outcomesOf(agent)).toEqual(Array.from({ length: 50 }, () => "cut"));
  });

  it("cuts a call that has no answer yet, and says which stop it was", async () => {
    const agent = await started("waiting");
    vi.spyOn(globalThis, "fetch").mockImplementation(
      (_input, init) =>
        new Promise((_resolve, reject) => {
          const { signal } = init ?? {};
          if (signal == null) throw new Error("a call that nobody can end");
          signals.push(signal);
          signal.addEventListener("abort", () => reject(new Error("closed")));
        }),
    );
    const answer = worker(
      new Request(`${TEST_ISSUER}/tools/crm/x`, { headers: { authorization: `Bearer ${agent.secret}` } }),
    );
    await expect.poll(() => signals.length).toBe(1);
    const { halt } = await api.stop(agent.id, "suspend");
    expect((await answer).status).toBe(401);
    expect(signals[0]?.aborted).toBe(true);
    await receiptWith(1, () => api.halt(agent.id, halt?.id ?? ""));
    const [outcome] = await api.audit({ workspace: home, kind: "call.outcome", agent: agent.id });
    expect(outcome).toMatchObject({
      outcome: "cut",
      reason: "not_admitted",
      layer: "lease",
      data: { kind: "agent_not_active", agent: agent.id, who: "dome" },
    });
  });

  it("of a parent cuts the streams of its descendants when it takes them along, and counts all of them once (P3)", async () => {
    const root = await started("root");
    const child = await started("child", root.id);
    const stranger = await started("stranger");
    const readers = [...(await begun(root, 3)), ...(await begun(child, 7))];
    const [spared] = await begun(stranger, 1);
    const { halt } = await api.stop(root.id, "suspend", { body: { cascade: true } });
    expect(new Set(await ends(readers))).toEqual(new Set(["cut"]));
    expect(signals.map(({ aborted }) => aborted).filter(Boolean)).toHaveLength(10);
    const receipt = await receiptWith(10, () => api.halt(root.id, halt?.id ?? ""));
    expect(receipt.cascade).toMatchObject({ total: 2, complete: true });
    await spared?.cancel();
  });

  it("of a workspace cuts and counts what runs there", async () => {
    const place = await freshWorkspace();
    await api.addTool({ workspace: place, name: "crm", kind: "http", url: "https://crm.example.com" });
    const agent = await api.start({ name: "bot", workspace: place, surface: { tools: ["crm"] } });
    const readers = await begun(agent, 2);
    const { halt } = await api.moveWorkspace(place, "halt");
    expect(await ends(readers)).toEqual(["cut", "cut"]);
    await receiptWith(2, () => api.workspaceHalt(place, halt?.id ?? ""));
  });

  it("of a key cuts and counts what runs with this key, and nothing else", async () => {
    const agent = await started("two-keys");
    const issued = await api.issueKey(agent.id, {});
    const second = { ...agent, secret: issued.api_key.secret ?? "" };
    const [mine] = await begun(agent, 1);
    const readers = await begun(second, 2);
    const { halt } = await api.revokeKey(agent.id, issued.api_key.id);
    expect(await ends(readers)).toEqual(["cut", "cut"]);
    await receiptWith(2, () => api.halt(agent.id, halt?.id ?? ""));
    await mine?.cancel();
  });

  it("counts no act that had ended before, and none that another stop has cut", async () => {
    const agent = await started("again");
    const [ended] = await begun(agent, 1);
    await ended?.cancel();
    const [first] = await begun(agent, 1);
    const before = await api.stop(agent.id, "suspend");
    await ends(first === undefined ? [] : [first]);
    await receiptWith(1, () => api.halt(agent.id, before.halt?.id ?? ""));
    await api.resume(agent.id);
    const { halt } = await api.stop(agent.id, "suspend");
    expect(await receiptWith(0, () => api.halt(agent.id, halt?.id ?? ""))).toMatchObject({ acts_cut: 0 });
  });
});
