/**
 * Who is about in the fault run, and the book of what they were told. Everything in the book was acknowledged; an order
 * is repeated under its Idempotency-Key until it is, across every kill.
 */
import { decodeJwt } from "jose";
import type { AgentCreated, AgentUpdated } from "../../../src/contract/agent.ts";
import type { Decision } from "../../../src/contract/check.ts";
import type { Transition } from "../../../src/contract/halt.ts";
import type { KeyCreated, KeyRevoked } from "../../../src/contract/key.ts";
import type { TokenResponse } from "../../../src/contract/oauth.ts";
import { systemTimers } from "../../../src/kernel/clock.ts";
import type { Door } from "./door.ts";

const TOOL = "crm";
const CHECK_AGAIN_AFTER_MS = 15;
/** How often an agent is allowed something before it is stopped again. */
const WORK_BETWEEN_STOPS = 20;
const REFUSED_AGAIN_AFTER_MS = 60;

/** Times are of this process, monotonic, in milliseconds. */
export interface Stop {
  /** When a halt was acknowledged as effective. */
  readonly effective: number;
  /** When the resume was ordered; never, for the end of an agent. */
  resumed: number;
}

export interface Asked {
  readonly credential: Credential;
  readonly began: number;
  readonly answered: number;
  readonly id: string;
  readonly decision: "allow" | "deny";
}

export type Credential =
  | { readonly kind: "key"; readonly agent: Life; readonly secret: string }
  /** `minted`: when it was in the caller's hands. */
  | { readonly kind: "token"; readonly agent: Life; readonly secret: string; readonly minted: number };

/** One agent, as acknowledged. */
export interface Life {
  readonly id: string;
  readonly name: string;
  readonly firstKey: string;
  state: "provisioned" | "active" | "revoked";
  description: string | null;
  readonly stops: Stop[];
  readonly keys: Map<string, "live" | "revoked">;
  /** How often it was allowed something. */
  allowed: number;
  /** How often each kind of change was acknowledged; each time once, however often it was sent. */
  readonly changes: Map<string, number>;
}

export class Book {
  readonly lives: Life[] = [];
  readonly asked: Asked[] = [];
  /** The ids of the call tokens that were handed out. */
  readonly tokens: string[] = [];
  halts = 0;
  /** True when no new agent is to be registered. */
  noMoreLives = false;
  /** True when no new round of changes is to begin. */
  over = false;
  /** True when nobody asks any more. */
  quiet = false;
}

function note(life: Life, ...kinds: readonly string[]): void {
  for (const kind of kinds) life.changes.set(kind, (life.changes.get(kind) ?? 0) + 1);
}

const at = (life: Life, rest = ""): string => `/api/v1/agents/${life.id}${rest}`;

export async function register(
  door: Door,
  book: Book,
  name: string,
): Promise<{ life: Life; secret: string | null }> {
  const created = await door.order<AgentCreated>("POST", "/api/v1/agents", {
    name,
    surface: { tools: [TOOL] },
  });
  const life: Life = {
    id: created.agent.id,
    name,
    firstKey: created.api_key.id,
    state: "provisioned",
    description: null,
    stops: [],
    allowed: 0,
    keys: new Map([[created.api_key.id, "live"]]),
    changes: new Map(),
  };
  note(life, "agent.registered", "key.issued");
  book.lives.push(life);
  return { life, secret: created.api_key.secret };
}

export async function activate(door: Door, life: Life): Promise<void> {
  await door.order<Transition>("POST", at(life, "/activate"));
  life.state = "active";
  note(life, "agent.activated");
}

async function describe(door: Door, life: Life, description: string): Promise<void> {
  await door.order<AgentUpdated>("PATCH", at(life), { description });
  life.description = description;
  note(life, "agent.updated");
}

async function issueKey(door: Door, life: Life): Promise<KeyCreated["api_key"]> {
  const { api_key: key } = await door.order<KeyCreated>("POST", at(life, "/keys"), {});
  life.keys.set(key.id, "live");
  note(life, "key.issued");
  return key;
}

async function endKey(door: Door, life: Life, key: string): Promise<void> {
  await door.order<KeyRevoked>("DELETE", at(life, `/keys/${key}`));
  life.keys.set(key, "revoked");
  note(life, "key.revoked", "halt.effective");
}

