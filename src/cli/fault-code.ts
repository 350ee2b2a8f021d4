/** The code of an operating system's refusal, such as `EACCES`, for a message. */
export const faultCode = (fault: unknown): string =>
  fault instanceof Error && "code" in fault ? String(fault.code) : "unknown reason";
