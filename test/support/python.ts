/** The interpreter of the Python SDK's environment. Importing this file makes the environment, outside of any hook's limit. */
import { join } from "node:path";
import { pythonPrograms } from "../../scripts/python-environment.ts";

export const PYTHON = join(pythonPrograms(), "python");
