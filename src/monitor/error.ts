/** How a command of a monitor fails: a sentence for people, and the class that QMP gives errors. */
export type ErrorClass = "GenericError" | "CommandNotFound" | "DeviceNotFound";

export class MonitorError extends Error {
  readonly errorClass: ErrorClass;
  constructor(message: string, errorClass: ErrorClass = "GenericError") {
    super(message);
    this.name = "MonitorError";
    this.errorClass = errorClass;
  }
}

export function deviceNotFound(name: string): MonitorError {
  return new MonitorError(`Device '${name}' not found`, "DeviceNotFound");
}

/** A command line that cannot be understood: where it has the name of its command in front, `named` is true. */
export class SyntaxProblem extends Error {
  readonly named: boolean;
  constructor(message: string, named = false) {
    super(message);
    this.name = "SyntaxProblem";
    this.named = named;
  }
}
