/** The parts of oidc-provider that the tests and the demo use; the package has no types of its own. */
declare module "oidc-provider" {
  import type { IncomingMessage, ServerResponse } from "node:http";
  import type { JWK } from "jose";

  export type AdapterPayload = Record<string, unknown>;

  export interface Adapter {
    upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void>;
    find(id: string): Promise<AdapterPayload | undefined>;
    findByUid(uid: string): Promise<AdapterPayload | undefined>;
    findByUserCode(userCode: string): Promise<AdapterPayload | undefined>;
    consume(id: string): Promise<void>;
    destroy(id: string): Promise<void>;
    revokeByGrantId(grantId: string): Promise<void>;
  }

  interface Grant {
    addOIDCScope(scope: string): void;
    save(): Promise<string>;
  }

  interface Context {
    readonly oidc: {
      readonly provider: Provider;
      readonly client?: { readonly clientId: string };
      readonly params?: Readonly<Record<string, unknown>>;
      readonly session?: { readonly accountId?: string };
    };
    body?: unknown;
  }

  interface Account {
    readonly accountId: string;
    claims(): Record<string, unknown>;
  }

  interface Configuration {
    readonly clients: readonly Readonly<Record<string, string | readonly string[]>>[];
    readonly jwks: { readonly keys: readonly JWK[] };
    readonly adapter?: (model: string) => Adapter;
    readonly cookies?: { readonly keys: readonly string[] };
    readonly claims?: Readonly<Record<string, readonly string[]>>;
    readonly conformIdTokenClaims?: boolean;
    readonly features: Readonly<
      Record<string, { readonly enabled: boolean; readonly [option: string]: unknown }>
    >;
    readonly scopes?: readonly string[];
    extraTokenClaims?(context: Context): object | undefined;
    readonly ttl?: Readonly<Record<string, number>>;
    readonly interactions?: { url(context: Context, interaction: { readonly uid: string }): string };
    findAccount?(context: Context, subject: string): Account | undefined;
    loadExistingGrant?(context: Context): Promise<Grant | undefined>;
  }

  interface AccessToken {
    resourceServer: unknown;
    save(): Promise<string>;
  }

  export class Provider {
    constructor(issuer: string, configuration: Configuration);
    readonly AccessToken: new (of: Readonly<Record<string, unknown>>) => AccessToken;
    readonly ResourceServer: new (identifier: string, info: object) => object;
    registerGrantType(
      name: string,
      handler: (context: Context) => Promise<void>,
      parameters: readonly string[],
    ): void;
    readonly Grant: new (of: { readonly accountId: string; readonly clientId: string }) => Grant;
    on(event: "grant.success" | "grant.error", heard: (context: Context, fault?: Error) => void): void;
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    interactionDetails(
      request: IncomingMessage,
      response: ServerResponse,
    ): Promise<{ readonly params: Readonly<Record<string, unknown>> }>;
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: { readonly login: { readonly accountId: string } },
    ): Promise<void>;
  }
}
