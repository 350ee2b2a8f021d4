/** Session ids of MCP clients: a session belongs to its caller, its door and its time. */
import { describe, expect, it } from "vitest";
import {
  fitting,
  unsealSession,
  sealSession,
  type ClientSession,
} from "../../../../../src/gateway/mcp/sessions/client-session.ts";
import { systemRandom } from "../../../../../src/kernel/random.ts";
import type { TokenState } from "../../../../../src/lifecycle/admission.ts";
import { deriveKeys, parseRootKeys } from "../../../../../src/secrets/root-key.ts";

const rootKey = (byte: number): string => btoa(String.fromCharCode(...new Uint8Array(32).fill(byte)));
async function keys(...bytes: number[]) {
  const parsed = parseRootKeys(bytes.map(rootKey).join(" "));
  if (!parsed.ok) throw new Error(parsed.error.kind);
  return { derived: await deriveKeys(parsed.value), random: systemRandom };
}

const state: TokenState = {
  workspace: "wks_1" as TokenState["workspace"],
  chain: [
    { agent: "agt_1", epoch: 3, key: "key_1" },
    { agent: "agt_2", epoch: 1, key: "key_2" },
  ] as unknown as TokenState["chain"],
  haltEpoch: 2,
  path: [],
  user: "usr_1",
  userEpoch: 1,
};
const holder = { door: "/mcp/zendesk", caller: { state } };
const session: ClientSession = {
  until: 10_000,
  version: "2025-11-25",
  servers: { zendesk: { era: "legacy", id: "of-the-server", version: "2025-11-25", at: "there" } },
};
const [first] = state.chain;
if (first === undefined) throw new Error("no agent");

