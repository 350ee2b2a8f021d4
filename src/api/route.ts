/**
 * One declaration per route: it is what is mounted, what authenticates, what validates, and what the OpenAPI document
 * says. A route that is not declared does not exist; each names the dialect that it is answered in.
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

export type Method = "get" | "post" | "patch" | "delete";

type Fields = z.ZodObject;

/**
 * Who may call: everybody, an operator with a permission, an agent, either of the two, or an agent as an OAuth client
 * (RFC 6749 §2.3), and where a permission is named, an operator too.
 */
export type Door =
  | { readonly by: "anyone" }
  | { readonly by: "operator"; readonly permission: Permission | null }
  /** `self`: a door about the agent itself, which is open to one that drains, and to the live key of a suspended one. */
  | { readonly by: "agent"; readonly self?: true }
  | { readonly by: "either"; readonly permission: Permission }
  | { readonly by: "client"; readonly permission: Permission | null; readonly holders?: true };

export interface Answer {
  readonly status: number;
  readonly description: string;
  /** Left out: the body is empty. */
  readonly schema?: z.ZodType;
  /** Default `application/json`. */
  readonly mediaType?: string;
}

export interface RouteShape {
  readonly method: Method;
  /** As in OpenAPI: `/api/v1/agents/{agent}`. */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly tag: string;
  readonly door: Door;
  /** `everyone`: a public document, which pages of any origin may read. */
  readonly readers?: "everyone";
  /** Takes `If-Match`. */
  readonly conditional?: true;
  readonly params?: Fields;
  readonly query?: Fields;
  /** A JSON body. */
  readonly body?: z.ZodType;
  /** A form instead. It is read by hand, because OAuth passes over what it does not know (RFC 6749 §3.2). */
  readonly form?: z.ZodType;
  /** A member of the body in which a user's token may stand. It is neither stored, nor recorded, nor repeated. */
  readonly tokenMember?: string;
  /** A member of the body in which an agent's API key may stand, in the same way. */
  readonly keyMember?: string;
  readonly answers: readonly Answer[];
}

/** One request that has arrived at a route. */
export interface Arrival {
  readonly services: Services;
  readonly http: Request;
  readonly requestId: string;
  readonly pathParams: Readonly<Record<string, string>>;
  /** Told who is calling, as soon as that is known: an agent, or `operator:` and the id of its token. */
  recognised(actor: string): void;
}

/** What every handler gets. */
export interface RouteInput {
  readonly services: Services;
  readonly http: Request;
  readonly requestId: string;
  readonly facts: NonNullable<AuditDraft["request"]>;
  /** Size of the body in bytes. */
  readonly bytes: number;
}

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined;

/** Who is at a client door. */
export type ClientParty =
  | { readonly by: "client"; readonly client: ActiveClient }
  | { readonly by: "operator"; readonly operator: Operator }
  /** Of an API key that it presents as the token too, and that may be good for nothing else: `holders` of the door. */
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
  /** `undefined`: the answer has no body. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is, instead of `body`; its content type stands in `headers`. */
  readonly raw?: ReadableStream<Uint8Array> | string;
}

export type Outcome<R> = Result<Reply, R>;

/** A declared route, types erased so that it can stand in a list. */
export interface Route extends RouteShape {
  readonly dialect: DoorDialect;
  /** From the request to the answer. What throws is a fault, and said by the dialect. */
  answer(arrival: Arrival): Promise<Response>;
}

/** A success as HTTP has it. */
export function respond({ answers }: RouteShape, reply: Reply): Response {
  const { status = answers[0]?.status ?? 200, body, headers, raw } = reply;
  const type = body === undefined ? {} : { "content-type": "application/json" };
  return new Response(raw ?? (body === undefined ? null : JSON.stringify(body)), {
    status,
    headers: { ...type, ...headers },
  });
}
