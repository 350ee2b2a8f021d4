/** W3C Trace Context: the trace to which a request belongs. A malformed header is treated as absent (§3.2). */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$/;

/** The header to forward; undefined when it is missing or malformed. */
export const traceparentOf = (headers: Headers): string | undefined => {
  const header = headers.get("traceparent");
  return header === null || traceIdOf(header) === null ? undefined : header;
};

/** @returns the trace id of a `traceparent` header; null when the header is missing or malformed. */
export function traceIdOf(traceparent: string | null): string | null {
  const [, traceId = "", parentId = ""] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  const valid = !/^0*$/.test(traceId) && !/^0*$/.test(parentId) && !(traceparent ?? "").startsWith("ff");
  return valid ? traceId : null;
}
