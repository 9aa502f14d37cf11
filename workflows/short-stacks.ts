/**
 * Shorter stacks of workflow code. For each promise the SDK keeps a stack, for the Web UI's "Call Stack", and translates each frame by
 * the source map. A replayed life took 79 ms of CPU with the default's ten frames, 66 with four. Loaded once, before the SDK freezes
 * `Error` (workers/bundle.ts).
 */
Error.stackTraceLimit = 4;
