/** Why Dome has no credential for a server, for the operator who wants to reach it. */
import { ENDED_AS, ofDome, ofUpstream, type ServerFault } from "../server-in-words.ts";
import type { NoCredential } from "./server-credential.ts";

export function noCredentialInWords(fault: NoCredential): ServerFault {
  switch (fault.kind) {
    case "credential_missing":
      return ofDome("upstream_credential_missing", "Dome has no credential for the server.");
    case "token_refused":
      return ofUpstream(
        "upstream_refused",
        `The authorization server answered Dome's request for a token with ${fault.status}. Check the client, its secret, scope and resource.`,
      );
    case "address_refused":
      return ofDome(
        "upstream_unreachable",
        "Dome does not call the address of the authorization server. See docs/tools.md",
      );
    case "too_large":
      return ofUpstream(ENDED_AS[fault.kind], "The authorization server's answer is too large.");
    case "undecodable":
      return ofUpstream(ENDED_AS[fault.kind], "The authorization server's answer cannot be decoded.");
    case "timed_out":
    case "aborted":
      return ofUpstream(ENDED_AS[fault.kind], "The authorization server did not answer in time.");
    case "unreachable":
    case "body_silent":
    case "body_broken":
      return ofUpstream(ENDED_AS[fault.kind], "The authorization server could not be reached.");
  }
}
