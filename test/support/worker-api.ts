/**
 * A typed little client of the whole Worker, for tests in workerd. Every success is parsed by the schema of the
 * contract, so a test also notices when an answer drifts from what the API promises.
 *
 *     const api = operator();                       // the installation's admin, through the Worker's own door
 *     const home = await freshWorkspace();          // a tenant of its own for each test
 *     const bot = await api.start({ name: "bot", workspace: home, surface: { tools: ["zendesk"] } });
 *     await check(bot.secret, { tool: "zendesk" })  // { status: 200, body: { decision: "deny", … } }
 */
import { env, exports } from "cloudflare:workers";
import { expect, vi } from "vitest";
import type { z } from "zod";
import { agentList } from "../../src/contract/agent-list.ts";
import * as agents from "../../src/contract/agent.ts";
import { shownEntry, type ShownEntry } from "../../src/contract/audit.ts";
import * as catalog from "../../src/contract/catalog.ts";
import { decision, explanation, type Decision } from "../../src/contract/check.ts";
import * as halts from "../../src/contract/halt.ts";
import * as keys from "../../src/contract/key.ts";
import { oauthError, tokenResponse } from "../../src/contract/oauth.ts";
import { problem } from "../../src/contract/problem.ts";
import { list } from "../../src/contract/words.ts";
import { workspace as workspaceSchema, type Workspace } from "../../src/contract/workspace.ts";
import { digestKey } from "../../src/credentials/digest.ts";
import { maskKey, mintKey } from "../../src/credentials/key-format.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { idSource } from "../../src/kernel/ids.ts";
import { systemRandom } from "../../src/kernel/random.ts";
import type { Role } from "../../src/operators/permissions.ts";
import { deriveKeys, parseRootKeys } from "../../src/secrets/root-key.ts";
import { TEST_ADMIN_TOKEN, TEST_ISSUER, TEST_ROOT_KEY } from "./fixed-secrets.ts";
import { hurried } from "./moved-time.ts";
import { whileUndecided } from "./while-undecided.ts";

/** Takes a request and answers it: the Worker itself, or one with other bindings. */
export type Door = (request: Request) => Promise<Response>;

/** The Worker with its real bindings. */
export const worker: Door = (request) => exports.default.fetch(request);

export const ids = idSource(systemClock, systemRandom);

