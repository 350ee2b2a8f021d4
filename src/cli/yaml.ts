/**
 * The YAML library, in a file of its own that is loaded on first use: few commands need it, and it is large. Its names
 * are imported here because it is CommonJS: loaded by itself in the bundle, it would have a default export alone.
 */
export { Document, Scalar, YAMLParseError, parse, visit } from "yaml";
