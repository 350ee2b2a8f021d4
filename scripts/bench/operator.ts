/** The operator's side of the benchmark: makes agents that can call, through the API as anybody would. */
import { ask, request, type Address } from "./load.ts";

export const TOOL = "zendesk";
export const OPERATION = "zendesk/create_ticket";

export interface Caller {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  /** A call token, good for five minutes. */
  readonly token: string;
}

export class Operator {
  readonly #address: Address;
  readonly #token: string;

  constructor(address: Address, token: string) {
    this.#address = address;
    this.#token = token;
  }

  /** @throws Error with the answer when it is no success. */
  async ask<T>(method: "GET" | "POST", path: string, json?: unknown): Promise<T> {
    const bytes = request(this.#address, method, path, { bearer: this.#token, json });
    const { status, body } = await ask(this.#address, bytes);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${body}`);
    return JSON.parse(body) as T;
  }

  /** Registers and activates agents of tier standard that declare the tool, and gets a call token for each. */
  async makeCallers(prefix: string, count: number, more: object = {}): Promise<Caller[]> {
    const names = Array.from({ length: count }, (_, i) => `${prefix}-${i + 1}`);
    const callers: Caller[] = [];
    for (const name of names) {
      const body = { name, tier: "standard", surface: { tools: [TOOL] }, ...more };
      const created = await this.ask<{ agent: { id: string }; api_key: { secret: string } }>(
        "POST",
        "/api/v1/agents",
        body,
      );
      await this.ask("POST", `/api/v1/agents/${created.agent.id}/activate`, {});
      const { secret } = created.api_key;
      callers.push({ id: created.agent.id, name, key: secret, token: await this.tokenFor(secret) });
    }
    return callers;
  }

  async tokenFor(key: string): Promise<string> {
    const bytes = request(this.#address, "POST", "/api/v1/auth/token", {
      bearer: key,
      form: "grant_type=client_credentials",
    });
    const { status, body } = await ask(this.#address, bytes);
    if (status !== 200) throw new Error(`no token: ${status} ${body}`);
    return (JSON.parse(body) as { access_token: string }).access_token;
  }
}

/** The check that all of them make, one request per caller. */
export const checksOf = (address: Address, callers: readonly Caller[]): Buffer[] =>
  callers.map(({ token }) =>
    request(address, "POST", "/api/v1/check", { bearer: token, json: { tool: OPERATION } }),
  );

export const floorOf = (address: Address): Buffer[] => [request(address, "GET", "/healthz")];
