/** Operators: the tokens of people and jobs on the control plane. */
import type { z } from "zod";
import {
  operator,
  operatorCreated,
  operatorList,
  operatorRevoked,
  type operatorCreate,
  type OperatorCreated,
  type operatorQuery,
  type OperatorRevoked,
  type OperatorView,
} from "../contract/operator.ts";
import { ifMatch } from "./if-match.ts";
import { Listing } from "./listing.ts";
import { route, type Transport } from "./transport.ts";

type Known<T> = { readonly [K in keyof T]?: T[K] | undefined };
export type OperatorFilter = Known<Omit<z.output<typeof operatorQuery>, "cursor">>;
export type OperatorRequest = z.input<typeof operatorCreate>;

export class Operators {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Issues a token; with `replaces`, the successor of another token. Only this answer holds the secret; when it is
   * lost, a repeat has `secret: null, secret_shown: true` (P12).
   */
  create(body: OperatorRequest): Promise<OperatorCreated> {
    return this.#transport.change("POST", "/api/v1/operators", operatorCreated, { body });
  }

  list(filter: OperatorFilter = {}): Listing<OperatorView> {
    return new Listing(
      (cursor, size) =>
        this.#transport.read("/api/v1/operators", operatorList, { ...filter, limit: size, cursor }),
      filter.limit,
    );
  }

  show(id: string): Promise<OperatorView> {
    return this.#transport.read(route`/api/v1/operators/${id}`, operator);
  }

  /**
   * Revokes the token: it is refused from the next request on.
   * @param readVersion the `version` to revoke; if it has changed since: ConflictError (412).
   */
  revoke(id: string, readVersion?: number): Promise<OperatorRevoked> {
    const options = { headers: ifMatch(readVersion) };
    return this.#transport.change("DELETE", route`/api/v1/operators/${id}`, operatorRevoked, options);
  }
}
