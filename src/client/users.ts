/** End users for whom agents have acted. Reading them is itself recorded. */
import { userList, type User } from "../contract/user.ts";
import type { UserRef } from "./audit-trail.ts";
import { Listing } from "./listing.ts";
import type { Transport } from "./transport.ts";

export interface UserFilter extends UserRef {
  readonly workspace?: string | undefined;
  /** An id or an e-mail address. */
  readonly user?: string | undefined;
  readonly limit?: number | undefined;
}

export class Users {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  list(filter: UserFilter = {}): Listing<User> {
    return new Listing(
      (cursor, size) => this.#transport.read("/api/v1/users", userList, { ...filter, limit: size, cursor }),
      filter.limit,
    );
  }
}
