/**
 * One declaration per route: it is what is mounted, what authenticates, what validates, and what the OpenAPI document
 * says. A route that is not declared here does not exist.
 */
import type { z } from "zod";
import type { Caller } from "../access/caller.ts";
import type { Operator } from "../access/operator.ts";
import type { AuditDraft } from "../contract/audit.ts";
import type { Permission } from "../operators/permissions.ts";
import type { Refusal } from "../operations/refusal.ts";
import type { OperatorRequest } from "../operations/ports.ts";
import type { Result } from "../kernel/result.ts";
import type { Services } from "./services.ts";

export type Method = "get" | "post" | "patch" | "delete";

type Fields = z.ZodObject;

/** Who may call: everybody, an operator with a permission, an agent, or either of the two. */
export type Door =
  | { readonly by: "anyone" }
  | { readonly by: "operator"; readonly permission: Permission | null }
  | { readonly by: "agent" }
  | { readonly by: "either"; readonly permission: Permission };

export interface Answer {
  readonly status: number;
  readonly description: string;
  readonly schema: z.ZodType;
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
  readonly params?: Fields;
  readonly query?: Fields;
  readonly body?: z.ZodType;
  /** A member of the body in which a user's token may stand. It is neither stored, nor recorded, nor repeated. */
  readonly tokenMember?: string;
  readonly answers: readonly Answer[];
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

type Party<D extends Door> = D extends { readonly by: "operator" }
  ? { readonly operator: Operator; readonly asked: OperatorRequest }
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
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent instead of `body`; its content type stands in `headers`. */
  readonly stream?: ReadableStream<Uint8Array>;
}

export type Outcome = Result<Reply, Refusal>;

/** A declared route with its handler, types erased so that it can stand in a list. */
export interface Route extends RouteShape {
  readonly handle: (exchange: never) => Promise<Outcome>;
}

/** Binds a handler to its declaration; the handler's types follow from it. */
export const route = <const R extends RouteShape>(
  shape: R,
  handle: (exchange: Handled<R>) => Promise<Outcome>,
): Route => ({ ...shape, handle });