export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export interface CallOptions {
  readonly body?: unknown;
  /** `Idempotency-Key`. */
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer as it is once Dome could decide. */
const answered = (send: () => Promise<Response>): Promise<Answer> =>
  whileUndecided(
    async () => {
      const response = await send();
      const { status, headers } = response;
      return { status, headers, body: (await response.json()) as unknown };
    },
    ({ status, body }) => {
      const { code, error } = body as { readonly code?: unknown; readonly error?: unknown };
      return status === 503 && (code === "unavailable" || error === "temporarily_unavailable");
    },
  );

/** One request with a bearer credential; the body is JSON. */
export const call = (
  door: Door,
  credential: string,
  method: string,
  path: string,
  { body, key, headers }: CallOptions = {},
): Promise<Answer> =>
  answered(() => {
    const answer = door(
      new Request(TEST_ISSUER + path, {
        method,
        headers: {
          authorization: `Bearer ${credential}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(key === undefined ? {} : { "idempotency-key": key }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
    return path.includes("wait=effective") ? hurried(answer) : answer;
  });

/** A problem as tests compare it: the members at fault are enough of `errors`. */
interface SeenProblem {
  readonly status: number;
  readonly code: string;
  readonly members: readonly string[];
}

/** The problem in an answer that must be one. */
export function problemOf(answer: Answer): SeenProblem {
  const parsed = problem.safeParse(answer.body);
  if (!parsed.success) throw new Error(`no problem: ${answer.status} ${JSON.stringify(answer.body)}`);
  const { code, status, errors } = parsed.data;
  if (status !== answer.status) throw new Error(`the body says ${status}, the answer is ${answer.status}`);
  return { status, code, members: (errors ?? []).map(({ member }) => member) };
}

async function expectStatus<S extends z.ZodType>(
  pending: Promise<Answer>,
  status: readonly number[],
  schema: S,
): Promise<z.output<S>> {
  const answer = await pending;
  if (!status.includes(answer.status)) {
    throw new Error(`${answer.status} and not ${status.join(" or ")}: ${JSON.stringify(answer.body)}`);
  }
  return schema.parse(answer.body);
}

const inWorkspace = (workspace: string | undefined): string =>
  workspace === undefined ? "" : `?workspace=${workspace}`;

/** An agent that has been registered, with the one secret that was shown. */
export interface Registered {
  readonly id: string;
  readonly key: string;
  readonly secret: string;
  readonly created: agents.AgentCreated;
}

/** The control plane as one operator sees it. Methods throw unless the answer is a success. */
export class OperatorApi {
  readonly #credential: string;
  readonly #door: Door;

  constructor(credential: string, door: Door) {
    this.#credential = credential;
    this.#door = door;
  }

  /** Any request, whatever its answer. */
  call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    return call(this.#door, this.#credential, method, `/api/v1${path}`, options);
  }

  workspace(name: string, options: CallOptions = {}) {
    return expectStatus(
      this.call("POST", "/workspaces", { ...options, body: { name } }),
      [201],
      workspaceSchema,
    );
  }

  addTool(body: z.input<typeof catalog.toolCreate>) {
    return expectStatus(this.call("POST", "/tools", { body }), [201], catalog.tool);
  }

  addPool(body: z.input<typeof catalog.poolCreate>) {
    return expectStatus(this.call("POST", "/pools", { body }), [201], catalog.pool);
  }

  addIntegration(body: z.input<typeof catalog.integrationCreate>) {
    return expectStatus(this.call("POST", "/integrations", { body }), [201], catalog.integration);
  }

  async register(body: z.input<typeof agents.agentCreate>, options: CallOptions = {}): Promise<Registered> {
    const answer = this.call("POST", "/agents", { ...options, body });
    const created = await expectStatus(answer, [201], agents.agentCreated);
    return {
      id: created.agent.id,
      key: created.api_key.id,
      secret: created.api_key.secret ?? "",
      created,
    };
  }

  /** Registers and activates. */
  async start(body: z.input<typeof agents.agentCreate>): Promise<Registered> {
    const registered = await this.register(body);
    await this.activate(registered.id);
    return registered;
  }

  show(agent: string, workspace?: string): Promise<agents.Agent> {
    return expectStatus(this.call("GET", `/agents/${agent}${inWorkspace(workspace)}`), [200], agents.agent);
  }

  list(
    query: Readonly<Record<string, string>>,
  ): Promise<{ items: agents.Agent[]; next_cursor: string | null }> {
    return expectStatus(
      this.call("GET", `/agents?${new URLSearchParams(query).toString()}`),
      [200],
      agentList,
    );
  }

  update(agent: string, body: z.input<typeof agents.agentPatch>): Promise<agents.AgentUpdated> {
    return expectStatus(this.call("PATCH", `/agents/${agent}`, { body }), [200], agents.agentUpdated);
  }

  activate(agent: string, options: CallOptions = {}): Promise<halts.Transition> {
    return this.#move(agent, "activate", options);
  }

  /** With a reason: what the admin suspends is held. */
  resume(agent: string, options: CallOptions = {}): Promise<halts.Transition> {
    return this.#move(agent, "resume", { body: { reason: "it is over" }, ...options });
  }

  /** @param command with `?wait=effective` it answers when the halt is effective. */
  stop(
    agent: string,
    command: "suspend" | "revoke" | "suspend?wait=effective" | "revoke?wait=effective",
    options: CallOptions = {},
  ): Promise<halts.Transition> {
    return this.#move(agent, command, options);
  }

  #move(agent: string, command: string, options: CallOptions): Promise<halts.Transition> {
    const answer = this.call("POST", `/agents/${agent}/${command}`, { body: {}, ...options });
    return expectStatus(answer, [200, 202], halts.transition);
  }

  halt(agent: string, id: string): Promise<halts.Halt> {
    return expectStatus(this.call("GET", `/agents/${agent}/halts/${id}`), [200], halts.halt);
  }

  showWorkspace(name: string): Promise<Workspace> {
    return expectStatus(this.call("GET", `/workspaces/${name}`), [200], workspaceSchema);
  }

  /** @param command with `?wait=effective` it answers when the halt is effective. */
  moveWorkspace(
    name: string,
    command: "halt" | "halt?wait=effective" | "resume",
    options: CallOptions = {},
  ): Promise<halts.WorkspaceTransition> {
    const answer = this.call("POST", `/workspaces/${name}/${command}`, { body: {}, ...options });
    return expectStatus(answer, [200, 202], halts.workspaceTransition);
  }

  /** @param command with `?wait=effective` it answers when the stop is effective. */
  stopUser(
    workspace: string,
    command: "stop" | "stop?wait=effective" | "resume",
    options: CallOptions,
  ): Promise<halts.UserTransition> {
    const answer = this.call("POST", `/workspaces/${workspace}/users/${command}`, options);
    return expectStatus(answer, [200, 202], halts.userTransition);
  }

  stopTransaction(
    workspace: string,
    txn: string,
    query: "" | "?wait=effective" = "",
    options: CallOptions = {},
  ): Promise<halts.TransactionTransition> {
    const path = `/workspaces/${workspace}/transactions/${txn}/stop${query}`;
    const answer = this.call("POST", path, { body: {}, ...options });
    return expectStatus(answer, [200, 202], halts.transactionTransition);
  }

  workspaceHalt(name: string, id: string): Promise<halts.Halt> {
    return expectStatus(this.call("GET", `/workspaces/${name}/halts/${id}`), [200], halts.halt);
  }

  issueKey(agent: string, body: z.input<typeof keys.keyCreate> = {}, options: CallOptions = {}) {
    const answer = this.call("POST", `/agents/${agent}/keys`, { ...options, body });
    return expectStatus(answer, [201], keys.keyCreated);
  }

  async keys(agent: string): Promise<keys.ApiKey[]> {
    return (await expectStatus(this.call("GET", `/agents/${agent}/keys`), [200], keys.keyList)).items;
  }

  revokeKey(agent: string, key: string, query = "", options: CallOptions = {}): Promise<keys.KeyRevoked> {
    const answer = this.call("DELETE", `/agents/${agent}/keys/${key}${query}`, options);
    return expectStatus(answer, [200, 202], keys.keyRevoked);
  }

  async audit(query: Readonly<Record<string, string>>): Promise<ShownEntry[]> {
    const answer = this.call("GET", `/audit?${new URLSearchParams({ limit: "200", ...query }).toString()}`);
    return (await expectStatus(answer, [200], list(shownEntry))).items;
  }

  /** The trail once it shows at least `count` records: they are on their way for up to a second. */
  auditWith(count: number, query: Readonly<Record<string, string>>): Promise<ShownEntry[]> {
    return eventually(async () => {
      const entries = await this.audit(query);
      if (entries.length < count) throw new Error(`${entries.length} of ${count} records`);
      return entries;
    });
  }

  explain(decisionId: string, workspace?: string) {
    const answer = this.call("GET", `/decisions/${decisionId}${inWorkspace(workspace)}`);
    return expectStatus(answer, [200], explanation);
  }
}

/** @param credential default: the token that works without a database. */
export const operator = (credential: string = TEST_ADMIN_TOKEN, door: Door = worker): OperatorApi =>
  new OperatorApi(credential, door);

let workspaces = 0;

/** A workspace of its own, so that tests of one file do not meet. */
export async function freshWorkspace(prefix = "home"): Promise<string> {
  const name = `${prefix}-${(workspaces += 1)}`;
  await operator().workspace(name);
  return name;
}

/** Asks whether an act is allowed, with a key or a call token. */
export async function check(
  credential: string,
  question: Readonly<Record<string, unknown>>,
  door: Door = worker,
): Promise<Answer<Decision>> {
  const answer = await call(door, credential, "POST", "/api/v1/check", { body: question });
  return answer.status === 200
    ? { ...answer, body: decision.parse(answer.body) }
    : (answer as Answer<Decision>);
}

/** What an agent hears in short: the decision's reason, or the status of a refusal. */
export async function heard(
  credential: string,
  question: Readonly<Record<string, unknown>>,
  door: Door = worker,
): Promise<string | number> {
  const { status, body } = await check(credential, question, door);
  return status === 200 ? body.reason : status;
}

interface TokenAnswer extends Answer {
  /** Empty unless the answer is a success. */
  readonly token: string;
  /** `error` and `dome_error` of a refusal. */
  readonly error: string | undefined;
  readonly domeError: string | undefined;
}

/** Asks the token endpoint, whatever it answers. */
export async function requestToken(
  secret: string,
  form: Readonly<Record<string, string>> = {},
  door: Door = worker,
): Promise<TokenAnswer> {
  const { status, headers, body } = await answered(() =>
    door(
      new Request(`${TEST_ISSUER}/api/v1/auth/token`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${secret}`,
          "content-type": "application/x-www-form-urlencoded",
        },
        body: new URLSearchParams({ grant_type: "client_credentials", ...form }).toString(),
      }),
    ),
  );
  if (status === 200) {
    const { access_token: token } = tokenResponse.parse(body);
    return { status, headers, body, token, error: undefined, domeError: undefined };
  }
  const { error, dome_error: domeError } = oauthError.parse(body);
  return { status, headers, body, token: "", error, domeError };
}

/** A call token; throws unless one is issued. */
export async function token(
  secret: string,
  form: Readonly<Record<string, string>> = {},
  door: Door = worker,
): Promise<string> {
  const answer = await requestToken(secret, form, door);
  if (answer.token === "") throw new Error(`no token: ${JSON.stringify(answer.body)}`);
  return answer.token;
}

/** Puts an operator token into the registry, as an administrator would. @returns the secret. */
export async function operatorToken(holder: {
  readonly subject: string;
  readonly role: Role;
  readonly workspaces?: readonly string[];
  readonly expiresInMs?: number;
}): Promise<string> {
  const roots = parseRootKeys(TEST_ROOT_KEY);
  if (!roots.ok) throw new Error(roots.error.kind);
  const [newest] = await deriveKeys(roots.value);
  const secret = await mintKey("operator", newest.formKey, systemRandom);
  const now = Date.now();
  await env.DB.prepare(
    `INSERT INTO operator_tokens
       (id, digest, root_key_version, last4, subject, role, workspaces, created_at, created_by, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'admin', ?)`,
  )
    .bind(
      ids.next("opt"),
      digestKey(newest.pepper, secret),
      newest.version,
      maskKey(secret),
      holder.subject,
      holder.role,
      holder.workspaces === undefined ? null : JSON.stringify(holder.workspaces),
      now,
      now + (holder.expiresInMs ?? 3_600_000),
    )
    .run();
  return secret;
}

/** In the place of a string whose exact value a test cannot know. */
export const like = (pattern: RegExp): string => expect.stringMatching(pattern) as string;

/** The statuses of several answers, the smallest first. */
export const statusesOf = (answers: readonly Answer[]): number[] =>
  answers.map(({ status }) => status).toSorted((a, b) => a - b);

/** Asks again until `look` does not throw: for what another part does in its own time. At most 8 s. */
export const eventually = <T>(look: () => Promise<T>): Promise<T> =>
  vi.waitFor(look, { timeout: 8_000, interval: 20 });

/** The same for what comes once a stop has waited its time: the clock is moved on until then. */
export const whenEffective = <T>(look: () => Promise<T>): Promise<T> => hurried(eventually(look));

/** The object of an agent, as the Worker reaches it. */
export const agentObject = (id: string) => env.AGENT.get(env.AGENT.idFromName(id));

/** The object of a workspace (by id), or `org`. */
export const workspaceObject = (id: string) => env.WORKSPACE.get(env.WORKSPACE.idFromName(id));
