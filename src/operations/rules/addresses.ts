/** Explains why Dome does not call an address that an operator names, and what to do. */
import type { AddressFault } from "../../egress/address.ts";

/**
 * @param subject the beginning of the sentence, for instance `The issuer`.
 * @param page the page of the documentation with the details.
 */
export function wrongAddress(fault: AddressFault, subject: string, page: string): string {
  switch (fault) {
    case "not_a_url":
      return `${subject} is not a URL.`;
    case "not_https":
      return `${subject} must be an https:// URL. For a test on this machine, add its origin to DOME_EGRESS_ALLOW.`;
    case "has_credentials":
      return `${subject} must not have a user name or password.`;
    case "has_fragment":
      return `${subject} must not have a fragment.`;
    case "ip_address":
      return `${subject} must have a name, not an IP address. See ${page}.`;
    case "private_name":
      return `${subject} must have a public name. See ${page}.`;
    case "port_not_listed":
      return `${subject} has a port other than 443. Ask an administrator to add its origin to DOME_EGRESS_ALLOW.`;
  }
}
