/** Addresses of a tool's server, and the same ones as they are called at the door. */

/**
 * The address that is called. What has been decided on stands in it byte for byte.
 * @param path with its escapes: empty, or from the first slash on.
 * @throws Error when the address would be read as another one.
 */
export function upstreamUrl(base: string, path: string, search: string): string {
  const trimmed = base.replace(/\/$/, "");
  const url = `${trimmed}${path === "" && new URL(base).pathname === "/" ? "/" : path}${search}`;
  if (new URL(url).href !== url) throw new Error("an address would not be called as it was decided on");
  return url;
}

/**
 * @param location as the server says it (RFC 9110 §10.2.2), which may be relative to `url`.
 * @returns the address at the door; null: it leads to another server, or out of the tool's base path.
 */
export function rewrittenLocation(
  location: string,
  { url, base, door }: { readonly url: string; readonly base: string; readonly door: string },
): string | null {
  if (!URL.canParse(location, url)) return null;
  const target = new URL(location, url);
  const root = new URL(base);
  if (target.origin !== root.origin || target.username !== "" || target.password !== "") return null;
  const prefix = root.pathname.replace(/\/$/, "");
  const isWithin = target.pathname === prefix || target.pathname.startsWith(`${prefix}/`);
  return isWithin ? `${door}${target.pathname.slice(prefix.length)}${target.search}${target.hash}` : null;
}
