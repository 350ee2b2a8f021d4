/**
 * The agent's side of the API: exchange a key for a call token, ask for a decision, read a decision back. The
 * credential is an API key (`dome_at_…`) or a call token. This client is small, for the command line and scripts;
 * agents use an SDK.
 */
import { agentEvent, type AgentEvent } from "../contract/agent-event.ts";
import { agentSelf, type AgentSelf } from "../contract/agent.ts";
import {
  decision,
  explanation,
  type checkRequest,
  type Decision,
  type Explanation,
} from "../contract/check.ts";
import type { z } from "zod";
import { tokenResponse, type TokenResponse } from "../contract/oauth.ts";
import { TOKEN_EXCHANGE_GRANT, TOKEN_TYPE_URIS } from "../../sdk/typescript/src/token-endpoint.ts";
import { route, Transport, type ClientOptions } from "./transport.ts";

export type TokenKind = keyof typeof TOKEN_TYPE_URIS;

export interface TypedToken {
  readonly token: string;
  readonly type: TokenKind;
}

export interface Exchange {
  /** The token of the user or agent for which this agent acts. */
  readonly subject: TypedToken;
  /** The token of the agent that acts; without it, the agent whose key is sent. */
  readonly actor?: TypedToken | undefined;
  /** Space-separated; no wider than the scope of the subject token. */
  readonly scope?: string | undefined;
  /** The URL of one door (RFC 8707). */
  readonly resource?: string | undefined;
}

/** A lifecycle event. `number`: where to continue after a reconnection; null when the event has none. */
export interface HeardEvent {
  readonly number: number | null;
  readonly event: AgentEvent;
}

export class AgentClient {
  readonly #transport: Transport;

  constructor(options: ClientOptions & { readonly token: string }) {
    this.#transport = new Transport(options);
  }

  /**
   * Exchanges the key for a call token (RFC 6749 §4.4).
   * @param wish `scope`: space-separated, within the surface; `resource`: the URL of one door (RFC 8707).
   */
  token(wish: { scope?: string | undefined; resource?: string | undefined } = {}): Promise<TokenResponse> {
    const form = new URLSearchParams({ grant_type: "client_credentials" });
    if (wish.scope !== undefined) form.set("scope", wish.scope);
    if (wish.resource !== undefined) form.set("resource", wish.resource);
    return this.#transport.ask("/api/v1/auth/token", tokenResponse, form);
  }

  /**
   * Exchanges a token of a user, or of another agent, for a token with which this agent acts for them (RFC 8693 §2.1).
   */
  exchange(wish: Exchange): Promise<TokenResponse> {
    const form = new URLSearchParams({
      grant_type: TOKEN_EXCHANGE_GRANT,
      subject_token: wish.subject.token,
      subject_token_type: TOKEN_TYPE_URIS[wish.subject.type],
    });
    if (wish.actor !== undefined) {
      form.set("actor_token", wish.actor.token);
      form.set("actor_token_type", TOKEN_TYPE_URIS[wish.actor.type]);
    }
    if (wish.scope !== undefined) form.set("scope", wish.scope);
    if (wish.resource !== undefined) form.set("resource", wish.resource);
    return this.#transport.ask("/api/v1/auth/token", tokenResponse, form);
  }

  /**
   * Ends a call token of this agent, and every token exchanged from it (RFC 7009). A token that is already dead is no
   * error.
   */
  revokeToken(token: string): Promise<void> {
    return this.#transport.tell("/api/v1/auth/revoke", new URLSearchParams({ token }));
  }

  /**
   * Asks whether this agent may perform an operation now. A denial is an answer, not an error.
   * @param actAs an ID token of the user for whom the agent would act.
   */
  check(question: z.input<typeof checkRequest>, actAs?: string): Promise<Decision> {
    const headers: Record<string, string> = actAs === undefined ? {} : { "Dome-Act-As": actAs };
    return this.#transport.ask("/api/v1/check", decision, question, headers);
  }

  /** The agent of this credential, and the facts on which decisions about its calls are made. */
  self(): Promise<AgentSelf> {
    return this.#transport.read("/api/v1/agents/self", agentSelf);
  }

  /**
   * The state of this agent, then its lifecycle events in order, until the connection ends. Events of unknown types are
   * skipped.
   * @param after continue after this number; when undefined, with new events.
   * @throws DomeError when there is no connection, when it was cut or has fallen silent, or when the service refuses.
   */
  async *events(after?: number): AsyncGenerator<HeardEvent> {
    const headers: Record<string, string> = after === undefined ? {} : { "Last-Event-ID": String(after) };
    for await (const { id, data } of this.#transport.events("/api/v1/agents/self/events", {}, headers)) {
      const event = agentEvent.safeParse(JSON.parse(data));
      if (event.success) yield { number: id === null ? null : Number(id), event: event.data };
    }
  }

  /** One of this agent's own decisions, without the command that would change it, which only operators see. */
  explain(decisionId: string): Promise<Explanation> {
    return this.#transport.read(route`/api/v1/decisions/${decisionId}`, explanation);
  }
}
