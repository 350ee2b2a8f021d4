/**
 * The YAML library, in a file of its own that is loaded on first use: few commands need it, and it is large. Its names
 * are imported here because it is CommonJS: loaded by itself in the bundle, it would have a default export alone.
 */
export {
  Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Scalar,
  YAMLParseError,
  parse,
  parseDocument,
  visit,
} from "yaml";
