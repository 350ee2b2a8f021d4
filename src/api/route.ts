/**
 * One declaration per route, from which the route is mounted, authenticated, validated and documented in OpenAPI. A
 * route without a declaration does not exist. Each names the dialect of its answers.
 */
import type { z } from "zod";
import type { Caller } from "../access/caller.ts";
import type { Operator } from "../access/operator.ts";
import type { Self } from "../access/release.ts";
import type { AuditDraft } from "../contract/audit.ts";
import type { ActiveClient } from "../oauth/authenticate-client.ts";
import type { Permission } from "../operators/permissions.ts";
import type { OperatorRequest } from "../operations/request/ports.ts";
import type { Result } from "../kernel/result.ts";
import type { DoorDialect } from "./dialects/dialect.ts";
import type { Services } from "./services.ts";

export type Method = "get" | "post" | "put" | "patch" | "delete";

type Fields = z.ZodObject;

/**
 * The callers that a door admits: everybody, an operator with a permission, an agent, either of the two, or an agent as
 * an OAuth client (RFC 6749 §2.3), with an operator too if a permission is named.
 */
export type Door =
  | { readonly by: "anyone" }
  | { readonly by: "operator"; readonly permission: Permission | null }
  /**
   * `self`: a door about the agent itself. It also admits an agent that is draining, and the live key of a suspended
   * one.
   */
  | {
      readonly by: "agent";
      readonly self?: true;
      /**
       * A request may end what runs already, so the door admits an agent that is draining. It refuses new work itself
       * (`refusedNewWork`).
       */
      readonly mayEnd?: true;
      /** The path of the door under the public URL: the audience that it takes beside that of the whole service. */
      readonly resource?: (http: Request) => string;
      /** What a token for this door must cover, as a scope; empty: it is not known. */
      readonly scope?: (http: Request) => string;
    }
  | { readonly by: "either"; readonly permission: Permission }
  | { readonly by: "client"; readonly permission: Permission | null; readonly holders?: true };

export interface Answer {
  readonly status: number;
  readonly description: string;
  /** Absent for an empty body. */
  readonly schema?: z.ZodType;
  /** Default `application/json`. */
  readonly mediaType?: string;
}

export interface RouteShape {
  readonly method: Method;
  /** In the form of OpenAPI: `/api/v1/agents/{agent}`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly tag: string;
  readonly door: Door;
  /** `everyone`: a public document, which pages of any origin may read. */
  readonly readers?: "everyone";
  /** Accepts `If-Match`. */
  readonly conditional?: true;
  readonly params?: Fields;
  readonly query?: Fields;
  /**
   * The last parameter is the rest of the path, slashes included. Query and body belong to what is behind the door: the
   * handler reads them, and the path too, from the request.
   */
  readonly forwards?: true;
  /** A JSON body. */
  readonly body?: z.ZodType;
  /** A form instead of a body. It is parsed by hand, because OAuth ignores unknown parameters (RFC 6749 §3.2). */
  readonly form?: z.ZodType;
  /** A member of the body that may hold a user's token. The token is neither stored, nor recorded, nor repeated. */
  readonly tokenMember?: string;
  /** A member of the body that may hold an agent's API key, in the same way. */
  readonly keyMember?: string;
  /**
   * A member of the body that holds a secret for another system. It is kept encrypted, and neither recorded nor
   * repeated; what is kept of a body for repeats is keyed, so that nobody guesses it from there.
   */
  readonly secretMember?: string;
  readonly answers: readonly Answer[];
}

/** A request that has arrived at a route. */
export interface Arrival {
  readonly services: Services;
  readonly http: Request;
  readonly requestId: string;
  readonly pathParams: Readonly<Record<string, string>>;
  /** Called with the caller as soon as it is known: an agent, or `operator:` and the id of its token. */
  recognised(actor: string): void;
}

/** The part of the input that all handlers get. */
export interface RouteInput {
  readonly services: Services;
  readonly http: Request;
  readonly requestId: string;
  readonly facts: NonNullable<AuditDraft["request"]>;
  /** Size of the body in bytes. */
  readonly bytes: number;
}

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined;

/** The authenticated party at a client door. */
export type ClientParty =
  | { readonly by: "client"; readonly client: ActiveClient }
  | { readonly by: "operator"; readonly operator: Operator }
  /**
   * The holder of an API key that presents the key as the token too, and may do nothing else: a door with `holders`.
   */
  | { readonly by: "holder" };

type Party<D extends Door> = D extends { readonly by: "operator" }
  ? { readonly operator: Operator; readonly asked: OperatorRequest }
  : D extends { readonly by: "agent"; readonly self: true }
    ? { readonly self: Self }
    : D extends { readonly by: "agent" }
      ? { readonly caller: Caller }
      : D extends { readonly by: "either" }
        ? {
            readonly operator: Operator | null;
            readonly asked: OperatorRequest | null;
            readonly caller: Caller | null;
          }
        : object;

export type Handled<R extends RouteShape> = RouteInput &
  Party<R["door"]> & {
    readonly params: Parsed<R["params"]>;
    readonly query: Parsed<R["query"]>;
    readonly body: Parsed<R["body"]>;
  };

/** A success with a status other than the first declared one, or with headers, or as a stream. */
export interface Reply {
  readonly status?: number;
  /** Undefined when the answer has no body. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent unchanged instead of `body`; its content type is in `headers`. */
  readonly raw?: ReadableStream<Uint8Array> | string;
}

export type Outcome<R> = Result<Reply, R>;

/** A declared route, with its types erased so that it fits in a list. */
export interface Route extends RouteShape {
  readonly dialect: DoorDialect;
  /** Turns the request into the answer. An exception is a fault, which the dialect words. */
  answer(arrival: Arrival): Promise<Response>;
}

/** A success as an HTTP response. */
export function respond({ answers }: RouteShape, reply: Reply): Response {
  const { status = answers[0]?.status ?? 200, body, headers, raw } = reply;
  const type = body === undefined ? {} : { "content-type": "application/json" };
  return new Response(raw ?? (body === undefined ? null : JSON.stringify(body)), {
    status,
    headers: { ...type, ...headers },
  });
}
