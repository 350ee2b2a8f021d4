/** The answers to a call without a valid call token (RFC 6750 §3.1), and to one that cannot be verified. */
export const UNAUTHORIZED = {
  status: 401,
  headers: { "WWW-Authenticate": 'Bearer error="invalid_token"', "Cache-Control": "no-store" },
  body: {
    type: "about:blank",
    title: "Unauthorized",
    status: 401,
    code: "invalid_token",
    detail: "Send a valid call token of Dome: Authorization: Bearer ...",
  },
} as const;

export const UNDECIDABLE = {
  status: 503,
  headers: { "Retry-After": "1", "Cache-Control": "no-store" },
  body: {
    type: "about:blank",
    title: "Service Unavailable",
    status: 503,
    code: "unavailable",
    detail: "The caller cannot be verified right now. Repeat the request.",
  },
} as const;
