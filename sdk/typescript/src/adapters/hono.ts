/**
 * Hono: lets in calls with a valid call token.
 *
 *     app.use("/tickets/*", callTokens({ baseUrl, credential }));
 *     app.post("/tickets/close", (c) => c.json({ for: c.get("caller").subject }));
 */
import type { MiddlewareHandler } from "hono";
import { DomeError } from "../errors.ts";
import { Introspection, type Caller, type IntrospectionOptions } from "../introspection.ts";
import { UNAUTHORIZED, UNDECIDABLE } from "./refusals.ts";

/** What handlers behind it may read: `c.get("caller")`. */
interface CallerVariables {
  /** What the middleware sets. */
  readonly Variables: {
    /** The agent that makes this request. */
    readonly caller: Caller;
  };
}

/** A middleware that answers 401 without a valid call token, and 503 when the service cannot be asked. */
export function callTokens(options: IntrospectionOptions): MiddlewareHandler<CallerVariables> {
  const introspection = new Introspection(options);
  return async (c, next) => {
    let caller: Caller | null;
    try {
      caller = await introspection.callerOfHeader(c.req.header("authorization"));
    } catch (fault) {
      if (!(fault instanceof DomeError)) throw fault;
      return c.json(UNDECIDABLE.body, UNDECIDABLE.status, UNDECIDABLE.headers);
    }
    if (caller === null) return c.json(UNAUTHORIZED.body, UNAUTHORIZED.status, UNAUTHORIZED.headers);
    c.set("caller", caller);
    return next();
  };
}
