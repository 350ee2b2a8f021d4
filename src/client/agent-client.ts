/**
 * The agent's side: exchange a key for a call token, ask for a decision, read one back. The credential is an API key
 * (`dome_at_…`) or a call token. Small on purpose: agents use an SDK; this serves the CLI and scripts.
 */
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
import { route, Transport, type ClientOptions } from "./transport.ts";

/** RFC 8693 §3: `access_token` is one of this service, `id_token` and `jwt` are a trusted provider's. */
export const TOKEN_TYPE_URIS = {
  access_token: "urn:ietf:params:oauth:token-type:access_token",
  id_token: "urn:ietf:params:oauth:token-type:id_token",
  jwt: "urn:ietf:params:oauth:token-type:jwt",
} as const;
export type TokenKind = keyof typeof TOKEN_TYPE_URIS;

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

export interface TypedToken {
  readonly token: string;
  readonly type: TokenKind;
}

export interface Exchange {
  /** For whom this agent acts. */
  readonly subject: TypedToken;
  /** Who acts; without it the agent whose key is sent. */
  readonly actor?: TypedToken | undefined;
  /** Space-separated, no more than the subject token has. */
  readonly scope?: string | undefined;
  /** One door (RFC 8707). */
  readonly resource?: string | undefined;
}

export class AgentClient {
  readonly #transport: Transport;

  constructor(options: ClientOptions & { readonly token: string }) {
    this.#transport = new Transport(options);
  }

  /**
   * Exchanges the key for a call token (RFC 6749 §4.4).
   * @param wish `scope`: space-separated, narrower than the surface; `resource`: one door (RFC 8707).
   */
  token(wish: { scope?: string | undefined; resource?: string | undefined } = {}): Promise<TokenResponse> {
    const form = new URLSearchParams({ grant_type: "client_credentials" });
    if (wish.scope !== undefined) form.set("scope", wish.scope);
    if (wish.resource !== undefined) form.set("resource", wish.resource);
    return this.#transport.ask("/api/v1/auth/token", tokenResponse, form);
  }

  /** Exchanges a token of a user or of another agent for one with which this agent acts for them (RFC 8693 §2.1). */
  exchange(wish: Exchange): Promise<TokenResponse> {
    const form = new URLSearchParams({
      grant_type: EXCHANGE,
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

  /** Ends a call token of this agent, and everything exchanged from it (RFC 7009). A dead one is no error. */
  revokeToken(token: string): Promise<void> {
    return this.#transport.tell("/api/v1/auth/revoke", new URLSearchParams({ token }));
  }

  /**
   * Asks whether this agent may do something now. A deny is an answer, not an error.
   * @param actAs an ID token of the user for whom it would act.
   */
  check(question: z.input<typeof checkRequest>, actAs?: string): Promise<Decision> {
    const headers: Record<string, string> = actAs === undefined ? {} : { "Dome-Act-As": actAs };
    return this.#transport.ask("/api/v1/check", decision, question, headers);
  }

  /** Who this credential is, and what decisions see of its calls. */
  self(): Promise<AgentSelf> {
    return this.#transport.read("/api/v1/agents/self", agentSelf);
  }

  /** One of this agent's own decisions, in the safe form: without the command that would change it. */
  explain(decisionId: string): Promise<Explanation> {
    return this.#transport.read(route`/api/v1/decisions/${decisionId}`, explanation);
  }
}