describe("the id of a session", () => {
  it("opens for its caller at its door, and tells what the server's session is", async () => {
    const ports = await keys(1);
    const id = (await sealSession(ports, holder, session)) ?? "";
    expect(await unsealSession(ports, holder, id, 9_999)).toEqual(session);
    expect(id).toMatch(/^[\u0021-\u007E]+$/);
    expect(id).not.toContain("of-the-server");
  });

  it.each<[string, TokenState]>([
    ["another workspace", { ...state, workspace: "wks_2" as TokenState["workspace"] }],
    ["another agent", { ...state, chain: [{ ...first, agent: "agt_3" as typeof first.agent }] }],
    ["another epoch of its agent", { ...state, chain: [{ ...first, epoch: 4 }, ...state.chain.slice(1)] }],
    ["another epoch of an agent behind it", { ...state, chain: [first, { ...first, epoch: 2 }] }],
    ["a shorter chain", { ...state, chain: [first] }],
    ["another halt of the workspace", { ...state, haltEpoch: 3 }],
    ["another user", { ...state, user: "usr_2" }],
    ["a user who was resumed since", { ...state, userEpoch: 2 }],
  ])("does not open for %s, because a session belongs to its caller (P11)", async (_, other) => {
    const ports = await keys(1);
    const id = (await sealSession(ports, holder, session)) ?? "";
    expect(await unsealSession(ports, { ...holder, caller: { state: other } }, id, 0)).toBeNull();
  });

  it("does not open for the same agent without its user", async () => {
    const ports = await keys(1);
    const id = (await sealSession(ports, holder, session)) ?? "";
    const { user: _user, ...alone } = state;
    expect(await unsealSession(ports, { ...holder, caller: { state: alone } }, id, 0)).toBeNull();
  });

  it("opens after a rotation of the agent's key, because the key is not who the caller is", async () => {
    const ports = await keys(1);
    const id = (await sealSession(ports, holder, session)) ?? "";
    const [, second] = state.chain;
    if (second === undefined) throw new Error("no agent");
    const chain = [{ ...first, key: "key_9" as typeof first.key }, second];
    expect(await unsealSession(ports, { ...holder, caller: { state: { ...state, chain } } }, id, 0)).toEqual(
      session,
    );
  });

  it("does not open at another door", async () => {
    const ports = await keys(1);
    const id = (await sealSession(ports, holder, session)) ?? "";
    expect(await unsealSession(ports, { ...holder, door: "/mcp/jira" }, id, 0)).toBeNull();
    expect(await unsealSession(ports, { ...holder, door: "/mcp" }, id, 0)).toBeNull();
  });

  it("ends at its absolute end, however much it is used", async () => {
    const ports = await keys(1);
    const id = (await sealSession(ports, holder, session)) ?? "";
    expect(await unsealSession(ports, holder, id, 10_000)).toBeNull();
  });

  it.each(["", "x", "of-the-server", "dome_sealed_1.00000000.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA"])(
    "does not open when it is forged as %j",
    async (forged) => expect(await unsealSession(await keys(1), holder, forged, 0)).toBeNull(),
  );

  it("does not open with one character changed, wherever it stands", async () => {
    const ports = await keys(1);
    const id = (await sealSession(ports, holder, session)) ?? "";
    for (const at of [0, 15, 24, 40, Math.floor(id.length / 2), id.length - 1]) {
      const changed = id.slice(0, at) + (id[at] === "A" ? "B" : "A") + id.slice(at + 1);
      expect(await unsealSession(ports, holder, changed, 0)).toBeNull();
    }
  });

  it("outlives a rotation of the root key, and not the removal of its version", async () => {
    const id = (await sealSession(await keys(1), holder, session)) ?? "";
    expect(await unsealSession(await keys(2, 1), holder, id, 0)).toEqual(session);
    expect(await unsealSession(await keys(2), holder, id, 0)).toBeNull();
  });

  it("is not sealed under the key of stored secrets, of which clients must get no samples (P4)", async () => {
    const { derived } = await keys(1);
    expect(derived[0].sessionKey).not.toEqual(derived[0].envelope);
  });

  it("is at most 4 KB, with a session of each of twenty servers in it", async () => {
    const ports = await keys(1);
    const servers = (length: number): ClientSession["servers"] =>
      Object.fromEntries(
        Array.from({ length: 20 }, (_, at) => [
          `tool-${at}`,
          { era: "legacy", id: "i".repeat(length), version: "2025-11-25", at: "a".repeat(22) } as const,
        ]),
      );
    const id = await sealSession(ports, holder, { ...session, servers: servers(36) });
    expect(id?.length).toBeLessThanOrEqual(4_096);
    expect(await sealSession(ports, holder, { ...session, servers: servers(512) })).toBeNull();
  });

  it("holds the shortest ids of servers, as many as there is room for, and names the others", async () => {
    const ports = await keys(1);
    const long = { era: "legacy", id: "l".repeat(1_024), version: "2025-11-25", at: "there" } as const;
    const short = { ...long, id: "short" };
    const servers = { a: long, b: long, c: short, d: long, e: short };
    const { session: fits, left } = fitting({ ...session, servers });
    expect([Object.keys(fits.servers).toSorted(), left]).toEqual([["a", "b", "c", "e"], ["d"]]);
    const id = (await sealSession(ports, holder, fits)) ?? "";
    expect(id.length).toBeLessThanOrEqual(4_096);
    expect(await unsealSession(ports, holder, id, 0)).toEqual(fits);
  });

  it("is full to the last character: one more does not fit", async () => {
    const ports = await keys(1);
    const one = (length: number): ClientSession => ({
      ...session,
      servers: { a: { era: "legacy", id: "i".repeat(length), version: "2025-11-25", at: "there" } },
    });
    const most = Array.from({ length: 4_096 }, (_, at) => at).findLast(
      (length) => fitting(one(length)).left.length === 0,
    );
    const id = (await sealSession(ports, holder, one(most ?? 0))) ?? "";
    expect(id.length).toBeGreaterThan(4_092);
    expect(await sealSession(ports, holder, one((most ?? 0) + 4))).toBeNull();
  });

  it("is refused without a look at it when it is longer", async () => {
    expect(await unsealSession(await keys(1), holder, "d".repeat(4_097), 0)).toBeNull();
  });
});
