import { type Logger, pino } from 'pino'

export type { Logger }

/**
 * One JSON line per event on stdout. Callers log ids and counts, never payloads; the paths below are a
 * second fence, so that a request object logged by mistake still shows no credential.
 */
export function createLog(level: string, process_: string): Logger {
  return pino({
    level,
    base: { process: process_, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: [
        'apiKey',
        'secret',
        'authorization',
        'headers.authorization',
        'headers["x-api-key"]',
        'req.headers',
        '*.apiKey',
        '*.secret',
        '*.authorization',
      ],
      censor: '[redacted]',
    },
  })
}
