/** The trail as an operator reads it through the API, once everything that was recorded has arrived in it. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, vi } from "vitest";
import type { AuditEntry } from "../../src/contract/audit.ts";
import { done } from "../security/calls.fixture.ts";
import type { RawEnv } from "../../src/env.ts";
import { ADMIN } from "../security/installation.fixture.ts";
import { reachedObjects } from "../support/reached-objects.ts";

/** Resolves when no outbox holds anything: not that of any object, and not the one in D1. */
export async function everythingArrived(): Promise<void> {
  await vi.waitFor(async () => expect(await waiting()).toBe(0), { timeout: 15_000, interval: 50 });
}

async function waiting(): Promise<number> {
  const inD1 = await env.DB.prepare("SELECT count(*) AS n FROM audit_outbox").first<number>("n");
  let count = inD1 ?? 0;
  for (const binding of ["AGENT", "WORKSPACE"] as const) {
    for (const object of await reachedObjects(binding)) {
      count += await runInDurableObject(
        object,
        (_object, { storage }) => storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM outbox").one().n,
      );
    }
  }
  return count;
}

export interface Page {
  readonly items: readonly AuditEntry[];
  readonly next_cursor: string | null;
}

export const page = (query: string, authorization = ADMIN): Promise<Page> =>
  done<Page>("GET", `/api/v1/audit?${query}`, { authorization });

/** Everything that a query finds, over all pages, without the readings of the trail itself. */
export async function trail(query: string): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const next: Page = await page(`${query}&limit=200${cursor === "" ? "" : `&cursor=${cursor}`}`);
    entries.push(...next.items);
    cursor = next.next_cursor;
  }
  return entries.filter(({ kind }) => kind !== "audit.read" || query.includes("kind="));
}

type Method = (...args: unknown[]) => unknown;

/** The same object with one method that does something else. */
export function overridden<T extends object>(
  target: T,
  method: string,
  override: (real: Method) => Method,
): T {
  return new Proxy(target, {
    get: (inner, name) => {
      const member: unknown = Reflect.get(inner, name);
      if (typeof member !== "function") return member;
      const real: Method = (...args) => Reflect.apply(member, inner, args) as unknown;
      return name === method ? override(real) : real;
    },
  });
}

type Real = (sent: unknown) => Promise<void>;

/** What has come to an outbox: a draft as text, or a record that was numbered elsewhere. */
const read = (sent: object): object => ("json" in sent ? (JSON.parse(String(sent.json)) as object) : sent);

/**
 * Bindings under which the outboxes of agents and workspaces do something else with records.
 * @param instead is given what the outbox would do.
 */
export function recording(
  instead: (take: () => Promise<void>, records: readonly object[]) => Promise<void>,
): RawEnv {
  const faulty = <T extends object>(namespace: T): T =>
    overridden(namespace, "get", (get) => (...ids: unknown[]) => {
      const replaced = (real: Method) => (sent: unknown) =>
        instead(() => (real as Real)(sent), (sent as readonly object[]).map(read));
      return overridden(overridden(get(...ids) as object, "record", replaced), "carry", replaced);
    });
  return { ...env, AGENT: faulty(env.AGENT), WORKSPACE: faulty(env.WORKSPACE) };
}
