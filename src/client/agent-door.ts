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

export class AgentDoor {
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

  /** Ends a call token of this agent, and everything exchanged from it (RFC 7009). A dead one is no error. */
  revokeToken(token: string): Promise<void> {
    return this.#transport.tell("/api/v1/auth/revoke", new URLSearchParams({ token }));
  }

  /** Asks whether this agent may do something now. A deny is an answer, not an error. */
  check(question: z.input<typeof checkRequest>): Promise<Decision> {
    return this.#transport.ask("/api/v1/check", decision, question);
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
