/** Policy bundles: their versions, which of them is in force, and what is wrong with a text. */
import {
  policyActivated,
  policyBundle,
  policyBundleList,
  policyReplayed,
  policyShadowed,
  policyValidation,
  policyVersion,
  policyVersionDetail,
  policyVersionList,
  type PolicyActivated,
  type PolicyBundle,
  type PolicyPush,
  type PolicyReplay,
  type PolicyReplayed,
  type PolicyShadowed,
  type PolicyValidation,
  type PolicyVersion,
  type PolicyVersionDetail,
} from "../contract/policy.ts";
import { queryOf } from "./catalog.ts";
import { Listing } from "./listing.ts";
import { route, type Transport } from "./transport.ts";

/** A bundle. */
export interface PolicyReference {
  /** `organization`, `workspace`, `tier:NAME` or `agent:NAME`. */
  readonly scope: string;
  /** Of a workspace or an agent; default: the token's only workspace, else `default`. */
  readonly workspace?: string | undefined;
}

/** A bundle, and a version that is to come into force. */
export interface PolicyChange extends PolicyReference {
  /** Its policies need not fit the catalog of today. */
  readonly evenIfPoliciesBreak?: boolean | undefined;
}

export class Policies {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The bundles of the organization and of tiers, and those of a workspace. */
  list(
    filter: {
      workspace?: string | undefined;
      all_workspaces?: boolean | undefined;
      limit?: number | undefined;
    } = {},
  ): Listing<PolicyBundle> {
    return new Listing(
      (cursor, size) =>
        this.#transport.read("/api/v1/policies", policyBundleList, { ...filter, limit: size, cursor }),
      filter.limit,
    );
  }

  show({ scope, workspace }: PolicyReference): Promise<PolicyBundle> {
    return this.#transport.read(route`/api/v1/policies/${scope}`, policyBundle, { workspace });
  }

  /** The versions of a bundle, the newest first. */
  versions({ scope, workspace }: PolicyReference): Listing<PolicyVersion> {
    return new Listing((cursor, size) =>
      this.#transport.read(route`/api/v1/policies/${scope}/versions`, policyVersionList, {
        workspace,
        limit: size,
        cursor,
      }),
    );
  }

  /** A version with its text. */
  version({ scope, workspace }: PolicyReference, number: number): Promise<PolicyVersionDetail> {
    const path = route`/api/v1/policies/${scope}/versions/${String(number)}`;
    return this.#transport.read(path, policyVersionDetail, { workspace });
  }

  /** Adds a version, which is not in force yet. The text of the newest version adds none. */
  push({ scope, workspace }: PolicyReference, body: PolicyPush): Promise<PolicyVersion> {
    const path = route`/api/v1/policies/${scope}/versions`;
    return this.#transport.change("POST", path, policyVersion, { body, query: { workspace } });
  }

  validate({ scope, workspace }: PolicyReference, source: string): Promise<PolicyValidation> {
    const path = route`/api/v1/policies/${scope}/validate`;
    return this.#transport.change("POST", path, policyValidation, { body: { source }, query: { workspace } });
  }

  /** @param version default: the newest. */
  activate({ scope, ...change }: PolicyChange, version?: number): Promise<PolicyActivated> {
    const options = { body: version === undefined ? {} : { version }, query: queryOf(change) };
    return this.#transport.change(
      "POST",
      route`/api/v1/policies/${scope}/activate`,
      policyActivated,
      options,
    );
  }

  /** Brings back the version that was in force before. */
  rollback({ scope, ...change }: PolicyChange): Promise<PolicyActivated> {
    const path = route`/api/v1/policies/${scope}/rollback`;
    return this.#transport.change("POST", path, policyActivated, { query: queryOf(change) });
  }

  /** @param version is evaluated beside the one in force; null: none is from now on. */
  shadow({ scope, workspace }: PolicyReference, version: number | null): Promise<PolicyShadowed> {
    const path = route`/api/v1/policies/${scope}/shadow`;
    return this.#transport.change("POST", path, policyShadowed, { body: { version }, query: { workspace } });
  }

  /**
   * Decides recorded calls again, a page at a time, the newest first. Nothing is changed.
   * @param reference its workspace is the one whose calls are decided again, whatever the scope is.
   * @param asked a text or the number of a version, and a range of time in RFC 3339.
   */
  async *replay(
    { scope, workspace }: PolicyReference,
    asked: Partial<Omit<PolicyReplay, "cursor">> & Pick<PolicyReplay, "since">,
  ): AsyncGenerator<PolicyReplayed, void, undefined> {
    const path = route`/api/v1/policies/${scope}/replay`;
    let cursor: string | undefined;
    do {
      const body = { ...asked, cursor };
      const page: PolicyReplayed = await this.#transport.change("POST", path, policyReplayed, {
        body,
        query: { workspace },
      });
      yield page;
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
  }
}
