/** A "no" of an OAuth door, in the members of RFC 6749 §5.2. */
import type { OAuthErrorCode } from "../contract/oauth.ts";

export interface OAuthRefusal {
  readonly status: number;
  readonly error: OAuthErrorCode;
  /** Characters %x20-21 / %x23-5B / %x5D-7E only (RFC 6749 §5.2). */
  readonly description: string;
  readonly domeError?: string;
  readonly headers?: Readonly<Record<string, string>>;
}
