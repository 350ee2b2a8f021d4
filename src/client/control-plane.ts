/**
 * The control plane as a typed object: `new ControlPlane({ url, token }).agents.show({ agent: "support-triage" })`.
 * Every answer is parsed by the contract; every refusal is thrown as a `DomeError`. For operators; agents use
 * `AgentClient`.
 */
import type { z } from "zod";
import { explanation, whatIf, type Explanation, type WhatIf, type WhatIfRequest } from "../contract/check.ts";
import {
  integration,
  integrationList,
  pool,
  poolList,
  tool,
  toolList,
  type Integration,
  type integrationCreate,
  type Pool,
  type poolCreate,
  type IntegrationPatch,
  type PoolPatch,
  type Tool,
  type ToolPatch,
  type toolCreate,
} from "../contract/catalog.ts";
import { status, type Status } from "../contract/status.ts";
import { operatorSelf, type OperatorSelf } from "../contract/operator.ts";
import { Agents } from "./agents.ts";
import { AuditTrail } from "./audit-trail.ts";
import { Catalog } from "./catalog.ts";
import { IdentityProviders } from "./identity-providers.ts";
import { Keys } from "./keys.ts";
import { Operators } from "./operators.ts";
import { Policies } from "./policies.ts";
import { RootKeys } from "./root-keys.ts";
import { SigningKeys } from "./signing-keys.ts";
import { Tiers } from "./tiers.ts";
import { ToolOperations } from "./tool-operations.ts";
import { ToolSecrets } from "./tool-secrets.ts";
import { route, Transport, type ClientOptions } from "./transport.ts";
import { Users } from "./users.ts";
import { Workspaces } from "./workspaces.ts";

export class ControlPlane {
  readonly agents: Agents;
  readonly keys: Keys;
  readonly workspaces: Workspaces;
  readonly tools: Catalog<z.input<typeof toolCreate>, Tool, ToolPatch>;
  readonly toolSecrets: ToolSecrets;
  readonly toolOperations: ToolOperations;
  readonly pools: Catalog<z.input<typeof poolCreate>, Pool, PoolPatch>;
  readonly integrations: Catalog<z.input<typeof integrationCreate>, Integration, IntegrationPatch>;
  readonly identityProviders: IdentityProviders;
  readonly tiers: Tiers;
  readonly policies: Policies;
  readonly operators: Operators;
  readonly signingKeys: SigningKeys;
  readonly rootKeys: RootKeys;
  readonly audit: AuditTrail;
  readonly users: Users;
  readonly #transport: Transport;

  constructor(options: ClientOptions & { readonly token: string }) {
    const transport = new Transport(options);
    this.#transport = transport;
    this.agents = new Agents(transport);
    this.keys = new Keys(transport);
    this.workspaces = new Workspaces(transport);
    this.tools = new Catalog(transport, "/api/v1/tools", tool, toolList);
    this.toolSecrets = new ToolSecrets(transport);
    this.toolOperations = new ToolOperations(transport);
    this.pools = new Catalog(transport, "/api/v1/pools", pool, poolList);
    this.integrations = new Catalog(transport, "/api/v1/integrations", integration, integrationList);
    this.identityProviders = new IdentityProviders(transport);
    this.tiers = new Tiers(transport);
    this.policies = new Policies(transport);
    this.operators = new Operators(transport);
    this.signingKeys = new SigningKeys(transport);
    this.rootKeys = new RootKeys(transport);
    this.audit = new AuditTrail(transport);
    this.users = new Users(transport);
  }

  /** The operator of this token, and its rights per workspace. */
  whoami(): Promise<OperatorSelf> {
    return this.#transport.read("/api/v1/operators/self", operatorSelf);
  }

  /** The health of the service: outboxes, ledgers, gaps, ages of keys, versions. */
  status(): Promise<Status> {
    return this.#transport.read("/api/v1/status", status);
  }

  /** Ends a call token, and every token exchanged from it (RFC 7009). A token that is already dead is no error. */
  revokeToken(token: string): Promise<void> {
    return this.#transport.tell("/api/v1/auth/revoke", new URLSearchParams({ token }));
  }

  /** What would be decided now, if an agent asked this. Nothing is released. */
  decideAfresh(question: WhatIfRequest): Promise<WhatIf> {
    return this.#transport.change("POST", "/api/v1/decisions", whatIf, { body: question });
  }

  /**
   * A recorded decision in full. For a decision that was just made, the service waits some seconds for its record
   * before it answers "not found".
   */
  explain(decisionId: string, workspace?: string): Promise<Explanation> {
    return this.#transport.read(route`/api/v1/decisions/${decisionId}`, explanation, { workspace });
  }
}
