import { problemDialect } from "./dialects/problem.ts";
import { routeIn } from "./serve.ts";

/** A route of the management API: JSON in and out, refusals as problems (RFC 9457). */
export const problemRoute = routeIn(problemDialect);
