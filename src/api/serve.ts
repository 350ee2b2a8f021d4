/**
 * The steps of a request through a door that takes JSON: authenticate and authorize, parse, handle. No part of a body
 * is read before the sender is known.
 */
import { z } from "zod";
import { holdsCredential } from "../kernel/redact.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Refusal } from "../operations/answer/refusal.ts";
import { limitsOf, type Tiers } from "../tiers/limits.ts";
import { agentsOf } from "../access/release.ts";
import { admit, challengeOf, type Admitted } from "./admission.ts";
import { MAX_BODY_BYTES, readJson, readMembers, repeatedName } from "./body.ts";
import type { Caller } from "../access/caller.ts";
import type { Dialect } from "./dialects/dialect.ts";
import { toolProblemDialect } from "./dialects/tool-problem.ts";
import { requestKeyOf } from "./idempotency-key.ts";
import { membersOf, parametersOf } from "./parameters.ts";
import { requestFacts } from "./request-facts.ts";
import {
  respond,
  type Arrival,
  type Handled,
  type Outcome,
  type Route,
  type RouteInput,
  type RouteShape,
} from "./route.ts";
import type { Services } from "./services.ts";

/**
 * Binds a handler to its declaration and to the dialect of its door; the handler's types follow from the declaration.
 */
export const routeIn =
  <R>(dialect: Dialect<R>) =>
  <const S extends RouteShape>(shape: S, handle: (input: Handled<S>) => Promise<Outcome<R>>): Route => ({
    ...shape,
    dialect,
    answer: async (arrival) => {
      const about = {
        requestId: arrival.requestId,
        challenge: challengeOf(shape.door, arrival),
      };
      const input = await inputOf(shape, arrival);
      if (!input.ok) return dialect.decline(input.error, about);
      // The input was parsed by `shape`, so it has the types that follow from `shape`.
      const outcome = await handle(input.value as Handled<S>);
      return outcome.ok ? respond(shape, outcome.value) : dialect.refuse(outcome.error, about);
    },
  });

/** A call that a door forwards: its sender is known, and nothing else of it is read or judged yet. */
export interface Forwarded {
  readonly services: Services;
  readonly caller: Caller;
  readonly http: Request;
  readonly requestId: string;
  readonly facts: RouteInput["facts"];
}

/** Binds a door that forwards to its declaration. What the server behind it answers passes as it is. */
export const forwardingRoute = (
  shape: RouteShape & { readonly forwards: true; readonly door: { readonly by: "agent" } },
  handle: (input: Forwarded) => Promise<Result<Response, Refusal>>,
): Route => ({
  ...shape,
  dialect: toolProblemDialect,
  answer: async (arrival) => {
    const { services, http, requestId } = arrival;
    const about = { requestId, challenge: challengeOf(shape.door, arrival) };
    const admitted = await admit(shape, arrival);
    if (!admitted.ok) return toolProblemDialect.decline(admitted.error, about);
    const { caller } = admitted.value;
    if (caller === null) throw new Error("an agent was admitted without being one");
    const facts = requestFacts(http, services.clientIpHeader);
    const answer = await handle({ services, caller, http, requestId, facts });
    return answer.ok ? answer.value : toolProblemDialect.refuse(answer.error, about);
  },
});

async function inputOf(shape: RouteShape, arrival: Arrival): Promise<Result<object, Refusal>> {
  const { services, http, requestId } = arrival;
  const admitted = await admit(shape, arrival);
  if (!admitted.ok) return admitted;
  const { operator } = admitted.value;
  const parsed = await parse(shape, arrival, admitted.value);
  if (!parsed.ok) return parsed;
  const { raw, ...members } = parsed.value;
  const pepper = shape.secretMember === undefined ? null : services.operations.derived[0].pepper;
  const key = await requestKeyOf(http, raw, operator, pepper);
  if (!key.ok) return key;
  const facts = requestFacts(http, services.clientIpHeader);
  return ok({
    services,
    http,
    requestId,
    facts,
    bytes: raw.length,
    ...members,
    ...admitted.value,
    asked: operator === null ? null : { operator, id: requestId, key: key.value, facts },
  });
}