/** Ordered with `wait=effective`, and repeated until the answer says that it is. */
async function stop(door: Door, book: Book, life: Life, command: "suspend" | "revoke"): Promise<Stop> {
  await door.order<Transition>(
    "POST",
    at(life, `/${command}?wait=effective`),
    { reason: "fault run" },
    ({ halt }) => halt !== null && halt.effective_at !== null,
  );
  const halted: Stop = { effective: performance.now(), resumed: Infinity };
  life.stops.push(halted);
  book.halts += 1;
  note(life, command === "suspend" ? "agent.suspended" : "agent.revoked", "halt.effective");
  return halted;
}

/** One question; what was released goes into the book. @returns whether there was an answer, and no refusal. */
async function ask(door: Door, book: Book, credential: Credential): Promise<boolean> {
  const began = performance.now();
  const answer = await door.ask("/api/v1/check", credential.secret, { tool: TOOL });
  const answered = performance.now();
  if (answer?.status === 200) {
    const { decision, decision_id: id } = answer.body as Decision;
    book.asked.push({ credential, began, answered, id, decision });
    if (decision === "allow") credential.agent.allowed += 1;
  }
  return answer !== null && answer.status !== 401;
}

/** One attempt to exchange a key for a call token. */
async function mint(door: Door, book: Book, agent: Life, key: string): Promise<Credential | null> {
  const form = new URLSearchParams({ grant_type: "client_credentials" });
  const answer = await door.ask("/api/v1/auth/token", key, form);
  if (answer?.status !== 200) return null;
  const { access_token: secret } = answer.body as TokenResponse;
  book.tokens.push(String(decodeJwt(secret).jti));
  return { kind: "token", agent, secret, minted: performance.now() };
}

/** Asks all the time, with the key itself. */
export async function askWithKey(door: Door, book: Book, agent: Life, secret: string): Promise<void> {
  while (!book.quiet) {
    const good = await ask(door, book, { kind: "key", agent, secret });
    await systemTimers.sleep(good ? CHECK_AGAIN_AFTER_MS : REFUSED_AGAIN_AFTER_MS);
  }
}

/** Asks all the time, with a call token; when it is refused, with the next one. */
export async function askWithToken(door: Door, book: Book, agent: Life, key: string): Promise<void> {
  let token: Credential | null = null;
  while (!book.quiet) {
    token ??= await mint(door, book, agent, key);
    if (token !== null && !(await ask(door, book, token))) token = null;
    await systemTimers.sleep(token === null ? REFUSED_AGAIN_AFTER_MS : CHECK_AGAIN_AFTER_MS);
  }
}

/** Changes an agent's settings and keys, stops it, asks with what was good before, starts it again; until it is over. */
export async function operate(door: Door, book: Book, life: Life, key: string): Promise<void> {
  for (let count = 1; !book.over; count += 1) {
    await describe(door, life, `version ${count}`);
    await endKey(door, life, (await issueKey(door, life)).id);
    const token = await mint(door, book, life, key);
    const halted = await stop(door, book, life, "suspend");
    for (let again = 0; again < 3; again += 1) {
      if (token !== null) await ask(door, book, token);
      await ask(door, book, { kind: "key", agent: life, secret: key });
    }
    halted.resumed = performance.now();
    await door.order<Transition>("POST", at(life, "/resume"), { reason: "it is over" });
    note(life, "agent.resumed");
    if (token !== null) await ask(door, book, token); // minted before the stop: dead for good
    const enough = life.allowed + WORK_BETWEEN_STOPS;
    while (!book.over && life.allowed < enough) await systemTimers.sleep(CHECK_AGAIN_AFTER_MS);
  }
}

/** Whole lives, from the registration to the revocation. */
export async function live(door: Door, book: Book, name: string): Promise<void> {
  for (let count = 1; !book.noMoreLives; count += 1) {
    const { life, secret } = await register(door, book, `${name}-${count}`);
    await describe(door, life, "short-lived");
    await activate(door, life);
    // The secret is in the first answer alone; when that was lost, another key is the way.
    const key = secret ?? (await issueKey(door, life)).secret;
    const token = key === null ? null : await mint(door, book, life, key);
    await stop(door, book, life, "revoke");
    life.state = "revoked"; // its keys stay as they are: an agent that is revoked is so whatever its keys are
    if (token !== null) await ask(door, book, token);
    if (key !== null) await ask(door, book, { kind: "key", agent: life, secret: key });
  }
}
