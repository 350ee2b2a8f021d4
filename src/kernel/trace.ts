/** W3C Trace Context: which trace a request belongs to. Anything that is not well formed is as if absent (§3.2). */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$/;

/** The header as it may be sent on: undefined when it is not well formed. */
export const traceparentOf = (headers: Headers): string | undefined => {
  const header = headers.get("traceparent");
  return header === null || traceIdOf(header) === null ? undefined : header;
};

/** @returns the trace id of a `traceparent` header; null when there is none, or none that may be trusted to be one. */
export function traceIdOf(traceparent: string | null): string | null {
  const [, traceId = "", parentId = ""] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  const valid = !/^0*$/.test(traceId) && !/^0*$/.test(parentId) && !(traceparent ?? "").startsWith("ff");
  return valid ? traceId : null;
}
