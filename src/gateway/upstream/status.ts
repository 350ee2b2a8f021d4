/** What the status of a server's answer says, whatever the protocol: every door and every check of a server reads it here. */
import { redirects } from "../../egress/open.ts";
import type { NoAnswer } from "../who-failed.ts";

/** It is about Dome's credential, and never passed on as the caller's; 407 is that of a proxy before the server. */
export const refusesCredential = (status: number): boolean =>
  status === 401 || status === 403 || status === 407;

/** The server takes no calls now, or not so many (RFC 6585 §4, RFC 9110 §15.6.4). */
export const isPutOff = (status: number): boolean => status === 429 || status === 503;

/**
 * Answers in place of a server that is away: of the gateways before it (RFC 9110 §15.6), and of Cloudflare's network,
 * which answers a Worker with these where a connection fails (520–527, 530).
 */
export const isOfNobody = (status: number): boolean =>
  (status >= 502 && status <= 504) || (status >= 520 && status <= 527) || status === 530;

/** Why an answer is none, where it is not one of the protocol. */
export function faultOfStatus(status: number): NoAnswer {
  if (refusesCredential(status)) return "upstream_refused";
  if (redirects(status)) return "upstream_redirect";
  return isPutOff(status) ? "upstream_unavailable" : "upstream_failed";
}
