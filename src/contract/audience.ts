/**
 * The audiences that a call token may have (design part 7): the public URL, which all doors accept, or one door.
 * They are compared in one spelling (RFC 8707 §2): scheme and host in lower case, no slash at the end.
 */

import { NAME_PATTERN } from "./words.ts";

/** A door by its path under the public URL; `tool` is the tool behind the door. */
export interface Audience {
  readonly url: string;
  readonly tool: string | null;
}

const DOOR = new RegExp(`^/(?:(?:mcp|tools)/(${NAME_PATTERN})|mcp|v1)$`);

/**
 * `URL` also accepts surrounding spaces, line ends inside, `\\` for `/`, and no slashes at all. Other readers do
 * not.
 */
const ABSOLUTE = /^https?:\/\/[!"$-[\]-~]+$/i;

/**
 * @param text an absolute URI; a fragment is forbidden (RFC 8693 §2.1), and no door has a query or a user.
 * @returns undefined for every text that is not a door of this deployment.
 */
export function parseAudience(issuer: string, text: string): Audience | undefined {
  if (text.length > 2048 || !ABSOLUTE.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.origin !== issuer || url.search !== "" || url.username !== "" || url.password !== "")
    return undefined;
  const path = url.pathname.replace(/\/$/, "");
  if (path === "") return { url: issuer, tool: null };
  const door = DOOR.exec(path);
  return door === null ? undefined : { url: issuer + path, tool: door[1] ?? null };
}

/** True when a token for `child` reaches only doors that a token for `parent` reaches (P6). Both in one spelling. */
export const narrowsAudience = (child: string, parent: string, issuer: string): boolean =>
  child === parent || parent === issuer;
