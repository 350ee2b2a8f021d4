/** Agents: register, read, change, and the lifecycle. */
import type { z } from "zod";
import {
  agent,
  agentCreated,
  agentRedeclared,
  agentTransferred,
  agentUpdated,
  type Agent,
  type agentCreate,
  type AgentCreated,
  type agentPatch,
  type agentRedeclare,
  type AgentRedeclared,
  type agentTransfer,
  type AgentTransferred,
  type AgentUpdated,
} from "../contract/agent.ts";
import { agentList, type agentQuery } from "../contract/agent-list.ts";
import {
  halt,
  haltList,
  transition,
  type Halt,
  type startRequest,
  type stopRequest,
  type Transition,
} from "../contract/halt.ts";
import { policySuggestion, type PolicySuggestion } from "../contract/suggestion.ts";
import { ifMatch } from "./if-match.ts";
import { Listing } from "./listing.ts";
import { route, type Transport } from "./transport.ts";

/** An agent by id, or by name in a workspace (default: the token's only workspace, else `default`). */
export interface AgentRef {
  readonly agent: string;
  readonly workspace?: string | undefined;
}

type Known<T> = { readonly [K in keyof T]?: T[K] | undefined };
export type AgentFilter = Known<Omit<z.output<typeof agentQuery>, "cursor" | "ids">>;
export type AgentRegistration = z.input<typeof agentCreate>;
export type AgentChange = z.input<typeof agentPatch>;
export type AgentTransfer = z.input<typeof agentTransfer>;
export type Start = z.input<typeof startRequest>;
export type Stop = z.input<typeof stopRequest>;

export class Agents {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Registers an agent. Only this answer holds the API key; when it is lost, a repeat has `secret: null, secret_shown:
   * true` (P12).
   */
  register(registration: AgentRegistration): Promise<AgentCreated> {
    return this.#transport.change("POST", "/api/v1/agents", agentCreated, {
      body: registration,
    });
  }

  list(filter: AgentFilter = {}): Listing<Agent> {
    return new Listing(
      (cursor, size) => this.#transport.read("/api/v1/agents", agentList, { ...filter, limit: size, cursor }),
      filter.limit,
    );
  }

  /**
   * The names of these agents, as far as this token may see them. Only the first 50 are looked up, more than a chain
   * can have.
   */
  async names(ids: readonly string[]): Promise<Record<string, string>> {
    const asked = ids.slice(0, 50);
    if (asked.length === 0) return {};
    const query = { ids: asked.join(","), all_workspaces: true, limit: asked.length };
    const { items } = await this.#transport.read("/api/v1/agents", agentList, query);
    return Object.fromEntries(items.map(({ id, name }) => [id, name]));
  }

  show(ref: AgentRef): Promise<Agent> {
    return this.#transport.read(route`/api/v1/agents/${ref.agent}`, agent, {
      workspace: ref.workspace,
    });
  }

  /**
   * What the agent declares and has not used, as a narrower surface and as policies; it changes nothing.
   * @param since RFC 3339; default: 30 days ago.
   */
  suggestion(ref: AgentRef, since?: string): Promise<PolicySuggestion> {
    return this.#transport.read(route`/api/v1/agents/${ref.agent}/suggestion`, policySuggestion, {
      workspace: ref.workspace,
      since,
    });
  }

  /** Declares again what has lapsed unused, or is about to. */
  redeclare(ref: AgentRef, items: z.input<typeof agentRedeclare>): Promise<AgentRedeclared> {
    return this.#transport.change("POST", route`/api/v1/agents/${ref.agent}/redeclare`, agentRedeclared, {
      body: items,
      query: { workspace: ref.workspace },
    });
  }

  /**
   * @param readVersion the `record_version` on which the change is based; if it has changed since: ConflictError (412).
   */
  update(ref: AgentRef, change: AgentChange, readVersion?: number): Promise<AgentUpdated> {
    return this.#transport.change("PATCH", route`/api/v1/agents/${ref.agent}`, agentUpdated, {
      body: change,
      query: { workspace: ref.workspace },
      headers: ifMatch(readVersion),
    });
  }

  /**
   * Gives the agent a new steward; its owner stays.
   * @param readVersion the `record_version` on which the transfer is based; if it has changed since: ConflictError
   * (412).
   */
  transfer(ref: AgentRef, transfer: AgentTransfer, readVersion?: number): Promise<AgentTransferred> {
    return this.#transport.change("POST", route`/api/v1/agents/${ref.agent}/transfer`, agentTransferred, {
      body: transfer,
      query: { workspace: ref.workspace },
      headers: ifMatch(readVersion),
    });
  }

  activate(ref: AgentRef, start: Start = {}): Promise<Transition> {
    return this.#command(route`/api/v1/agents/${ref.agent}/activate`, ref, start);
  }

  /**
   * Resumes a suspended agent. Tokens from before stay dead. Lifting a hold needs a role that may do so, and a reason;
   * otherwise ForbiddenError (`held`).
   */
  resume(ref: AgentRef, start: Start = {}): Promise<Transition> {
    return this.#command(route`/api/v1/agents/${ref.agent}/resume`, ref, start);
  }

  /** @param wait `effective`: the answer comes when the halt is effective. */
  suspend(ref: AgentRef, stop: Stop = {}, wait?: "effective"): Promise<Transition> {
    return this.#command(route`/api/v1/agents/${ref.agent}/suspend`, ref, stop, wait);
  }

  /**
   * Revokes the agent, which cannot be undone (P5).
   * @param wait `effective`: the answer comes when the halt is effective.
   */
  revoke(ref: AgentRef, stop: Stop = {}, wait?: "effective"): Promise<Transition> {
    return this.#command(route`/api/v1/agents/${ref.agent}/revoke`, ref, stop, wait);
  }

  halts(ref: AgentRef): Listing<Halt> {
    const query = { workspace: ref.workspace };
    return new Listing((cursor, size) =>
      this.#transport.read(route`/api/v1/agents/${ref.agent}/halts`, haltList, {
        ...query,
        limit: size,
        cursor,
      }),
    );
  }

  /** The current halt receipt. */
  halt(ref: AgentRef, id: string): Promise<Halt> {
    return this.#transport.read(route`/api/v1/agents/${ref.agent}/halts/${id}`, halt, {
      workspace: ref.workspace,
    });
  }

  #command(at: string, ref: AgentRef, body: Start | Stop, wait?: "effective"): Promise<Transition> {
    const query = { workspace: ref.workspace, wait };
    return this.#transport.change("POST", at, transition, { body, query });
  }
}
