/** Servers of an operation of its own. The tool's URL wins over those of the whole document. */
import { err, ok, type Result } from "../../kernel/result.ts";
import { isObject } from "../schema-text.ts";

const MOST_CHARACTERS = 2_048;

interface Places {
  /** The URL of the tool. */
  readonly base: string;
  /** What a relative server is relative to. */
  readonly documentUrl: string;
}

/**
 * The path under the tool's URL at which the operation's own server stands: `""` when it is the tool's URL itself.
 * @param servers of the operation, or of its path item; undefined when neither has any.
 */
export function prefixOf(servers: unknown, { base, documentUrl }: Places): Result<string, string> {
  if (servers === undefined) return ok("");
  const [first] = Array.isArray(servers) ? (servers as readonly unknown[]) : [];
  if (!isObject(first) || typeof first["url"] !== "string")
    return err("has servers of its own that cannot be read");
  if (first["url"].length > MOST_CHARACTERS) return err("has a server of its own that is no URL");
  const text = withDefaults(first["url"], first["variables"]);
  if (text.length > MOST_CHARACTERS || !URL.canParse(text, documentUrl))
    return err("has a server of its own that is no URL");
  const server = new URL(text, documentUrl);
  const root = new URL(base);
  if (server.origin !== root.origin) return err("has a server of its own with another origin");
  const from = root.pathname.replace(/\/$/, "");
  const path = server.pathname.replace(/\/$/, "");
  const isWithin = path === from || path.startsWith(`${from}/`);
  return isWithin && server.search === "" && server.hash === ""
    ? ok(path.slice(from.length))
    : err("has a server of its own outside of the tool's URL");
}

/** OpenAPI 3.1, "Server Variable Object": a default is required. */
const withDefaults = (url: string, variables: unknown): string =>
  url.replaceAll(/\{([^{}]*)\}/g, (whole, name: string) => {
    const variable = isObject(variables) && Object.hasOwn(variables, name) ? variables[name] : undefined;
    const text = isObject(variable) ? variable["default"] : undefined;
    return typeof text === "string" && text.length < MOST_CHARACTERS ? text : whole;
  });
