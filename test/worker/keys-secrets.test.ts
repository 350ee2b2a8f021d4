/** P4: whoever reads the database, every object and the log finds no secret that was handed out. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { TEST_ADMIN_TOKEN, TEST_ROOT_KEY } from "../support/fixed-secrets.ts";
import { reachedObjects } from "../support/reached-objects.ts";
import {
  check,
  eventually,
  freshWorkspace,
  operator,
  operatorToken,
  requestToken,
  token,
} from "../support/worker-api.ts";

const logged: string[] = [];

beforeEach(() => {
  for (const level of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, level).mockImplementation((...said: readonly unknown[]) => {
      logged.push(said.map(String).join(" "));
    });
  }
});
afterEach(() => {
  vi.restoreAllMocks();
});

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Every row of every table of D1, as text. */
async function databaseText(): Promise<string> {
  const { results } = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
  ).all<{ name: string }>();
  const tables = await env.DB.batch(
    results.map(({ name }) => env.DB.prepare(`SELECT * FROM ${quoted(name)}`)),
  );
  return JSON.stringify(tables.map(({ results: rows }) => rows));
}

/** Every row of every table of one object, as text. */
const objectText = (storage: DurableObjectStorage): string =>
  JSON.stringify(
    storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
      .toArray()
      .filter(({ name }) => !name.startsWith("_cf"))
      .map(({ name }) => storage.sql.exec(`SELECT * FROM ${quoted(name)}`).toArray()),
  );

async function everyObject(binding: Parameters<typeof reachedObjects>[0]): Promise<string> {
  const objects = await reachedObjects(binding);
  const texts = objects.map((object) =>
    runInDurableObject(object, (_object, { storage }) => objectText(storage)),
  );
  return (await Promise.all(texts)).join("\n");
}

it("keeps no key, no operator token, no call token and no root key, in D1, in an object or in the log (P4)", async () => {
  const holder = await operatorToken({ subject: "ci@example.com", role: "operator" });
  const home = await freshWorkspace();
  const api = operator(holder);
  await api.addTool({ name: "zendesk", workspace: home });
  const surface = { tools: ["zendesk"] };
  const bot = await api.register({ name: "bot", workspace: home, surface }, { key: "register-1" });
  await api.activate(bot.id);
  const rotated = await api.issueKey(bot.id, { replaces: bot.key, overlap_seconds: 60 }, { key: "rotate-1" });
  const carried = await token(bot.secret);
  const secrets = {
    "the first API key": bot.secret,
    "the second API key": rotated.api_key.secret ?? "",
    "the operator token": holder,
    "the admin token": TEST_ADMIN_TOKEN,
    "the call token": carried,
    "the signature of the call token": carried.slice(carried.lastIndexOf(".") + 1),
    "the root key": TEST_ROOT_KEY,
  };
  // Everything that could write one down: decisions, refusals, an error, a repeat, a revocation.
  for (const credential of [bot.secret, carried, holder]) {
    await check(credential, { tool: "zendesk", arguments: { note: "hello" } });
    await check(credential, { nonsense: credential });
  }
  await requestToken(bot.secret, { scope: "nonsense" });
  await api.register({ name: "bot", workspace: home, surface }, { key: "register-1" });
  await api.call("POST", "/agents", { key: "register-1", body: { name: "other", workspace: home } });
  await api.stop(bot.id, "suspend?wait=effective");
  await requestToken(bot.secret);
  await api.stop(bot.id, "revoke");
  await requestToken(bot.secret);
  await check(bot.secret, { tool: "zendesk" });
  await eventually(async () => {
    const kinds = (await api.audit({ workspace: home, agent: bot.id })).map(({ kind }) => kind);
    expect(kinds).toEqual(
      expect.arrayContaining(["agent.revoked", "credential.refused", "decision", "token.issued"]),
    );
  });

  const places = {
    D1: await databaseText(),
    agents: await everyObject("AGENT"),
    workspaces: await everyObject("WORKSPACE"),
    ledgers: await everyObject("LEDGER"),
    log: logged.join("\n"),
  };
  const found = Object.entries(places).flatMap(([place, text]) =>
    Object.entries(secrets)
      .filter(([, secret]) => secret.length < 20 || text.includes(secret))
      .map(([name]) => `${name} in ${place}`),
  );
  expect(found).toEqual([]);

  // The search itself works: it finds what is no secret, in every place but the log.
  expect(places.D1).toContain(bot.id);
  expect(places.agents).toContain(bot.id);
  expect(places.workspaces).toContain(bot.created.agent.workspace_id);
  expect(places.ledgers).toContain(bot.key);
});

it("stores a keyed digest that says nothing without the root key: not the plain hash of the key (P4)", async () => {
  const home = await freshWorkspace();
  const bot = await operator().register({ name: "bot", workspace: home });
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(bot.secret)));
  const hash = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const row = await env.DB.prepare("SELECT digest, root_key_version, last4 FROM api_keys WHERE id = ?")
    .bind(bot.key)
    .first<{ digest: string; root_key_version: string; last4: string }>();
  expect(row?.digest).toMatch(/^[0-9a-f]{64}$/);
  expect(row?.digest).not.toBe(hash);
  expect(row?.root_key_version).toMatch(/^[0-9a-f]{8}$/);
  expect(row?.last4).toBe(bot.secret.slice(-4));
});

it("stores the private halves of the signing keys sealed (P4)", async () => {
  const home = await freshWorkspace();
  const bot = await operator().start({ name: "bot", workspace: home });
  await token(bot.secret);
  const { results } = await env.DB.prepare("SELECT public_jwk, sealed_jwk FROM signing_keys").all<{
    public_jwk: string;
    sealed_jwk: string;
  }>();
  expect(results).toHaveLength(2);
  for (const { public_jwk: open, sealed_jwk: sealed } of results) {
    expect(Object.keys(JSON.parse(open) as object).toSorted()).toEqual(["crv", "kty", "x", "y"]);
    expect(sealed).not.toContain("{");
  }
});