interface ParsedRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  /** The bytes of the body. */
  readonly raw: Uint8Array<ArrayBuffer>;
}

async function parse(
  shape: RouteShape,
  { services, http, pathParams }: Arrival,
  { operator, self }: Admitted,
): Promise<Result<ParsedRequest, Refusal>> {
  const params = shape.params?.safeParse(pathParams);
  // A malformed name or id in a path gets the answer of a resource that does not exist.
  if (params?.success === false) {
    return err({
      code: "not_found",
      detail: "The resource does not exist, or the credential may not see it.",
    });
  }
  const search = parametersOf(new URL(http.url).search.slice(1));
  if (search === undefined) return err(NOT_UTF8);
  const lists = listsOf(shape.query);
  const twice = repeatedName(search.map(([name]) => name).filter((name) => !lists.has(name)));
  if (twice !== undefined) return err({ code: "invalid_request", detail: `The query names ${twice} twice.` });
  const named = membersOf(search, lists);
  // An unknown parameter is refused, as an unknown member is, and never ignored.
  const query = readMembers(
    shape.query ?? (shape.door.by === "anyone" ? ANY_QUERY : NO_QUERY),
    named,
    "query",
  );
  if (!query.ok) return query;
  const read =
    shape.body === undefined
      ? ok(NO_BODY)
      : await readJson(http, shape.body, mostBytes(services.access.tiers, self));
  if (!read.ok) return read;
  const { value: body, bytes: raw } = read.value;
  if (operator !== null && bearsCredential(pathParams, named, withoutCredential(body, shape)))
    return err(CREDENTIAL_OUT_OF_PLACE);
  return ok({ params: params?.data, query: query.value, body, raw });
}

/**
 * The size limit of a body, in bytes: for an agent, at most that of its chain's strictest tier. A longer body is not
 * parsed.
 */
function mostBytes(tiers: Tiers, self: Admitted["self"]): number {
  const limits = self === null ? null : limitsOf(tiers, agentsOf(self));
  return limits?.ok === true ? Math.min(limits.value.maxBodyBytes, MAX_BODY_BYTES) : MAX_BODY_BYTES;
}

/** The parameters of a route that may be repeated: those with a list of values. */
function listsOf(query: RouteShape["query"]): ReadonlySet<string> {
  if (query === undefined) return NO_LISTS;
  const lists = Object.entries(query.shape).filter(
    ([, schema]) => (schema instanceof z.ZodOptional ? schema.unwrap() : schema) instanceof z.ZodArray,
  );
  return new Set(lists.map(([name]) => name));
}

const NO_LISTS: ReadonlySet<string> = new Set();

const bearsCredential = (...written: readonly unknown[]): boolean => holdsCredential(JSON.stringify(written));

/**
 * The one member in which a route takes a user's token, an agent's key or another system's secret is left out where it
 * holds just that. A credential of Dome is no secret of another system.
 */
function withoutCredential(body: unknown, { tokenMember, keyMember, secretMember }: RouteShape): unknown {
  if (typeof body !== "object" || body === null) return body;
  const belongs = (name: string, text: string): boolean =>
    ((name === tokenMember || name === secretMember) && !/dome_[ao]t_/.test(text)) ||
    (name === keyMember && API_KEY.test(text));
  return Object.fromEntries(
    Object.entries(body).filter(([name, value]) => typeof value !== "string" || !belongs(name, value)),
  );
}

const API_KEY = /^dome_at_[0-9A-Za-z]+$/;
const NOT_UTF8: Refusal = {
  code: "invalid_request",
  detail: "The query is not percent-encoded UTF-8: it has an escape that is not a character.",
};
const NO_QUERY = z.strictObject({});
const ANY_QUERY = z.object({});
const NO_BODY = { value: undefined, bytes: new Uint8Array() };
/** What an operator writes is stored, shown and recorded, so a key or token in it would be kept in clear text (P4). */
const CREDENTIAL_OUT_OF_PLACE: Refusal = {
  code: "invalid_request",
  detail:
    "The request has a credential outside of the Authorization header. Remove the credential; if it is live, revoke it.",
};
