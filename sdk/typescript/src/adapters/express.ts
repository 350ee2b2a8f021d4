/**
 * Express: lets in calls with a valid call token.
 *
 *     app.use("/tickets", callTokens({ baseUrl, credential }));
 *     app.post("/tickets/close", (request, response) => response.json({ for: callerOf(request).subject }));
 */
import { ConfigurationError, DomeError } from "../errors.ts";
import { Introspection, type Caller, type IntrospectionOptions } from "../introspection.ts";
import { UNAUTHORIZED, UNDECIDABLE } from "./refusals.ts";

/** What is read of a request. */
interface ExpressRequest {
  /** Its header fields. */
  readonly headers: {
    /** The credential of the caller. */
    readonly authorization?: string | undefined;
  };
}

/** What is done with a response. */
interface ExpressResponse {
  /** Sets the HTTP status. */
  status(code: number): {
    /** Sets header fields. */
    set(fields: Record<string, string>): {
      /** Sends the body, and with it the response. */
      json(body: object): unknown;
    };
  };
}

/** By request, so that nothing that a client sends can be taken for it. */
const callers = new WeakMap<ExpressRequest, Caller>();

/** A middleware that answers 401 without a valid call token, and 503 when the service cannot be asked. */
export function callTokens(
  options: IntrospectionOptions,
): (request: ExpressRequest, response: ExpressResponse, next: (fault?: unknown) => void) => Promise<void> {
  const introspection = new Introspection(options);
  return async (request, response, next) => {
    try {
      const caller = await introspection.callerOfHeader(request.headers.authorization);
      if (caller !== null) {
        callers.set(request, caller);
        next();
        return;
      }
      const { status, headers, body } = UNAUTHORIZED;
      response.status(status).set(headers).json(body);
    } catch (fault) {
      if (!(fault instanceof DomeError)) {
        next(fault);
        return;
      }
      const { status, headers, body } = UNDECIDABLE;
      response.status(status).set(headers).json(body);
    }
  };
}

/**
 * The agent that makes this request.
 * @throws ConfigurationError when `callTokens` does not stand before the handler.
 */
export function callerOf(request: ExpressRequest): Caller {
  const caller = callers.get(request);
  if (caller === undefined) throw new ConfigurationError("put callTokens before this handler");
  return caller;
}
