/** What a door says to a call without a token that stands (RFC 6750 §3.1), and when it cannot tell. */
export const UNAUTHORIZED = {
  status: 401,
  headers: { "WWW-Authenticate": 'Bearer error="invalid_token"', "Cache-Control": "no-store" },
  body: {
    type: "about:blank",
    title: "Unauthorized",
    status: 401,
    code: "invalid_token",
    detail: "Send a call token of Dome that stands: Authorization: Bearer ...",
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
    detail: "It cannot be verified right now who calls. Repeat the request.",
  },
} as const;
